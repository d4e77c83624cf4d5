//! The small parsers that the families share.

use std::net::IpAddr;

use memchr::memmem;
use nom::bytes::complete::take_till;
use nom::error::{ContextError, ErrorKind, ParseError, context};
use nom::{IResult, Parser};

pub(crate) use crate::types::ip::{ipv4, ipv6};
pub(crate) use crate::types::number;

use crate::types::ip::ip;
use crate::types::leading_number;

/// What is wrong with the body of an event, in words that hold no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Problem(pub(crate) &'static str);

impl Problem {
    /// Where nothing more precise is known.
    pub(crate) const FORM: Self = Self("not in the form this event has");
}

impl<I> ParseError<I> for Problem {
    fn from_error_kind(_: I, _: ErrorKind) -> Self {
        Self::FORM
    }

    fn append(_: I, _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// The innermost context names the field at fault, so it stays.
impl<I> ContextError<I> for Problem {
    fn add_context(_: I, context: &'static str, other: Self) -> Self {
        if other == Self::FORM { Self(context) } else { other }
    }
}

pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T, Problem>;

/// Runs `parser` over the start of `input` and gives the rest too.
pub(crate) fn start<'a, T>(
    mut parser: impl Parser<&'a [u8], Output = T, Error = Problem>,
    input: &'a [u8],
) -> Result<(&'a [u8], T), Problem> {
    parser.parse(input).map_err(|error| problem(&error))
}

fn problem(error: &nom::Err<Problem>) -> Problem {
    match error {
        nom::Err::Error(problem) | nom::Err::Failure(problem) => *problem,
        nom::Err::Incomplete(_) => Problem::FORM,
    }
}

/// The bytes up to the next comma, or to the end.
pub(crate) fn field(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_till(|byte| byte == b',').parse(input)
}

pub(crate) fn comma(input: &[u8]) -> Parsed<'_, ()> {
    let rest = input.strip_prefix(b",").ok_or(nom::Err::Error(MISSING))?;
    Ok((rest, ()))
}

pub(crate) const MISSING: Problem = Problem("a field is missing");

/// What stands before and after the first comma, which is near: a loop is faster then than
/// [`split_once`](crate::types::split::split_once).
pub(crate) fn split_comma(input: &[u8]) -> Option<(&[u8], &[u8])> {
    split_around(input, input.iter().position(|byte| *byte == b',')?, 1)
}

/// Unix time in seconds.
pub(crate) fn time(input: &[u8]) -> Parsed<'_, u64> {
    context("the time is not a number", decimal).parse(input)
}

/// An unsigned number of at least one digit, which fits.
pub(crate) fn decimal(input: &[u8]) -> Parsed<'_, u64> {
    let (value, rest) = leading_number(input).ok_or(nom::Err::Error(Problem::FORM))?;
    Ok((rest, value))
}

/// An IP address and its scope: the system prints a link-local address as `fe80::1%eth0`.
pub(crate) fn scoped_ip(field: &[u8]) -> Option<(IpAddr, &[u8])> {
    let (address, scope) = split_once(field, b"%").unwrap_or((field, b""));
    let ip = ip(address)?;
    let scope_allowed = ip.is_ipv6() || scope.is_empty();
    scope_allowed.then_some((ip, scope))
}

/// What stands before and after the first `separator`.
pub(crate) fn split_once<'a>(input: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    split_around(input, memmem::find(input, separator)?, separator.len())
}

/// What stands before and after the last `separator`.
pub(crate) fn rsplit_once<'a>(input: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    split_around(input, memmem::rfind(input, separator)?, separator.len())
}

fn split_around(input: &[u8], at: usize, len: usize) -> Option<(&[u8], &[u8])> {
    Some((input.get(..at)?, input.get(at.checked_add(len)?..)?))
}

/// `'NAME' REST`: the daemon does not escape a quote inside NAME (a token label can
/// hold one), so NAME ends at the first quote behind which `rest` finds what it expects.
pub(crate) fn quoted<'a, T>(
    input: &'a [u8],
    mut rest: impl FnMut(&'a [u8]) -> Option<T>,
) -> Option<(&'a [u8], T)> {
    let body = input.strip_prefix(b"'")?;
    memmem::find_iter(body, b"' ").find_map(|at| {
        let (name, tail) = split_around(body, at, 2)?;
        rest(tail).map(|rest| (name, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!(number::<u16>(b"65535"), Some(65535));
        for bad in [&b""[..], b"+1", b"-1", b" 1", b"65536", b"1x", b"\xff"] {
            assert_eq!(number::<u16>(bad), None);
        }
    }

    #[test]
    fn decimals_end_at_the_first_other_byte() {
        let value = |input: &[u8]| decimal(input).ok().map(|(rest, value)| (value, rest.len()));
        assert_eq!(value(b"0"), Some((0, 0)));
        assert_eq!(value(b"42,x"), Some((42, 2)));
        assert_eq!(value(b"9999999999999999999"), Some((9_999_999_999_999_999_999, 0)));
        assert_eq!(value(b"18446744073709551615,"), Some((u64::MAX, 1)));
        assert_eq!(value(b"00000000000000000000007"), Some((7, 0)));
        for bad in [&b""[..], b",", b"-1", b"+1", b"18446744073709551616", b"99999999999999999999"]
        {
            assert_eq!(value(bad), None);
        }
    }

    #[test]
    fn a_scope_belongs_to_ipv6_alone() {
        assert_eq!(scoped_ip(b"fe80::1%eth0"), Some(("fe80::1".parse().unwrap(), &b"eth0"[..])));
        assert_eq!(scoped_ip(b"10.0.0.1"), Some(("10.0.0.1".parse().unwrap(), &b""[..])));
        assert_eq!(scoped_ip(b"10.0.0.1%eth0"), None);
        assert_eq!(scoped_ip(b""), None);
    }

    #[test]
    fn quoted_names_may_hold_quotes() {
        let rest = |tail| (tail == b"password").then_some(());
        assert_eq!(quoted(b"'it's' token' password", rest), Some((&b"it's' token"[..], ())));
        assert_eq!(quoted(b"'x' other", rest), None);
        assert_eq!(quoted(b"x' password", rest), None);
    }
}
