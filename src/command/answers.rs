//! Answers of a person beside credentials: `needok`, `needstr`, `cr-response`.

use super::credentials::{CUT, ENTERED, SHORT};
use super::received::{Line, Parse, TOO_FEW};
use super::{Command, Dialect, Encoded, ReplyShape, Sealed, Writer, require, text};
use crate::error::{Result, invalid};
use crate::reply::RawReply;
use crate::types::grammar::Problem;
use crate::types::{ArgumentProblem, Feature, Secret, Text, base64, limits};

/// `needok NAME ok|cancel`: answers `Need 'NAME' confirmation`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NeedOk {
    /// What the daemon asks about, as `token-insertion-request`.
    pub name: Text,
    /// `ok`, `cancel`, or an answer in other words.
    pub answer: Text,
}

impl NeedOk {
    /// `needok NAME ok`
    pub fn ok(name: impl AsRef<[u8]>) -> Self {
        Self::with(name, "ok")
    }

    /// `needok NAME cancel`
    pub fn cancel(name: impl AsRef<[u8]>) -> Self {
        Self::with(name, "cancel")
    }

    /// `needok NAME "answer"`: an answer in other words, of at most 127 bytes.
    ///
    /// See [`Client::needok_with`](crate::Client::needok_with).
    pub fn with(name: impl AsRef<[u8]>, answer: impl AsRef<[u8]>) -> Self {
        Self { name: text(name), answer: text(answer) }
    }
}

impl Command for NeedOk {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        const NAME: &str = "needok";
        const ARGUMENT: &str = "answer";
        let writer = Writer::new(NAME).quoted("name", &self.name)?;
        let writer = match self.answer.as_bytes() {
            b"ok" => writer.word("ok"),
            b"cancel" => writer.word("cancel"),
            b"" => return Err(invalid(NAME, ARGUMENT, ArgumentProblem::Empty)),
            // The daemon keeps as much of it as of a password.
            answer => writer.quoted_within(ARGUMENT, answer, SHORT, CUT)?,
        };
        Ok(writer.line(ReplyShape::Line).expect(ENTERED))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for NeedOk {}

impl Parse for NeedOk {
    const NAMES: &[&str] = &["needok"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [name, answer, ..] = line.arguments else { return Err(TOO_FEW) };
        Ok(Self::with(name, answer))
    }
}

/// `needstr NAME "text"`: answers `Need 'NAME' string`, with at most 256 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NeedStr {
    /// What the daemon asks for.
    pub name: Text,
    /// The answer.
    pub text: Secret,
}

impl NeedStr {
    /// `name` is the one that the daemon asks by.
    pub fn new(name: impl AsRef<[u8]>, answer: impl Into<Secret>) -> Self {
        Self { name: text(name), text: answer.into() }
    }
}

impl Command for NeedStr {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let writer = Writer::new("needstr").quoted("name", &self.name)?;
        let writer = writer.quoted("text", self.text.expose())?;
        Ok(writer.line(ReplyShape::Line).expect(ENTERED))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for NeedStr {}

impl Parse for NeedStr {
    const NAMES: &[&str] = &["needstr"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [name, answer, ..] = line.arguments else { return Err(TOO_FEW) };
        Ok(Self::new(name, *answer))
    }
}

/// `cr-response BASE64`: answers a `CR_TEXT` challenge, with at most 192 bytes. OpenVPN 2.5.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrResponse {
    /// The response itself, not in base64.
    pub response: Secret,
}

impl CrResponse {
    /// The response itself; base64 is done here.
    pub fn new(response: impl Into<Secret>) -> Self {
        Self { response: response.into() }
    }
}

impl Command for CrResponse {
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        const NAME: &str = "cr-response";
        const ARGUMENT: &str = "response";
        let encoded = base64::encode(self.response.expose());
        if encoded.is_empty() {
            return Err(invalid(NAME, ARGUMENT, ArgumentProblem::Empty));
        }
        if encoded.len() > limits::PARAMETER {
            let problem = ArgumentProblem::TooLong {
                len: self.response.len(),
                limit: limits::PARAMETER / 4 * 3,
                why: "in base64 it is one parameter of at most 256 bytes",
            };
            return Err(invalid(NAME, ARGUMENT, problem));
        }
        require(NAME, dialect, Feature::CrResponse)?;
        Ok(Writer::new(NAME).word(&encoded).line(ReplyShape::Line).expect("command succeeded"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for CrResponse {}

impl Parse for CrResponse {
    const NAMES: &[&str] = &["cr-response"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [response, ..] = line.arguments else { return Err(TOO_FEW) };
        let response =
            base64::decode(response).ok_or(Problem("has a response that is not base64"))?;
        Ok(Self { response })
    }
}
