//! [`Padding`]: how an RSA signature is to be padded, as the daemon says or as its data tells.

use std::fmt;

use anyhow::{Result, bail};
use openvpn_mgmt::events::{SaltLength, SignAlgorithm};

use crate::hash::Hash;
use crate::unsignable::Unsignable;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// The data is padded already, and as long as the key's modulus.
    None,
    /// PKCS#1 v1.5. The data is a `DigestInfo`, or a message where there is a hash.
    Pkcs1(Option<Hash>),
    /// PSS. The data is a digest, or a message.
    Pss(Hash, SaltLength),
}

impl Padding {
    /// As the daemon says, from `announce_version(3)` on.
    pub(crate) fn told(algorithm: &SignAlgorithm) -> Result<Self> {
        Ok(match algorithm {
            SignAlgorithm::RsaNoPadding => Self::None,
            SignAlgorithm::RsaPkcs1Padding { hash, .. } => {
                let hash = hash.as_ref().map(|hash| Hash::named(hash.as_bytes()));
                Self::Pkcs1(hash.transpose()?)
            }
            SignAlgorithm::RsaPkcs1PssPadding { hash, salt_length, .. } => {
                Self::Pss(Hash::named(hash.as_bytes())?, *salt_length)
            }
            other => bail!("an RSA key cannot sign {other}"),
        })
    }

    /// As the data tells: older versions of the protocol do not say, but want all three.
    ///
    /// OpenVPN 2.5 sends data that is padded, or a `DigestInfo`; later versions send a `DigestInfo`,
    /// or a bare digest to be padded with PSS, whose salt is as long in TLS as the digest.
    pub(crate) fn guessed(data: &[u8], modulus: usize) -> Result<Self> {
        /// `SEQUENCE`, which a padded block, whose first bit is 0, may start with by chance: so
        /// the length is looked at first.
        const DIGEST_INFO: u8 = 0x30;
        if data.len() == modulus {
            return Ok(Self::None);
        }
        if let Some(hash) = Hash::of_length(data.len()) {
            return Ok(Self::Pss(hash, SaltLength::Digest));
        }
        let body = data.strip_prefix(&[DIGEST_INFO]).and_then(|rest| rest.split_first());
        if body.is_some_and(|(length, body)| usize::from(*length) == body.len()) {
            return Ok(Self::Pkcs1(None));
        }
        bail!(
            "{} bytes of data and no word how to pad them: announce version 3, or leave `digest` \
             out of management-external-key",
            data.len()
        )
    }

    /// Bytes of a PSS salt, for a key whose modulus has so many bits.
    ///
    /// # Errors
    /// [`Unsignable`]: the padded digest has to fit into the modulus. The RSA library looks at
    /// that only after it has made the salt, however long.
    pub(crate) fn salt(hash: Hash, length: SaltLength, modulus_bits: usize) -> Result<usize> {
        // As long as EM of RFC 8017, 9.1.1, less its two bytes of its own.
        let encoded = modulus_bits.saturating_sub(1).div_ceil(8);
        let most = encoded.checked_sub(hash.length() + 2);
        let most = most.ok_or(Unsignable::Key { bits: modulus_bits, hash })?;
        let bytes = match length {
            SaltLength::Digest | SaltLength::Auto => hash.length(),
            SaltLength::Max => most,
            SaltLength::Bytes(bytes) => usize::try_from(bytes)?,
            other => bail!("the salt length {other} is not known"),
        };
        if bytes > most {
            return Err(Unsignable::Salt { bytes: u64::try_from(bytes)?, most, hash }.into());
        }
        Ok(bytes)
    }
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("RSA, padded already"),
            Self::Pkcs1(_) => f.write_str("RSA, PKCS#1 padding"),
            Self::Pss(hash, salt) => write!(f, "RSA, PSS padding ({hash:?}, salt {salt})"),
        }
    }
}
