//! [`Key`]: a private key read from PEM.

use std::path::Path;

use ::rsa::RsaPrivateKey;
use ::rsa::pkcs1::DecodeRsaPrivateKey as _;
use anyhow::{Context as _, Result, bail};
use openvpn_mgmt::events::SignAlgorithm;
use p256::pkcs8::{DecodePrivateKey as _, EncodePublicKey};
use x509_cert::Certificate;
use x509_cert::der::{DecodePem as _, Encode as _};
use zeroize::Zeroizing;

use crate::{ecdsa, rsa};

/// A private key this program can sign with.
pub(crate) enum Key {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl Key {
    /// Reads a PEM file: PKCS#8, or the older form of its kind.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let pem = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the key {}", file.display()))?;
        Self::from_pem(&Zeroizing::new(pem)).with_context(|| format!("{}", file.display()))
    }

    fn from_pem(pem: &str) -> Result<Self> {
        if let Ok(key) = RsaPrivateKey::from_pkcs8_pem(pem) {
            return Ok(Self::Rsa(Box::new(key)));
        }
        if let Ok(key) = RsaPrivateKey::from_pkcs1_pem(pem) {
            return Ok(Self::Rsa(Box::new(key)));
        }
        let p256 = p256::SecretKey::from_pkcs8_pem(pem);
        if let Ok(key) = p256.or_else(|_| p256::SecretKey::from_sec1_pem(pem)) {
            return Ok(Self::P256(key.into()));
        }
        let p384 = p384::SecretKey::from_pkcs8_pem(pem);
        if let Ok(key) = p384.or_else(|_| p384::SecretKey::from_sec1_pem(pem)) {
            return Ok(Self::P384(key.into()));
        }
        bail!("no RSA, P-256 or P-384 private key in PEM, without a password")
    }

    /// What kind of key it is, in words.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RSA",
            Self::P256(_) => "P-256",
            Self::P384(_) => "P-384",
        }
    }

    /// Fails where the certificate is for another key: the server would reject every
    /// signature, and the daemon could not say why.
    pub(crate) fn check_belongs_to(&self, certificate: &str) -> Result<()> {
        let certificate =
            Certificate::from_pem(certificate).context("the certificate is not PEM")?;
        let certified = certificate.tbs_certificate.subject_public_key_info.to_der()?;
        if self.public_key()? != certified {
            bail!("the private key does not belong to the certificate");
        }
        Ok(())
    }

    /// Signs, and tells how.
    pub(crate) fn sign(
        &self,
        data: &[u8],
        is_message: bool,
        algorithm: Option<&SignAlgorithm>,
    ) -> Result<(Vec<u8>, String)> {
        match self {
            Self::Rsa(key) => rsa::sign(key, data, is_message, algorithm),
            Self::P256(key) => {
                ecdsa::sign::<p256::ecdsa::DerSignature>(key, data, is_message, algorithm)
            }
            Self::P384(key) => {
                ecdsa::sign::<p384::ecdsa::DerSignature>(key, data, is_message, algorithm)
            }
        }
    }

    /// `SubjectPublicKeyInfo`, as it stands in a certificate.
    fn public_key(&self) -> Result<Vec<u8>> {
        let der = match self {
            Self::Rsa(key) => key.to_public_key().to_public_key_der(),
            Self::P256(key) => key.verifying_key().to_public_key_der(),
            Self::P384(key) => key.verifying_key().to_public_key_der(),
        };
        Ok(der?.into_vec())
    }
}
