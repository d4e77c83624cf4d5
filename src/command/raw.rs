//! The escape hatch: a line as the caller wrote it.

use std::fmt;

use zeroize::Zeroizing;

use super::{Command, Dialect, Effect, Encoded, ReplyShape, Sealed, Writer, lexer};
use crate::error::{Result, invalid};
use crate::reply::RawReply;
use crate::types::{ArgumentProblem, Cid, Kid, check, limits, number};

const NAME: &str = "raw_command";
const LINE: &str = "line";

/// A line as it stands, and what its reply looks like, for commands this crate does not know.
///
/// See [`Client::raw_command`](crate::Client::raw_command). `Debug` shows the first word only.
#[derive(Clone, PartialEq, Eq)]
pub struct RawCommand {
    line: Zeroizing<Vec<u8>>,
    shape: ReplyShape,
}

impl RawCommand {
    /// The line without its end. A caller's text in it must be [quoted](super::quote()).
    pub fn new(line: impl AsRef<[u8]>, shape: ReplyShape) -> Self {
        Self { line: Zeroizing::new(line.as_ref().to_vec()), shape }
    }
}

impl Command for RawCommand {
    type Reply = RawReply;

    /// Checks that the daemon would read the line as one command, whole, and answer it in some shape.
    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let bad = |problem| invalid(NAME, LINE, problem);
        let why = "the daemon would run the rest as a command";
        check(&self.line, limits::LINE, why).map_err(bad)?;
        let parameters = lexer::parameters(&self.line).map_err(bad)?;
        let parameters: Vec<&[u8]> =
            parameters.iter().map(|parameter| parameter.as_slice()).collect();
        let Some(command) = parameters.first() else {
            return Err(bad(ArgumentProblem::Empty));
        };
        if let Some(problem) = unfit(command, parameters.len()) {
            return Err(bad(problem));
        }
        match self.shape {
            ReplyShape::Close => {
                Err(bad(ArgumentProblem::Other("has a reply that is not a raw command's")))
            }
            ReplyShape::Count(0) => Err(bad(ArgumentProblem::Other("has a reply of no lines"))),
            shape => {
                Ok(Writer::raw(NAME, &self.line).line(shape).raw().effect(effect(&parameters)))
            }
        }
    }

    fn read(&self, reply: &RawReply) -> Result<RawReply> {
        Ok(reply.clone())
    }
}

impl Sealed for RawCommand {}

impl fmt::Debug for RawCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What follows the letters of a name, without a blank, may be what is to be hidden.
        let is_name = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'-';
        let name = self.line.split(|byte| !is_name(byte)).next().unwrap_or_default();
        f.debug_struct("RawCommand")
            .field("name", &String::from_utf8_lossy(name))
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

/// What a raw command changes; one that asks a client for a response asks for no request.
fn effect(parameters: &[&[u8]]) -> Effect {
    match parameters {
        [b"state", words @ ..] => states(words),
        [b"hold", b"release", ..] => Effect::ReleasesHold,
        [b"version", version] => number(version).map_or(Effect::None, Effect::Announces),
        [b"env-filter", level @ ..] => {
            // Without a level the daemon takes 0.
            Effect::FiltersEnv { zero: level.first().is_none_or(|level| *level == b"0") }
        }
        [b"client-auth-nt" | b"client-deny", cid, kid, ..] => match (number(cid), number(kid)) {
            (Some(cid), Some(kid)) => Effect::Decides(Cid(cid), Kid(kid)),
            _ => Effect::None,
        },
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

fn states(words: &[&[u8]]) -> Effect {
    let says = |word: &[u8]| words.contains(&word);
    if says(b"off") {
        Effect::HidesStates
    } else if says(b"on") {
        Effect::TellsStates
    } else {
        Effect::None
    }
}
