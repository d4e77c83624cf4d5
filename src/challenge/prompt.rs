//! Challenges: `SC:flags,text`, `CRV1:flags:state_id:user:text` and the flags they share.

use std::fmt;

use bytes::Bytes;
use nom::Parser;
use nom::bytes::complete::{tag, take_till};
use nom::combinator::rest;
use nom::error::context;
use nom::sequence::{preceded, terminated};

use crate::types::grammar::{Parsed, start};
use crate::types::{SecretText, Text, base64};

/// `SC:flags,text`: a challenge the client's own configuration sets (`static-challenge`).
///
/// The answer goes with the password: as `SCRV1:b64(password):b64(response)`, or
/// appended to it where [`concat`](Self::concat) says so.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StaticChallenge {
    /// The flag bits: 1 for [`echo`](Self::echo), 2 for [`concat`](Self::concat).
    pub flags: u32,
    /// What to show to the user. A daemon cuts it where its prompt would pass 127 bytes.
    pub text: Text,
}

impl StaticChallenge {
    /// A challenge with these flag bits.
    #[must_use]
    pub fn new(flags: u32, text: impl Into<Text>) -> Self {
        Self { flags, text: text.into() }
    }

    /// Whether the response may be shown while it is typed.
    #[must_use]
    pub fn echo(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether the response is appended to the password as it is (OpenVPN 2.6).
    #[must_use]
    pub fn concat(&self) -> bool {
        self.flags & 2 != 0
    }

    /// Reads what follows `SC:`.
    pub(crate) fn parse(line: &Bytes, input: &[u8]) -> Option<Self> {
        let (text, flags) =
            start(terminated(nom::character::complete::u32, tag(",")), input).ok()?;
        Some(Self { flags, text: Text::slice_of(line, text) })
    }
}

/// `CRV1:flags:state_id:b64(user):text`: a challenge the server sets after a first
/// answer, to be answered at the next `Need 'Auth' username/password`.
///
/// Answer with [`username`](Self::username) and the password `CRV1::state_id::response`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DynamicChallenge {
    /// What the server wants of the response.
    pub flags: ChallengeFlags,
    /// What the server knows the challenge by; it goes back with the response. Withheld from events while
    /// [requests](crate::Builder::requests) are on.
    pub state_id: SecretText,
    /// The user name to answer with, decoded.
    pub username: Text,
    /// What to show to the user; it may hold colons.
    pub text: Text,
}

impl DynamicChallenge {
    pub(crate) const MARK: &'static [u8] = b"CRV1:";

    /// A challenge of a server's, as a manager hears of it; [`Crv1`](super::Crv1) is how a server sets one.
    #[must_use]
    pub fn new(
        flags: ChallengeFlags,
        state_id: impl Into<Text>,
        username: impl Into<Text>,
        text: impl Into<Text>,
    ) -> Self {
        let state_id = SecretText::new(state_id.into());
        Self { flags, state_id, username: username.into(), text: text.into() }
    }

    pub(crate) fn parse(line: &Bytes, reason: &[u8]) -> Option<Self> {
        let (text, (flags, state_id, user)) =
            start(preceded(tag(Self::MARK), (part, part, part)), reason).ok()?;
        Some(Self {
            flags: ChallengeFlags(Text::slice_of(line, flags)),
            state_id: SecretText::new(Text::slice_of(line, state_id)),
            username: Text::from(Bytes::copy_from_slice(base64::decode(user)?.expose())),
            text: Text::slice_of(line, text),
        })
    }

    /// The same without its state ID, and without the line that it came with.
    pub(crate) fn withhold_secrets(&self) -> Self {
        Self {
            flags: ChallengeFlags(self.flags.0.clone().detach()),
            state_id: self.state_id.withheld(),
            username: self.username.clone(),
            text: self.text.clone().detach(),
        }
    }
}

