//! Answers of a person: credentials, confirmations, challenge responses.

use crate::client::Client;
use crate::command::Wire;
use crate::command::credentials::{self, SHORT};
use crate::error::Result;
use crate::reply::AuthRetry;
use crate::types::limits;
use crate::types::{Feature, Secret};

impl Client {
    /// `username TYPE "user name"`: answers `Need 'TYPE' username/password`, before [`password`](Self::password).
    ///
    /// At most 256 bytes; 127 for a daemon built without PKCS#11, which would cut the rest.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn username(
        &self,
        kind: impl AsRef<[u8]>,
        username: impl Into<Secret>,
    ) -> Result<()> {
        let username = username.into();
        let call = self.one_call();
        call.check_kept("username", "user name", &username).await?;
        call.call(credentials::username(kind, &username)?).await.map(drop)
    }

    /// `password TYPE "password"`: answers `Need 'TYPE' password`.
    ///
    /// At most 256 bytes, or 4,095 from OpenVPN 2.7.2 on, where a longer one goes as a
    /// base64 block (and [`announce_version(5)`](Self::announce_version) first, where that has not
    /// been done); 127 for a daemon built without PKCS#11, which would cut the rest.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn password(
        &self,
        kind: impl AsRef<[u8]>,
        password: impl Into<Secret>,
    ) -> Result<()> {
        let call = self.one_call();
        let command = call.password_command(kind, &password.into()).await?;
        call.call(command).await.map(drop)
    }

    /// `needok NAME ok|cancel`: answers `Need 'NAME' confirmation`.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn needok(&self, name: impl AsRef<[u8]>, ok: bool) -> Result<()> {
        self.call(credentials::needok(name, ok)?).await.map(drop)
    }

    /// `needok NAME "answer"`: answers `Need 'NAME' confirmation` in other words than `ok` and `cancel`, of at most 127 bytes.
    ///
    /// OpenVPN for Android takes `NOACTION` or `OPEN_BEFORE_CLOSE` for `PERSIST_TUN_ACTION`; other daemons take all but
    /// `ok` for a `cancel`.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn needok_with(
        &self,
        name: impl AsRef<[u8]>,
        answer: impl AsRef<[u8]>,
    ) -> Result<()> {
        self.call(credentials::needok_with(name, answer)?).await.map(drop)
    }

    /// `needstr NAME "text"`: answers `Need 'NAME' string`, with at most 256 bytes.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn needstr(&self, name: impl AsRef<[u8]>, text: impl Into<Secret>) -> Result<()> {
        self.call(credentials::needstr(name, &text.into())?).await.map(drop)
    }

    /// `cr-response BASE64`: answers a `CR_TEXT` challenge, with at most 192 bytes; base64 is done here.
    ///
    /// OpenVPN 2.5 or later.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn cr_response(&self, response: impl Into<Secret>) -> Result<()> {
        let command = credentials::cr_response(&response.into())?;
        self.require(command.name, Feature::CrResponse)?;
        self.call(command).await.map(drop)
    }

    /// `forget-passwords`: has the daemon forget the credentials it was given.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn forget_passwords(&self) -> Result<()> {
        self.call(credentials::forget_passwords()).await.map(drop)
    }

    /// `auth-retry`: what the daemon does after a failed authentication.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn auth_retry(&self) -> Result<AuthRetry> {
        AuthRetry::parse(&self.call(credentials::auth_retry()).await?)
    }

    /// `auth-retry MODE`: sets what the daemon does after a failed authentication.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn set_auth_retry(&self, mode: AuthRetry) -> Result<()> {
        self.call(credentials::set_auth_retry(mode)).await.map(drop)
    }

    /// Refuses what this daemon would cut; only a long value makes it ask what the daemon is.
    pub(crate) async fn check_kept(
        &self,
        command: &'static str,
        argument: &'static str,
        value: &Secret,
    ) -> Result<()> {
        credentials::check_kept(command, argument, value, limits::PASSWORD)?;
        if value.len() <= SHORT || self.daemon_version().await?.has_feature("PKCS11") {
            return Ok(());
        }
        credentials::check_kept(command, argument, value, SHORT)
    }

    /// The form of `password` that this daemon takes a password of this length in.
    pub(crate) async fn password_command(
        &self,
        kind: impl AsRef<[u8]>,
        password: &Secret,
    ) -> Result<Wire> {
        self.check_kept("password", "password", password).await?;
        if password.len() <= limits::PARAMETER {
            return credentials::password(kind, password);
        }
        let long = credentials::long_password(kind, password)?;
        self.require(long.name, Feature::LongPasswords)?;
        if let Some(version) = self.dialect().to_announce_for_long_passwords() {
            self.announce_version(version).await?;
        }
        Ok(long)
    }
}
