//! Keys outside the daemon.

use crate::client::Client;
use crate::command::{self, Certificate, PkSig, RsaSig};
use crate::error::Result;
use crate::events::{Pkcs11IdCount, Pkcs11IdEntry};

/// Keys outside the daemon: signatures, certificates, PKCS#11 tokens.
impl Client {
    /// `pk-sig`, base64 lines, `END`: answers `>PK_SIGN:`; base64 is done here. OpenVPN 2.5.
    ///
    /// The reply may come late; no other command is sent meanwhile.
    #[doc(alias = "pk-sig")]
    pub async fn pk_sig(&self, signature: impl AsRef<[u8]>) -> Result<()> {
        self.send(&PkSig::new(signature.as_ref())).await
    }

    /// `rsa-sig`, base64 lines, `END`: answers `>RSA_SIGN:`; base64 is done here.
    ///
    /// Deprecated by OpenVPN since 2.5 in favour of [`pk_sig`](Self::pk_sig); for programs that announce version 1.
    #[doc(alias = "rsa-sig")]
    pub async fn rsa_sig(&self, signature: impl AsRef<[u8]>) -> Result<()> {
        self.send(&RsaSig::new(signature.as_ref())).await
    }

    /// `certificate`, PEM lines, `END`: answers `>NEED-CERTIFICATE:`.
    ///
    /// The reply may come late; no other command is sent meanwhile.
    pub async fn certificate(&self, pem: &str) -> Result<()> {
        self.send(&Certificate::new(pem)).await
    }

    /// `pkcs11-id-count`: how many identities the PKCS#11 tokens have.
    ///
    /// Sent while the daemon is in its first hold, it ends an OpenVPN 2.6.14 by an assertion: ask
    /// when the daemon asks (`>NEED-STR:Need 'pkcs11-id-request'`).
    #[doc(alias = "pkcs11-id-count")]
    pub async fn pkcs11_id_count(&self) -> Result<Pkcs11IdCount> {
        self.send(&command::Pkcs11IdCount).await
    }

    /// `pkcs11-id-get N`: one identity, from 0; out of range, an entry without ID and certificate.
    ///
    /// Not in the first hold, as [`pkcs11_id_count`](Self::pkcs11_id_count).
    #[doc(alias = "pkcs11-id-get")]
    pub async fn pkcs11_id_get(&self, index: u32) -> Result<Pkcs11IdEntry> {
        self.send(&command::Pkcs11IdGet(index)).await
    }
}
