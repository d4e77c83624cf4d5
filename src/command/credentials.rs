//! Credentials: `username`, `password`.

use super::received::{Line, Parse, TOO_FEW};
use super::{
    Command, Dialect, Encoded, Fence, ReplyShape, Sealed, Writer, require, text, version_unknown,
};
use crate::error::{Error, Result, invalid};
use crate::reply::RawReply;
use crate::types::grammar::Problem;
use crate::types::{Feature, Secret, Text, base64, check, limits};

pub(super) const ENTERED: &str = "'";
pub(super) const CUT: &str = "the daemon silently cuts longer ones";

/// How many bytes of a user name or password a daemon without PKCS#11 keeps.
pub(super) const SHORT: usize = 127;

/// `username TYPE "user name"`: answers `Need 'TYPE' username/password`, before [`Password`].
///
/// At most 256 bytes; 127 for a daemon built without PKCS#11, which would cut the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Username {
    /// What the daemon asks it for, as `Auth`.
    pub kind: Text,
    /// The user name.
    pub username: Secret,
}

impl Username {
    /// `kind` is what the daemon asks them for, as `Auth`.
    pub fn new(kind: impl AsRef<[u8]>, username: impl Into<Secret>) -> Self {
        Self { kind: text(kind), username: username.into() }
    }
}

impl Command for Username {
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        const NAME: &str = "username";
        const ARGUMENT: &str = "user name";
        let writer = Writer::new(NAME).quoted("type", &self.kind)?;
        let writer = writer.quoted(ARGUMENT, self.username.expose())?;
        check_kept(NAME, ARGUMENT, &self.username, dialect)?;
        Ok(writer.line(ReplyShape::Line).expect(ENTERED))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for Username {
    fn needs_version(&self, dialect: Dialect) -> bool {
        may_be_cut(&self.username, dialect)
    }
}

impl Parse for Username {
    const NAMES: &[&str] = &["username"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let [kind, username, ..] = line.arguments else { return Err(TOO_FEW) };
        Ok(Self::new(kind, *username))
    }
}

/// `password TYPE "password"`: answers `Need 'TYPE' password`.
///
/// At most 256 bytes, or 4,095 from OpenVPN 2.7.2 on, where a longer one goes as base64 lines up to `END`, once
/// [version 5 was announced](super::AnnounceVersion); [`Client::password`](crate::Client::password) does both. 127 for a daemon built without PKCS#11,
/// which would cut the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Password {
    /// What the daemon asks it for, as `Auth`.
    pub kind: Text,
    /// The password.
    pub password: Secret,
}

impl Password {
    const NAME: &str = "password";

    /// `kind` is what the daemon asks it for, as `Auth` or `Private Key`.
    pub fn new(kind: impl AsRef<[u8]>, password: impl Into<Secret>) -> Self {
        Self { kind: text(kind), password: password.into() }
    }

    /// The client version that has to be announced before this password.
    pub(crate) fn to_announce(&self, dialect: Dialect) -> Option<u32> {
        let fits = self.is_long() && dialect.has(Feature::LongPasswords) == Some(true);
        fits.then(|| dialect.to_announce_for_long_passwords()).flatten()
    }

    fn is_long(&self) -> bool {
        self.password.len() > limits::PARAMETER
    }

    /// `password TYPE`, base64 lines, `END`.
    fn block(&self) -> Result<Encoded> {
        let writer = Writer::with_capacity(Self::NAME, 4 * limits::PASSWORD);
        let mut block = writer.quoted("type", &self.kind)?.block();
        let encoded = base64::encode(self.password.expose());
        for line in encoded.as_bytes().chunks(limits::BASE64_LINE) {
            block = block.line(Self::NAME, line, limits::BASE64_LINE, CUT)?;
        }
        Ok(block.end(ReplyShape::Fenced(Fence::AfterRefusal)).expect(ENTERED))
    }

    fn line(&self) -> Result<Encoded> {
        let writer = Writer::new(Self::NAME).quoted("type", &self.kind)?;
        let writer = writer.quoted(Self::NAME, self.password.expose())?;
        Ok(writer.line(ReplyShape::Line).expect(ENTERED))
    }
}

impl Command for Password {
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        check(self.password.expose(), limits::PASSWORD, CUT)
            .map_err(|problem| invalid(Self::NAME, Self::NAME, problem))?;
        let encoded = if self.is_long() { self.block()? } else { self.line()? };
        check_kept(Self::NAME, Self::NAME, &self.password, dialect)?;
        if self.is_long() {
            require(Self::NAME, dialect, Feature::LongPasswords)?;
            if dialect.to_announce_for_long_passwords().is_some() {
                let needs = "`version 5` before a password of over 256 bytes";
                return Err(Error::Unsupported { command: Self::NAME, needs });
            }
        }
        Ok(encoded)
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for Password {
    fn needs_version(&self, dialect: Dialect) -> bool {
        may_be_cut(&self.password, dialect)
    }
}

impl Parse for Password {
    const NAMES: &[&str] = &["password"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            [kind, password, ..] => Ok(Self::new(kind, *password)),
            [kind] => Ok(Self::new(kind, line.decoded()?)),
            [] => Err(TOO_FEW),
        }
    }
}

/// Whether only the daemon's version tells how much of a credential it keeps.
fn may_be_cut(value: &Secret, dialect: Dialect) -> bool {
    value.len() > SHORT && dialect.keeps_long_credentials().is_none()
}

/// Refuses what this daemon would cut.
fn check_kept(
    command: &'static str,
    argument: &'static str,
    value: &Secret,
    dialect: Dialect,
) -> Result<()> {
    if value.len() <= SHORT {
        return Ok(());
    }
    match dialect.keeps_long_credentials() {
        None => Err(version_unknown(command)),
        Some(true) => Ok(()),
        Some(false) => {
            check(value.expose(), SHORT, CUT).map_err(|problem| invalid(command, argument, problem))
        }
    }
}
