//! Prompts with one simple answer: hold, confirmation, text, certificate, `CR_TEXT`.

use crate::command::{self, Certificate, CrResponse, HoldRelease};
use crate::error::Result;
use crate::events::{NeedCertificate, NeedOk, NeedStr};
use crate::requests::handle::Handle;
use crate::types::{Secret, Text};

/// `>HOLD:`: the daemon waits to be released.
#[derive(Debug)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct HoldRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    seconds: Option<u32>,
}

impl HoldRequest {
    pub(crate) fn new(handle: Handle, seconds: Option<u32>) -> Self {
        Self { handle, seconds }
    }

    /// Seconds the daemon would have waited of its own before it tries again;
    /// `None` where it does not say, as older ones. A program that releases every hold at once should wait so long.
    #[must_use]
    pub fn seconds(&self) -> Option<u32> {
        self.seconds
    }

    /// Waits until the daemon takes the request back (it asks anew, restarts or ends).
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn withdrawn(&self) {
        self.handle.state().closed().await;
    }

    /// `hold release`
    pub async fn release(self) -> Result<()> {
        self.release_by_ref().await
    }

    pub(crate) async fn release_by_ref(&self) -> Result<()> {
        self.handle.settle(&HoldRelease).await
    }

    /// Leaves the daemon in its hold.
    pub fn decline(self) {
        self.handle.leave();
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// `>NEED-OK:Need 'NAME' confirmation MSG:text`
#[derive(Debug)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NeedOkRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    #[cfg_attr(feature = "serde", serde(flatten))]
    need: NeedOk,
}

impl NeedOkRequest {
    pub(crate) fn new(handle: Handle, need: NeedOk) -> Self {
        Self { handle, need }
    }

    /// What is to be confirmed, as `token-insertion-request`.
    #[must_use]
    pub fn name(&self) -> &Text {
        &self.need.name
    }

    /// The text for the user.
    #[must_use]
    pub fn message(&self) -> &Text {
        &self.need.text
    }

    /// `needok NAME ok`
    pub async fn ok(self) -> Result<()> {
        self.handle.settle(&command::NeedOk::ok(&self.need.name)).await
    }

    /// `needok NAME cancel`
    pub async fn cancel(self) -> Result<()> {
        self.handle.settle(&command::NeedOk::cancel(&self.need.name)).await
    }

    /// `needok NAME "answer"`: another answer, of at most 127 bytes, as OpenVPN for Android's `NOACTION` and
    /// `OPEN_BEFORE_CLOSE`; see [`Client::needok_with`](crate::Client::needok_with).
    pub async fn answer(self, answer: impl AsRef<[u8]>) -> Result<()> {
        self.handle.settle(&command::NeedOk::with(&self.need.name, answer)).await
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// `>NEED-STR:Need 'NAME' string MSG:text`
#[derive(Debug)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct NeedStrRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    #[cfg_attr(feature = "serde", serde(flatten))]
    need: NeedStr,
}

impl NeedStrRequest {
    pub(crate) fn new(handle: Handle, need: NeedStr) -> Self {
        Self { handle, need }
    }

    /// What is needed, as `pkcs11-id-request`.
    #[must_use]
    pub fn name(&self) -> &Text {
        &self.need.name
    }

    /// The text for the user.
    #[must_use]
    pub fn message(&self) -> &Text {
        &self.need.text
    }

    /// `needstr NAME "text"`, with at most 256 bytes.
    pub async fn answer(self, text: impl Into<Secret>) -> Result<()> {
        self.handle.settle(&command::NeedStr::new(&self.need.name, text)).await
    }

    /// Leaves the daemon waiting.
    pub fn decline(self) {
        self.handle.leave();
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// `>NEED-CERTIFICATE:hint` (`management-external-cert`)
#[derive(Debug)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct CertificateRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    #[cfg_attr(feature = "serde", serde(flatten))]
    need: NeedCertificate,
}

impl CertificateRequest {
    pub(crate) fn new(handle: Handle, need: NeedCertificate) -> Self {
        Self { handle, need }
    }

    /// Which certificate, in the configuration's own words, as `macosx-keychain:subject:o=OpenVPN-TEST`.
    #[must_use]
    pub fn hint(&self) -> &Text {
        &self.need.hint
    }

    /// `certificate`, PEM lines, `END`.
    pub async fn answer(self, pem: &str) -> Result<()> {
        self.answer_by_ref(pem).await
    }

    pub(crate) async fn answer_by_ref(&self, pem: &str) -> Result<()> {
        self.handle.settle(&Certificate::new(pem)).await
    }

    /// Leaves the daemon waiting.
    pub fn decline(self) {
        self.handle.leave();
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// `>INFOMSG:CR_TEXT:flags:text`: the server wants a response before it lets this client in.
#[derive(Debug)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ChallengeRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    text: Text,
    echo: bool,
    response_required: bool,
}

impl ChallengeRequest {
    pub(crate) fn new(handle: Handle, text: Text, echo: bool, response_required: bool) -> Self {
        Self { handle, text, echo, response_required }
    }

    /// The text for the user.
    #[must_use]
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// Whether the response may be shown while it is typed.
    #[must_use]
    pub fn echo(&self) -> bool {
        self.echo
    }

    /// Whether a response is wanted at all; else the text is only to be shown.
    #[must_use]
    pub fn response_required(&self) -> bool {
        self.response_required
    }

    /// Waits until the daemon takes the request back (it asks anew, restarts or ends).
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn withdrawn(&self) {
        self.handle.state().closed().await;
    }

    /// `cr-response BASE64`, with at most 192 bytes; base64 is done here.
    pub async fn answer(self, response: impl Into<Secret>) -> Result<()> {
        self.answer_by_ref(&response.into()).await
    }

    pub(crate) async fn answer_by_ref(&self, response: &Secret) -> Result<()> {
        self.handle.settle(&CrResponse::new(response)).await
    }

    /// Gives no response.
    pub fn decline(self) {
        self.handle.leave();
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}
