//! [`EnvBuilder`]: an ENV block that a daemon is to send.

use zeroize::Zeroizing;

use super::{Env, EnvLines};
use crate::types::WriteError;

/// The lines of a block, in their order: [`Env::builder`].
#[must_use]
pub struct EnvBuilder {
    lines: EnvLines,
    trusted: bool,
    problem: Option<WriteError>,
}

impl Env {
    /// A block without a line, and not [trusted](Self::is_trusted).
    ///
    /// ```
    /// use openvpn_mgmt::events::{ClientEvent, Env, Event};
    /// use openvpn_mgmt::{Cid, Kid};
    ///
    /// let env = Env::builder().set("common_name", "alice").set("password", "hunter2").build()?;
    /// let connect = Event::Client(ClientEvent::connect(Cid(7), Kid(1), env));
    /// assert_eq!(
    ///     connect.to_bytes()?,
    ///     b">CLIENT:CONNECT,7,1\r\n>CLIENT:ENV,common_name=alice\r\n>CLIENT:ENV,password=hunter2\r\n>CLIENT:ENV,END\r\n"
    /// );
    /// # Ok::<(), openvpn_mgmt::WriteError>(())
    /// ```
    pub fn builder() -> EnvBuilder {
        EnvBuilder { lines: EnvLines::default(), trusted: false, problem: None }
    }
}

impl EnvBuilder {
    /// Adds `name=value`; secrets are told by their names, as those that are received.
    pub fn set(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        if name.contains(&b'=') {
            self.refuse("holds an equals sign");
            return self;
        }
        self.push(&Zeroizing::new([name, b"=", value].concat()))
    }

    /// Adds a line as it is, which may hold no `=`.
    pub fn line(self, line: impl AsRef<[u8]>) -> Self {
        self.push(line.as_ref())
    }

    /// Sets whether the block [is trusted](Env::is_trusted): a daemon does not send this, it is for tests of what
    /// reads a block. Default: `false`.
    pub fn trusted(self, trusted: bool) -> Self {
        Self { trusted, ..self }
    }

    /// The block.
    ///
    /// # Errors
    /// [`WriteError::ReadsOtherwise`] for a name that holds an equals sign, and for a block of over 4 GiB.
    pub fn build(self) -> Result<Env, WriteError> {
        self.problem.map_or_else(|| Ok(Env::new(self.lines, self.trusted)), Err)
    }

    fn push(mut self, line: &[u8]) -> Self {
        if !self.lines.push(line, usize::MAX) {
            self.refuse("comes behind 4 GiB of others");
        }
        self
    }

    fn refuse(&mut self, problem: &'static str) {
        self.problem.get_or_insert(WriteError::reads_otherwise("name of a line", problem));
    }
}

/// Shows the number of lines only: any may hold a secret.
impl std::fmt::Debug for EnvBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EnvBuilder({} lines)", self.lines.len())
    }
}