/// The bytes up to a colon, which is dropped.
fn part(input: &[u8]) -> Parsed<'_, &[u8]> {
    context("a part of the challenge is missing", terminated(take_till(|b| b == b':'), tag(":")))
        .parse(input)
}

/// `FLAGS:TEXT`, the shape of `CR_TEXT`.
pub(crate) fn flags_and_text<'a>(line: &Bytes, input: &'a [u8]) -> Option<(ChallengeFlags, Text)> {
    let (_, (flags, text)): (&'a [u8], _) = start((part, rest), input).ok()?;
    Some((ChallengeFlags(Text::slice_of(line, flags)), Text::slice_of(line, text)))
}

/// The flags of a challenge, separated by commas: `R,E`, one of them or none.
#[derive(Clone, PartialEq, Eq)]
pub struct ChallengeFlags(Text);

impl ChallengeFlags {
    /// Flags divided by commas, as `R,E`.
    #[must_use]
    pub fn new(flags: impl Into<Text>) -> Self {
        Self(flags.into())
    }

    /// `E`: the response may be shown while it is typed.
    #[must_use]
    pub fn echo(&self) -> bool {
        self.iter().any(|flag| flag == b"E")
    }

    /// `R`: a response is required; without it, answer with an empty one.
    #[must_use]
    pub fn response_required(&self) -> bool {
        self.iter().any(|flag| flag == b"R")
    }

    /// Each flag, in order, unknown ones too.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + '_ {
        self.as_bytes().split(|byte| *byte == b',').filter(|flag| !flag.is_empty())
    }

    /// The flags as the server sent them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for ChallengeFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn static_challenge(input: &'static str) -> Option<StaticChallenge> {
        StaticChallenge::parse(&Bytes::from_static(input.as_bytes()), input.as_bytes())
    }

    #[test]
    fn static_flags_are_bits() {
        let bits = |n: u32| {
            let challenge = StaticChallenge { flags: n, text: Text::default() };
            (challenge.echo(), challenge.concat())
        };
        assert_eq!(
            [0, 1, 2, 3, 4].map(bits),
            [(false, false), (true, false), (false, true), (true, true), (false, false)]
        );
        assert_eq!(static_challenge("6,a,b").map(|c| (c.flags, c.text)), Some((6, "a,b".into())));
        for bad in ["", "1", "x,text", ",text", "4294967296,text"] {
            assert_eq!(static_challenge(bad), None, "{bad}");
        }
    }

    #[test]
    fn dynamic_challenges_are_taken_apart() {
        let line = Bytes::from_static(b"CRV1:R,E:Om01u7:Y3Ix:Enter: PIN");
        let challenge = DynamicChallenge::parse(&line, &line).unwrap();
        assert!(challenge.flags.echo() && challenge.flags.response_required());
        assert_eq!(challenge.state_id.expose(), Some(&b"Om01u7"[..]));
        assert_eq!((challenge.username, challenge.text), ("cr1".into(), "Enter: PIN".into()));

        let line = Bytes::from_static(b"CRV1::id::");
        let challenge = DynamicChallenge::parse(&line, &line).unwrap();
        assert!(!challenge.flags.echo() && !challenge.flags.response_required());
        assert!(challenge.username.is_empty() && challenge.text.is_empty());
    }

    #[test]
    fn cut_or_undecodable_dynamic_challenges_are_none() {
        for bad in
            ["CRV1:", "CRV1:R", "CRV1:R:id", "CRV1:R:id:Y3Ix", "CRV1:R:id:Y3I:x", "crv1:::::"]
        {
            let line = Bytes::from_static(bad.as_bytes());
            assert_eq!(DynamicChallenge::parse(&line, &line), None, "{bad}");
        }
    }

    #[test]
    fn unknown_flags_are_kept() {
        let flags = ChallengeFlags("R,x,,EE".into());
        assert!(flags.response_required() && !flags.echo());
        assert_eq!(flags.iter().collect::<Vec<_>>(), [&b"R"[..], b"x", b"EE"]);
    }
}
