//! [`parse`]: from what a manager has typed to the command value that writes it.

use zeroize::Zeroizing;

use super::lexer::{LexerProblem, lex};
use super::list::with_commands;
use super::received::{BlockLines, Line, Parse};
use super::{
    AnnounceVersion, AnyCommand, AuthRetry, Bytecount, Certificate, ClientAuth, ClientAuthNt,
    ClientDeny, ClientKill, ClientPendingAuth, ClientPf, CrResponse, Dialect, EnvFilter,
    ForgetPasswords, Help, HistoryOf, Hold, HoldRelease, KillTarget, LoadStats, Mute, Nclients,
    NeedOk, NeedStr, Net, NetworkChange, Notifications, Password, Pid, PkSig, Pkcs11IdCount,
    Pkcs11IdGet, ProxyAction, PushUpdate, Quit, RemoteAction, RemoteEntryCount, RemoteEntryGet,
    RsaSig, SetAuthRetry, SetHold, SetMute, SetVerb, Signal, State, Status, Test, Username, Verb,
    Version,
};
use crate::events;
use crate::types::limits;

/// Reads a command as a daemon of this dialect would: `client-deny 7 1 "not on the list"`.
///
/// It is one line, with or without its end, or a line and its block with `END`, as
/// [`Encoded::as_bytes`](super::Encoded::as_bytes) gives it. As daemons do, it drops control bytes, takes a `#` or
/// `;` at the start of a parameter for a comment, and passes over parameters behind those of the command. It is
/// stricter than daemons where these make something of anything: `verb 4x` is no command here.
///
/// ```
/// use openvpn_mgmt::command::{self, ClientDeny, Dialect};
/// use openvpn_mgmt::{Cid, Kid};
///
/// let command = command::parse("client-deny 7 1 'not on the list'", Dialect::openvpn(2, 6, 14))?;
/// let deny = ClientDeny::new(Cid(7), Kid(1), "not on the list");
/// assert_eq!(command.downcast_ref(), Some(&deny));
///
/// let error = command::parse("verb loud", Dialect::openvpn(2, 6, 14)).unwrap_err();
/// assert_eq!(error.to_string(), "`verb` has a level that is no number up to 255");
/// # Ok::<(), command::ParseCommandError>(())
/// ```
///
/// Whether the daemon has the command, and would take its arguments whole, is told when it is
/// [encoded](super::Command::encode). For a connection of which every line is to be read there is the feature
/// `server`.
///
/// # Errors
/// [`ParseCommandError`]; none shows an argument, which may be a secret.
pub fn parse(command: impl AsRef<[u8]>, dialect: Dialect) -> Result<AnyCommand, ParseCommandError> {
    let command = command.as_ref();
    let mut lines = command.strip_suffix(b"\n").unwrap_or(command).split(|byte| *byte == b'\n');
    let head = clean(lines.next().unwrap_or_default())?;
    let lexed = lex(&head);
    if let Some(problem) = lexed.problem {
        return Err(ParseCommandError::Unreadable(problem));
    }
    let parameters: Vec<&[u8]> = lexed.parameters.iter().map(|it| it.as_slice()).collect();
    let Some((name, arguments)) = parameters.split_first() else {
        return Err(ParseCommandError::Empty);
    };
    let block = read_block(lines)?;
    if block.is_some() && !takes_block(&parameters) {
        return Err(ParseCommandError::SeveralLines);
    }
    find(&Line { name, arguments, block: block.as_ref(), dialect })
}

/// Why [`parse`] takes a text for no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseCommandError {
    /// A blank line or a comment, which no daemon answers.
    #[error("the line holds no command")]
    Empty,
    /// A line of over 1,023 bytes, whose end daemons take for another command.
    #[error("a line is {len} bytes long, and daemons take {limit} at most", limit = limits::LINE)]
    LineTooLong {
        /// Its length in bytes, without control bytes.
        len: usize,
    },
    /// Daemons refuse the line before they look for a command in it.
    #[error("the line {0}")]
    Unreadable(LexerProblem),
    /// No command has this name.
    #[error("no command has this name")]
    UnknownCommand,
    /// Its name is known, and its parameters or its block are those of no command.
    #[error("`{command}` {problem}")]
    Malformed {
        /// The name.
        command: &'static str,
        /// What is wrong, as `has a client ID that is no number`.
        problem: &'static str,
    },
    /// Lines follow a command that takes no block.
    #[error("there are several lines, and the first is no command that takes a block")]
    SeveralLines,
    /// A block does not end with its one line `END`.
    #[error("its block does not end with its first line `END`")]
    NoEnd,
}

/// A line without control bytes, which daemons drop, where they would take it as one.
fn clean(line: &[u8]) -> Result<Zeroizing<Vec<u8>>, ParseCommandError> {
    let kept = || line.iter().copied().filter(|byte| !byte.is_ascii_control());
    let len = kept().count();
    if len > limits::LINE {
        return Err(ParseCommandError::LineTooLong { len });
    }
    // Room for all of it, so that growth never leaves a secret behind.
    let mut clean = Zeroizing::new(Vec::with_capacity(len));
    clean.extend(kept());
    Ok(clean)
}

