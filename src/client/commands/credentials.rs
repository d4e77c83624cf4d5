//! Answers of a person: credentials, confirmations, challenge responses.

use crate::client::Client;
use crate::command::{
    self, AnnounceVersion, CrResponse, Dialect, Encoded, ForgetPasswords, NeedOk, NeedStr,
    Password, SetAuthRetry, Username,
};
use crate::error::Result;
use crate::reply::AuthRetry;
use crate::types::Secret;

/// Answers of a person: credentials, confirmations, challenge responses. [`Requests`](crate::Requests) know their own
/// answers, which are these commands.
impl Client {
    /// `username TYPE "user name"`: answers `Need 'TYPE' username/password`, before [`password`](Self::password).
    ///
    /// At most 256 bytes; 127 for a daemon built without PKCS#11, which would cut the rest.
    pub async fn username(
        &self,
        kind: impl AsRef<[u8]>,
        username: impl Into<Secret>,
    ) -> Result<()> {
        self.send(&Username::new(kind, username)).await
    }

    /// `password TYPE "password"`: answers `Need 'TYPE' password`.
    ///
    /// At most 256 bytes, or 4,095 from OpenVPN 2.7.2 on, where a longer one goes as a
    /// base64 block, behind an [`announce_version(5)`](Self::announce_version) of its own where that has not
    /// been done; 127 for a daemon built without PKCS#11, which would cut the rest.
    pub async fn password(
        &self,
        kind: impl AsRef<[u8]>,
        password: impl Into<Secret>,
    ) -> Result<()> {
        let call = self.one_call();
        let command = call.prepare_password(&Password::new(kind, password)).await?;
        call.call(command).await.map(drop)
    }

    /// `needok NAME ok|cancel`: answers `Need 'NAME' confirmation`.
    pub async fn needok(&self, name: impl AsRef<[u8]>, ok: bool) -> Result<()> {
        self.send(&if ok { NeedOk::ok(name) } else { NeedOk::cancel(name) }).await
    }

    /// `needok NAME "answer"`: answers `Need 'NAME' confirmation` in other words than `ok` and `cancel`, of at most 127 bytes.
    ///
    /// OpenVPN for Android takes `NOACTION` or `OPEN_BEFORE_CLOSE` for `PERSIST_TUN_ACTION`; other daemons take all but
    /// `ok` for a `cancel`.
    #[doc(alias = "needok")]
    pub async fn needok_with(
        &self,
        name: impl AsRef<[u8]>,
        answer: impl AsRef<[u8]>,
    ) -> Result<()> {
        self.send(&NeedOk::with(name, answer)).await
    }

    /// `needstr NAME "text"`: answers `Need 'NAME' string`, with at most 256 bytes.
    pub async fn needstr(&self, name: impl AsRef<[u8]>, text: impl Into<Secret>) -> Result<()> {
        self.send(&NeedStr::new(name, text)).await
    }

    /// `cr-response BASE64`: answers a `CR_TEXT` challenge, with at most 192 bytes; base64 is done here.
    ///
    /// OpenVPN 2.5 or later.
    #[doc(alias = "cr-response")]
    pub async fn cr_response(&self, response: impl Into<Secret>) -> Result<()> {
        self.send(&CrResponse::new(response)).await
    }

    /// `forget-passwords`: has the daemon forget the credentials it was given.
    #[doc(alias = "forget-passwords")]
    pub async fn forget_passwords(&self) -> Result<()> {
        self.send(&ForgetPasswords).await
    }

    /// `auth-retry`: what the daemon does after a failed authentication.
    #[doc(alias = "auth-retry")]
    pub async fn auth_retry(&self) -> Result<AuthRetry> {
        self.send(&command::AuthRetry).await
    }

    /// `auth-retry MODE`: sets what the daemon does after a failed authentication.
    #[doc(alias = "auth-retry")]
    pub async fn set_auth_retry(&self, mode: AuthRetry) -> Result<()> {
        self.send(&SetAuthRetry(mode)).await
    }

    /// The form of a password that this daemon reads, once it was told what a long one needs.
    pub(crate) async fn prepare_password(&self, command: &Password) -> Result<Encoded> {
        let told = |dialect: Dialect| match command.to_announce(dialect) {
            Some(version) => dialect.with_announced(version),
            None => dialect,
        };
        // All is checked before anything is sent.
        let encoded = self.prepare_as(command, told).await?;
        if let Some(version) = command.to_announce(self.dialect()) {
            self.send(&AnnounceVersion(version)).await?;
        }
        Ok(encoded)
    }
}
