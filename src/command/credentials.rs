//! Answers of a person: `username`, `password`, `needok`, `needstr`, `cr-response`…

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Fence, ReplyShape, Wire, Writer};
use crate::error::Result;
use crate::error::invalid;
use crate::reply::AuthRetry;
use crate::types::ArgumentProblem;
use crate::types::Secret;
use crate::types::{check, limits};

const ENTERED: &str = "'";
const CUT: &str = "the daemon silently cuts longer ones";

/// How many bytes of a user name or password a daemon without PKCS#11 keeps.
pub(crate) const SHORT: usize = 127;

pub(crate) fn username(kind: impl AsRef<[u8]>, username: &Secret) -> Result<Wire> {
    let writer = Writer::new("username").quoted("type", kind)?;
    Ok(writer.quoted("user name", username.expose())?.line(ReplyShape::Line).expect(ENTERED))
}

pub(crate) fn password(kind: impl AsRef<[u8]>, password: &Secret) -> Result<Wire> {
    let writer = Writer::new("password").quoted("type", kind)?;
    Ok(writer.quoted("password", password.expose())?.line(ReplyShape::Line).expect(ENTERED))
}

/// `password TYPE`, base64 lines, `END`: for passwords of over 256 bytes.
pub(crate) fn long_password(kind: impl AsRef<[u8]>, password: &Secret) -> Result<Wire> {
    const NAME: &str = "password";
    const ARGUMENT: &str = "password";
    check(password.expose(), limits::PASSWORD, CUT)
        .map_err(|problem| invalid(NAME, ARGUMENT, problem))?;
    let mut block = Writer::with_capacity(NAME, 4 * limits::PASSWORD).quoted("type", kind)?.block();
    let encoded = Zeroizing::new(STANDARD.encode(password.expose()));
    for line in encoded.as_bytes().chunks(limits::BASE64_LINE) {
        block = block.line(ARGUMENT, line, limits::BASE64_LINE, CUT)?;
    }
    Ok(block.end(ReplyShape::Fenced(Fence::AfterRefusal)).expect(ENTERED))
}

/// Refuses what a daemon that keeps `limit` bytes would cut.
pub(crate) fn check_kept(
    command: &'static str,
    argument: &'static str,
    value: &Secret,
    limit: usize,
) -> Result<()> {
    check(value.expose(), limit, CUT).map_err(|problem| invalid(command, argument, problem))
}

pub(crate) fn needok(name: impl AsRef<[u8]>, ok: bool) -> Result<Wire> {
    let answer = if ok { "ok" } else { "cancel" };
    let writer = Writer::new("needok").quoted("name", name)?;
    Ok(writer.word(answer).line(ReplyShape::Line).expect(ENTERED))
}

/// An answer in words. The daemon keeps as much of it as of a password.
pub(crate) fn needok_with(name: impl AsRef<[u8]>, answer: impl AsRef<[u8]>) -> Result<Wire> {
    const NAME: &str = "needok";
    const ARGUMENT: &str = "answer";
    let (writer, answer) = (Writer::new(NAME).quoted("name", name)?, answer.as_ref());
    if answer.is_empty() {
        return Err(invalid(NAME, ARGUMENT, ArgumentProblem::Empty));
    }
    let writer = writer.quoted_within(ARGUMENT, answer, SHORT, CUT)?;
    Ok(writer.line(ReplyShape::Line).expect(ENTERED))
}

pub(crate) fn needstr(name: impl AsRef<[u8]>, text: &Secret) -> Result<Wire> {
    let writer = Writer::new("needstr").quoted("name", name)?;
    Ok(writer.quoted("text", text.expose())?.line(ReplyShape::Line).expect(ENTERED))
}

pub(crate) fn cr_response(response: &Secret) -> Result<Wire> {
    const NAME: &str = "cr-response";
    let encoded = Zeroizing::new(STANDARD.encode(response.expose()));
    if encoded.is_empty() {
        return Err(invalid(NAME, "response", ArgumentProblem::Empty));
    }
    if encoded.len() > limits::PARAMETER {
        let problem = ArgumentProblem::TooLong {
            len: response.len(),
            limit: limits::PARAMETER / 4 * 3,
            why: "in base64 it is one parameter of at most 256 bytes",
        };
        return Err(invalid(NAME, "response", problem));
    }
    Ok(Writer::new(NAME).word(&encoded).line(ReplyShape::Line).expect("command succeeded"))
}

pub(crate) fn forget_passwords() -> Wire {
    Writer::new("forget-passwords").line(ReplyShape::Line).expect("Passwords were forgotten")
}

pub(crate) fn auth_retry() -> Wire {
    Writer::new("auth-retry").line(ReplyShape::ExplainedLine).expect("auth-retry=")
}

pub(crate) fn set_auth_retry(mode: AuthRetry) -> Wire {
    let writer = Writer::new("auth-retry").word(mode.as_str());
    writer.line(ReplyShape::ExplainedLine).expect("auth-retry parameter")
}