/// The lines up to `END`, which is the last; `None` where there are no lines.
fn read_block<'a>(
    mut lines: impl Iterator<Item = &'a [u8]>,
) -> Result<Option<BlockLines>, ParseCommandError> {
    let mut block = None;
    while let Some(line) = lines.next() {
        let line = clean(line)?;
        if line.as_slice() == b"END" {
            let is_last = lines.next().is_none();
            let block = block.unwrap_or_default();
            return if is_last { Ok(Some(block)) } else { Err(ParseCommandError::NoEnd) };
        }
        block.get_or_insert_with(BlockLines::default).push(&line, usize::MAX);
    }
    if block.is_some() { Err(ParseCommandError::NoEnd) } else { Ok(None) }
}

/// Whether the command of these parameters may be one with a block.
fn takes_block(parameters: &[&[u8]]) -> bool {
    matches!(
        parameters,
        [b"client-auth" | b"client-pf" | b"pk-sig" | b"rsa-sig" | b"certificate", ..]
            | [b"password", _]
    )
}

/// Defines [`find`] by the list of commands.
macro_rules! find_by_name {
    ($($variant:ident($command:ty)),* $(,)?) => {
        /// Of the commands of a name, the first that fits; where none does, what the last says of it.
        fn find(line: &Line<'_>) -> Result<AnyCommand, ParseCommandError> {
            let mut unfit = ParseCommandError::UnknownCommand;
            $(
                let known = <$command as Parse>::NAMES.iter().find(|known| known.as_bytes() == line.name);
                match known.map(|command| (command, <$command as Parse>::parse(line))) {
                    Some((_, Ok(command))) => return Ok(AnyCommand::new(command)),
                    Some((command, Err(problem))) => {
                        unfit = ParseCommandError::Malformed { command, problem: problem.0 };
                    }
                    None => {}
                }
            )*
            Err(unfit)
        }
    };
}

with_commands!(find_by_name);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::Command as _;
    use crate::types::{Cid, Kid};

    const V2_6: Dialect = Dialect::openvpn(2, 6, 14);

    fn error(command: &str) -> ParseCommandError {
        parse(command, V2_6).unwrap_err()
    }

    #[test]
    fn a_line_is_read_as_daemons_read_it() {
        for line in ["pid", "pid\n", "pid\r\n", " \"pid\" ", "p\tid # now", "pid 7"] {
            assert!(parse(line, V2_6).unwrap().downcast_ref::<Pid>().is_some(), "{line}");
        }
        let password = parse("password Auth \"a\\\"b\"", V2_6).unwrap();
        assert_eq!(password.downcast_ref(), Some(&Password::new("Auth", "a\"b")));
        assert!(password.downcast_ref::<Pid>().is_none());
        let kill = |dialect| parse("kill 192.0.2.1:5", dialect);
        assert!(kill(V2_6).is_ok());
        assert!(kill(Dialect::openvpn(2, 7, 8)).is_err());
    }

    #[test]
    fn a_block_belongs_to_its_command() {
        let auth = ClientAuth::new(Cid(0), Kid(1), ["push-reset"]).unwrap();
        for end in ["END", "END\n", "END\r\n", "E\tND"] {
            let command = format!("client-auth 0 1\npush-reset\n{end}");
            assert_eq!(parse(command, V2_6).unwrap().downcast_ref(), Some(&auth));
        }
        let bare = parse("client-auth 0 1\nEND\n", V2_6).unwrap();
        assert_eq!(bare.encode(V2_6).unwrap().as_bytes(), b"client-auth 0 1\nEND\n");
        assert_eq!(error("client-auth 0 1\npush-reset\n"), ParseCommandError::NoEnd);
        assert_eq!(error("client-auth 0 1\nEND\npid\n"), ParseCommandError::NoEnd);
        assert_eq!(error("pid\npid\nEND"), ParseCommandError::SeveralLines);
        assert_eq!(error("client-auth 0 1").to_string(), "`client-auth` has no block");
    }

    #[test]
    fn what_is_no_command_is_refused_by_name() {
        for empty in ["", "\n", "  ", "# pid", "; pid"] {
            assert_eq!(error(empty), ParseCommandError::Empty);
        }
        assert_eq!(error("hunter2"), ParseCommandError::UnknownCommand);
        assert_eq!(error("password Auth \"x").to_string(), "the line has an open quote");
        assert_eq!(error("signal").to_string(), "`signal` has too few parameters");
        let long = format!("client-deny 0 1 {}", "x ".repeat(600));
        assert_eq!(
            error(&long).to_string(),
            "a line is 1216 bytes long, and daemons take 1023 at most"
        );
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_is_read_again(
            name in prop_oneof![Just("verb "), Just("kill "), Just("needok a "), Just("client-kill "), Just("")],
            rest in proptest::collection::vec(any::<u8>(), 0..60)
        ) {
            let text = [name.as_bytes(), &rest].concat();
            let Ok(command) = parse(&text, V2_6) else { return Ok(()) };
            let Ok(encoded) = command.encode(V2_6) else { return Ok(()) };
            let again = parse(encoded.as_bytes(), V2_6).unwrap().encode(V2_6).unwrap();
            prop_assert_eq!(again.as_bytes(), encoded.as_bytes());
        }
    }
}
