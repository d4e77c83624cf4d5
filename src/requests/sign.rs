//! [`SignRequest`]: a signature by a key outside the daemon.

use crate::command::{PkSig, RsaSig};
use crate::error::Result;
use crate::events::{PkSign, SignAlgorithm, SignCommand};
use crate::requests::handle::Handle;

/// `>PK_SIGN:` or `>RSA_SIGN:` (`management-external-key`)
#[derive(Debug)]
#[must_use]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SignRequest {
    #[cfg_attr(feature = "serde", serde(skip))]
    handle: Handle,
    #[cfg_attr(feature = "serde", serde(flatten))]
    sign: PkSign,
}

impl SignRequest {
    pub(crate) fn new(handle: Handle, sign: PkSign) -> Self {
        Self { handle, sign }
    }

    /// What is to be signed: a digest, padded or not as [`algorithm`](Self::algorithm) says, or a
    /// whole message.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.sign.data
    }

    /// Whether [`data`](Self::data) is a message that is to be hashed first.
    #[must_use]
    pub fn is_message(&self) -> bool {
        self.sign.is_message
    }

    /// How to sign; `None` before `announce_version(3)`, which a program should announce.
    ///
    /// Without it only the data tells: as long as the modulus, it is padded already; a
    /// `DigestInfo`, it wants PKCS#1 padding; as long as a hash, PSS with a salt of that length, or
    /// ECDSA. A whole message cannot be told from these.
    #[must_use]
    pub fn algorithm(&self) -> Option<&SignAlgorithm> {
        self.sign.algorithm.as_ref()
    }

    /// Waits until the daemon takes the request back (it asks anew, restarts or ends).
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn withdrawn(&self) {
        self.handle.state().closed().await;
    }

    /// `pk-sig` or `rsa-sig`, base64 lines, `END`; base64 is done here.
    pub async fn answer(self, signature: impl AsRef<[u8]>) -> Result<()> {
        self.answer_by_ref(signature.as_ref()).await
    }

    pub(crate) async fn answer_by_ref(&self, signature: &[u8]) -> Result<()> {
        match self.sign.command {
            SignCommand::RsaSig => self.handle.settle(&RsaSig::new(signature)).await,
            SignCommand::PkSig => self.handle.settle(&PkSig::new(signature)).await,
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Leaves the daemon waiting.
    pub fn decline(self) {
        self.handle.leave();
    }
}
