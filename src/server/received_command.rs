//! [`ReceivedCommand`]: a received line as a command value, or why it is none.

use super::password::PasswordTry;
use crate::command::{
    AnnounceVersion, AuthRetry, Bytecount, Certificate, ClientAuth, ClientAuthNt, ClientDeny,
    ClientKill, ClientPendingAuth, ClientPf, CrResponse, EnvFilter, ForgetPasswords, Help,
    HistoryOf, Hold, HoldRelease, KillTarget, LoadStats, Mute, Nclients, NeedOk, NeedStr, Net,
    NetworkChange, Notifications, Password, Pid, PkSig, Pkcs11IdCount, Pkcs11IdGet, ProxyAction,
    PushUpdate, Quit, RemoteAction, RemoteEntryCount, RemoteEntryGet, RsaSig, SetAuthRetry,
    SetHold, SetMute, SetVerb, Signal, State, Status, Test, Username, Verb, Version,
};
use crate::command::{
    BlockLines, Command, Dialect, Encoded, LexerProblem, Line, Parse, with_commands,
};
use crate::error::Result;
use crate::events;

/// Lists the commands: a variant each, and how a line is held against all that have its name.
macro_rules! received_commands {
    ($($variant:ident($command:ty)),* $(,)?) => {
        /// A line as the command value that writes it, or why there is none.
        ///
        /// Parameters behind those of a command are passed over, as daemons do. What only a daemon takes for a
        /// number, as `verb 4x`, is [`Malformed`](Self::Malformed): its owner has the
        /// [parameters](super::Received::parameters). `Debug` shows no secret.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum ReceivedCommand {
            $(
                #[doc = concat!("A `", stringify!($command), "`.")]
                $variant($command),
            )*
            /// A blank line or a comment: no daemon answers it.
            Empty,
            /// A try at the [management password](super::Server::with_password), which was answered.
            ManagementPassword(PasswordTry),
            /// The lexer refuses the line.
            Unreadable(LexerProblem),
            /// No command value has this name.
            Unknown,
            /// Its name is known, and its parameters or its block are those of no command value.
            Malformed {
                /// The name.
                command: &'static str,
                /// What is wrong, as `has a client ID that is no number`.
                problem: &'static str,
            },
            /// Its block passed the [limit](super::Server::with_block_limit); nothing more is read.
            BlockTooLong {
                /// The limit, in bytes of memory.
                limit: usize,
            },
        }

        impl ReceivedCommand {
            /// Writes the command again, where it is one.
            #[must_use]
            pub fn encode(&self, dialect: Dialect) -> Option<Result<Encoded>> {
                match self {
                    $(Self::$variant(command) => Some(command.encode(dialect)),)*
                    _ => None,
                }
            }

            /// Of the commands of a name, the first that fits; where none does, what the last says of it.
            fn find(line: &Line<'_>) -> Self {
                let mut unfit = Self::Unknown;
                $(
                    let known = <$command as Parse>::NAMES.iter().find(|known| known.as_bytes() == line.name);
                    match known.map(|command| (command, <$command as Parse>::parse(line))) {
                        Some((_, Ok(command))) => return Self::$variant(command),
                        Some((command, Err(problem))) => {
                            unfit = Self::Malformed { command, problem: problem.0 };
                        }
                        None => {}
                    }
                )*
                unfit
            }
        }
    };
}

with_commands!(received_commands);

impl ReceivedCommand {
    /// Reads a line by its parameters.
    pub(super) fn read(parameters: &[&[u8]], block: Option<&BlockLines>, dialect: Dialect) -> Self {
        let Some((name, arguments)) = parameters.split_first() else { return Self::Empty };
        Self::find(&Line { name, arguments, block, dialect })
    }
}
