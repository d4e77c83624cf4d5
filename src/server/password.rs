//! The password of the management socket.

use crate::types::Secret;

/// How many passwords a manager can try.
const TRIES: u32 = 3;

/// What became of a try at the management password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordTry {
    /// It was right, and was answered. The greeting is due.
    Right,
    /// It was wrong; the prompt comes again.
    Wrong,
    /// It was wrong, and the last try: the connection is to be closed.
    Last,
}

/// What stands before all commands until the password is right.
pub(super) struct Gate {
    password: Secret,
    wrong: u32,
}

impl Gate {
    pub(super) fn new(password: Secret) -> Self {
        Self { password, wrong: 0 }
    }

    pub(super) fn attempt(&mut self, line: &[u8]) -> PasswordTry {
        if self.password == Secret::from(line) {
            return PasswordTry::Right;
        }
        self.wrong += 1;
        if self.wrong < TRIES { PasswordTry::Wrong } else { PasswordTry::Last }
    }
}
