//! The escape hatch: a line as the caller wrote it.

use super::{Effect, ReplyShape, Wire, Writer, lexer};
use crate::error::Result;
use crate::error::invalid;
use crate::types::ArgumentProblem;
use crate::types::number;
use crate::types::{Cid, Kid};
use crate::types::{check, limits};

const NAME: &str = "raw_command";
const LINE: &str = "line";

/// Checks that the daemon would read `line` as one command, whole, and answer it in some shape.
pub(crate) fn raw(line: &[u8], shape: ReplyShape) -> Result<Wire> {
    let bad = |problem| invalid(NAME, LINE, problem);
    let why = "the daemon would run the rest as a command";
    check(line, limits::LINE, why).map_err(bad)?;
    let parameters = lexer::parameters(line).map_err(bad)?;
    let Some(command) = parameters.first() else {
        return Err(bad(ArgumentProblem::Empty));
    };
    if let Some(problem) = unfit(command, parameters.len()) {
        return Err(bad(problem));
    }
    match shape {
        ReplyShape::Close => {
            Err(bad(ArgumentProblem::Other("has a reply that is not a raw command's")))
        }
        ReplyShape::Count(0) => Err(bad(ArgumentProblem::Other("has a reply of no lines"))),
        shape => Ok(Writer::raw(NAME, line).line(shape).raw().effect(effect(line, &parameters))),
    }
}

/// What a raw command changes; one that asks a client for a response asks for no request.
fn effect(line: &[u8], parameters: &[Vec<u8>]) -> Effect {
    match parameters {
        _ if sets_states(line) == Some(true) => Effect::TellsStates,
        [name, level @ ..] if name == b"env-filter" => {
            // Without a level the daemon takes 0.
            Effect::FiltersEnv { zero: level.first().is_none_or(|level| level == b"0") }
        }
        [name, cid, kid, ..] if name == b"client-auth-nt" || name == b"client-deny" => {
            match (number(cid), number(kid)) {
                (Some(cid), Some(kid)) => Effect::Decides(Cid(cid), Kid(kid)),
                _ => Effect::None,
            }
        }
        _ => Effect::None,
    }
}

/// What would not be over when its line is.
fn unfit(command: &[u8], parameters: usize) -> Option<ArgumentProblem> {
    match command {
        b"exit" | b"quit" => Some(ArgumentProblem::Other("ends the session; use quit()")),
        b"client-auth" | b"client-pf" | b"pk-sig" | b"rsa-sig" | b"certificate" => {
            Some(ArgumentProblem::Other(
                "begins a block that would swallow the commands after it; use the typed command",
            ))
        }
        b"password" if parameters == 2 => Some(ArgumentProblem::Other(
            "begins a block that would swallow the commands after it; use password()",
        )),
        _ => None,
    }
}

/// Whether a line turns state notifications on (`true`) or off; `None` where it does neither.
pub(crate) fn sets_states(line: &[u8]) -> Option<bool> {
    let parameters = lexer::parameters(line).ok()?;
    let (command, words) = parameters.split_first()?;
    let says = |word: &[u8]| words.iter().any(|parameter| parameter == word);
    match command.as_slice() {
        b"state" if says(b"off") => Some(false),
        b"state" if says(b"on") => Some(true),
        _ => None,
    }
}
