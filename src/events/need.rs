//! `>NEED-OK:`, `>NEED-STR:` and `>NEED-CERTIFICATE:`

use std::fmt;

use bytes::Bytes;

use crate::types::grammar::{Problem, quoted, split_once};
use crate::types::{Line, Text, WriteError};

/// `>NEED-OK:Need 'name' confirmation MSG:text`: answered with `needok NAME ok|cancel`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NeedOk {
    /// What the answer is for, such as `token-insertion-request`.
    pub name: Text,
    /// What to show to the user.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut"))]
    pub text: Text,
}

/// `>NEED-STR:Need 'name' string MSG:text`: answered with `needstr NAME "text"`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NeedStr {
    /// What the answer is for, such as `pkcs11-id-request`.
    pub name: Text,
    /// What to show to the user.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut"))]
    pub text: Text,
}

/// `>NEED-CERTIFICATE:hint`: answered with the `certificate` block (OpenVPN 2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NeedCertificate {
    /// Which certificate, as the daemon's configuration says it, such as
    /// `macosx-keychain:subject:o=OpenVPN-TEST`.
    pub hint: Text,
}

impl NeedOk {
    /// Asks for the confirmation of this name.
    #[must_use]
    pub fn new(name: impl Into<Text>, text: impl Into<Text>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "NEED-OK").raw("Need '").text("name", &self.name);
        let line = line.raw("' confirmation MSG:").text("text", &self.text);
        line.reads_as("name", self, Self::parse).end()
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        name_and_text(line, body).map(|(name, text)| Self { name, text })
    }
}

impl NeedStr {
    /// Asks for the text of this name.
    #[must_use]
    pub fn new(name: impl Into<Text>, text: impl Into<Text>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// The word is the daemon's, not the manual's (`input`), which is not kept.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "NEED-STR").raw("Need '").text("name", &self.name);
        let line = line.raw("' string MSG:").text("text", &self.text);
        line.reads_as("name", self, Self::parse).end()
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        name_and_text(line, body).map(|(name, text)| Self { name, text })
    }
}

impl NeedCertificate {
    /// Asks for the certificate that this hint is about.
    #[must_use]
    pub fn new(hint: impl Into<Text>) -> Self {
        Self { hint: hint.into() }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        Line::event(out, "NEED-CERTIFICATE").text("hint", &self.hint).end()
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Self {
        Self { hint: Text::slice_of(line, body) }
    }
}

/// `Need 'NAME' WORD MSG:TEXT`; daemon and manual differ on WORD, so it may be any.
fn name_and_text(line: &Bytes, body: &[u8]) -> Result<(Text, Text), Problem> {
    body.strip_prefix(b"Need ")
        .and_then(|need| quoted(need, word_and_text))
        .map(|(name, text)| (Text::slice_of(line, name), Text::slice_of(line, text)))
        .ok_or(Problem("it has no name or no message"))
}

fn word_and_text(rest: &[u8]) -> Option<&[u8]> {
    let (word, text) = split_once(rest, b" ")?;
    if word.is_empty() { None } else { text.strip_prefix(b"MSG:") }
}

impl fmt::Display for NeedOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs confirmation of '{}': {}", self.name, self.text)
    }
}

impl fmt::Display for NeedStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs '{}': {}", self.name, self.text)
    }
}

impl fmt::Display for NeedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs a certificate: {}", self.hint)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{malformed, parse};
    use super::*;
    use crate::events::Event;

    #[test]
    fn known_answers() {
        assert_eq!(
            parse("NEED-OK:Need 'token-insertion-request' confirmation MSG:Please insert: now"),
            Event::NeedOk(NeedOk {
                name: "token-insertion-request".into(),
                text: "Please insert: now".into()
            })
        );
        for word in ["string", "input"] {
            assert_eq!(
                parse(&format!("NEED-STR:Need 'it's a ' name' {word} MSG:")),
                Event::NeedStr(NeedStr { name: "it's a ' name".into(), text: Text::default() })
            );
        }
        let hint = "macosx-keychain:subject:o=OpenVPN-TEST";
        assert_eq!(
            parse(&format!("NEED-CERTIFICATE:{hint}")),
            Event::NeedCertificate(NeedCertificate { hint: hint.into() })
        );
    }

    #[test]
    fn what_does_not_parse_is_malformed() {
        for body in [
            "",
            "Need",
            "Need 'x",
            "Need 'x'",
            "Need 'x' y",
            "Need 'x' y MSG",
            "Need 'x'  MSG:",
            "Need x y MSG:z",
        ] {
            malformed(&format!("NEED-OK:{body}"));
            malformed(&format!("NEED-STR:{body}"));
        }
    }
}
