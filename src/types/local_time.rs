//! [`LocalTime`]: a date and time as a daemon shows them.

use std::fmt;
use std::str::FromStr;

use super::{ParseError, number};

/// A date and time by the daemon's clock and in its time zone, as status files and logs show them:
/// `2026-11-22 07:23:58`, and `2026-11-22 07:23:58 us=250000` in a log of verbosity 4 and above.
///
/// `Sun Nov 22 07:23:58 2026`, as before OpenVPN 2.5, is read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct LocalTime {
    /// The year, 0 to 9999.
    pub year: u16,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day, 1 to 31, and no more than the month has.
    pub day: u8,
    /// The hour, 0 to 23.
    pub hour: u8,
    /// The minute, 0 to 59.
    pub minute: u8,
    /// The second, 0 to 60.
    pub second: u8,
    /// Microseconds of the second, 0 to 999,999, where they are shown.
    pub microsecond: Option<u32>,
}

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

impl LocalTime {
    /// The time that `text` begins with, and what stands behind it.
    pub(crate) fn leading(text: &[u8]) -> Option<(Self, &[u8])> {
        let (time, rest) = leading_date(text).or_else(|| leading_date_in_words(text))?;
        let Some((microsecond, rest)) = leading_microsecond(rest) else {
            return Some((time, rest));
        };
        Some((Self { microsecond: Some(microsecond), ..time }, rest))
    }

    /// Where each number is in its range.
    fn checked(self) -> Option<Self> {
        let is_leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let days = match self.month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let is_day = (1..=days).contains(&self.day);
        (is_day && self.hour < 24 && self.minute < 60 && self.second <= 60).then_some(self)
    }
}

impl FromStr for LocalTime {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is not in the form of `2026-11-22 07:23:58`";
        match Self::leading(text.as_bytes()) {
            Some((time, b"")) => Ok(time),
            _ => Err(ParseError::new("a date and time", PROBLEM)),
        }
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, microsecond } = self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")?;
        microsecond.map_or(Ok(()), |microsecond| write!(f, " us={microsecond}"))
    }
}

/// `2026-11-22 07:23:58`
fn leading_date(text: &[u8]) -> Option<(LocalTime, &[u8])> {
    let (date, rest) = text.split_at_checked(11)?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b' '] = date else { return None };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let (month, day) = (number(&[*m1, *m2])?, number(&[*d1, *d2])?);
    Some((at(year, month, day, clock)?, rest))
}

/// `Sun Nov 22 07:23:58 2026`, with a blank in the place of a day's first zero.
fn leading_date_in_words(text: &[u8]) -> Option<(LocalTime, &[u8])> {
    let (date, rest) = text.split_at_checked(11)?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let (year, rest) = rest.strip_prefix(b" ")?.split_at_checked(4)?;
    let [_, _, _, b' ', month @ .., b' ', d1, d2, b' '] = date else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let day = if *d1 == b' ' { number(&[*d2])? } else { number(&[*d1, *d2])? };
    Some((at(number(year)?, u8::try_from(month).ok()?, day, clock)?, rest))
}

/// `07:23:58` of a day.
fn at(year: u16, month: u8, day: u8, clock: &[u8]) -> Option<LocalTime> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = clock else { return None };
    let (hour, minute) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
    let second = number(&[*s1, *s2])?;
    LocalTime { year, month, day, hour, minute, second, microsecond: None }.checked()
}

/// ` us=250000`
fn leading_microsecond(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.strip_prefix(b" us=")?;
    let len = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = digits.split_at_checked(len)?;
    let microsecond = number(digits).filter(|number| *number < 1_000_000)?;
    matches!(rest, [] | [b' ', ..]).then_some((microsecond, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_are_read() {
        let time = LocalTime {
            year: 2026,
            month: 11,
            day: 2,
            hour: 7,
            minute: 23,
            second: 58,
            microsecond: None,
        };
        assert_eq!("2026-11-02 07:23:58".parse(), Ok(time));
        assert_eq!("Mon Nov  2 07:23:58 2026".parse(), Ok(time));
        assert_eq!("Mon Nov 02 07:23:58 2026".parse(), Ok(time));
        let exact = LocalTime { microsecond: Some(250), ..time };
        assert_eq!("2026-11-02 07:23:58 us=250".parse(), Ok(exact));
        assert!(time < exact);
    }

    #[test]
    fn what_stands_behind_it_is_kept() {
        let rest = |text: &'static str| LocalTime::leading(text.as_bytes()).unwrap().1;
        assert_eq!(rest("2026-11-22 07:23:58 text"), b" text");
        assert_eq!(rest("2026-11-22 07:23:58 us=9 text"), b" text");
        assert_eq!(rest("2026-11-22 07:23:58 us=1000000 text"), b" us=1000000 text");
        assert_eq!(rest("2026-11-22 07:23:58 us=9x"), b" us=9x");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-11-22",
            "2026-13-22 07:23:58",
            "2026-00-22 07:23:58",
            "2026-11-31 07:23:58",
            "2026-02-29 07:23:58",
            "2026-11-22 24:23:58",
            "2026-11-22 07:60:58",
            "2026-11-22 07:23:61",
            "2026-11-22T07:23:58",
            "2026-11-22 07:23:58 ",
            "Sun Nox 22 07:23:58 2026",
            "Sun Nov 22 07:23:58",
        ] {
            assert!(text.parse::<LocalTime>().is_err(), "{text}");
        }
        assert!("2024-02-29 07:23:58".parse::<LocalTime>().is_ok());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(
            (year, month, day, hour) in (0..=9999_u16, 1..=12_u8, 1..=28_u8, 0..24_u8),
            (minute, second) in (0..60_u8, 0..=60_u8),
            microsecond in proptest::option::of(0..1_000_000_u32),
        ) {
            let time = LocalTime { year, month, day, hour, minute, second, microsecond };
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }

        #[test]
        fn no_text_panics(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = LocalTime::leading(&text);
        }
    }
}
