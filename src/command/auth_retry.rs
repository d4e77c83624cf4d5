//! What becomes of credentials: `auth-retry`, `forget-passwords`.

use super::received::{Line, Parse, TOO_FEW, parse_bare_name, parse_name};
use super::{Command, Dialect, Encoded, ReplyShape, Sealed, Writer};
use crate::error::Result;
use crate::reply::{self, RawReply};
use crate::types::grammar::Problem;

/// `forget-passwords`: has the daemon forget the credentials it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForgetPasswords;

impl Command for ForgetPasswords {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let writer = Writer::new("forget-passwords");
        Ok(writer.line(ReplyShape::Line).expect("Passwords were forgotten"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for ForgetPasswords {}

parse_name! { ForgetPasswords by "forget-passwords" }

/// `auth-retry`: what the daemon does after a failed authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthRetry;

impl Command for AuthRetry {
    type Reply = reply::AuthRetry;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("auth-retry").line(ReplyShape::ExplainedLine).expect("auth-retry="))
    }

    fn read(&self, reply: &RawReply) -> Result<reply::AuthRetry> {
        reply::AuthRetry::parse(reply)
    }
}

impl Sealed for AuthRetry {}

parse_bare_name! { AuthRetry by "auth-retry" }

/// `auth-retry MODE`: sets what the daemon does after a failed authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetAuthRetry(pub reply::AuthRetry);

impl Command for SetAuthRetry {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let writer = Writer::new("auth-retry").word(self.0.as_str());
        Ok(writer.line(ReplyShape::ExplainedLine).expect("auth-retry parameter"))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for SetAuthRetry {}

impl Parse for SetAuthRetry {
    const NAMES: &[&str] = &["auth-retry"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [mode, ..] = line.arguments else { return Err(TOO_FEW) };
        let mode = std::str::from_utf8(mode).ok().and_then(|mode| mode.parse().ok());
        mode.map(Self)
            .ok_or(Problem("has a mode that is none of `none`, `interact` and `nointeract`"))
    }
}
