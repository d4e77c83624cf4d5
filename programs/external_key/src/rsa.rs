//! RSA signatures: raw, PKCS#1 v1.5, PSS.

use anyhow::{Result, bail};
use openvpn_mgmt::events::SignAlgorithm;
use rsa::hazmat::rsa_decrypt_and_check;
use rsa::rand_core::OsRng;
use rsa::traits::{PublicKeyParts as _, SignatureScheme};
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPrivateKey};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use crate::hash::Hash;
use crate::padding::Padding;

/// Signs, and tells how.
pub(crate) fn sign(
    key: &RsaPrivateKey,
    data: &[u8],
    is_message: bool,
    algorithm: Option<&SignAlgorithm>,
) -> Result<(Vec<u8>, String)> {
    let padding = match algorithm {
        Some(algorithm) => Padding::told(algorithm)?,
        None => Padding::guessed(data, key.size())?,
    };
    Ok((padded(key, padding, data, is_message)?, padding.to_string()))
}

fn padded(key: &RsaPrivateKey, padding: Padding, data: &[u8], is_message: bool) -> Result<Vec<u8>> {
    Ok(match (padding, is_message) {
        (Padding::None, false) => raw(key, data)?,
        (Padding::Pkcs1(_), false) => scheme(key, Pkcs1v15Sign::new_unprefixed(), data)?,
        (Padding::Pkcs1(Some(hash)), true) => scheme(key, pkcs1(hash), &hash.digest(data))?,
        (Padding::Pss(hash, salt), _) => {
            let salt = Padding::salt(hash, salt, key.n().bits())?;
            let digest = if is_message { hash.digest(data) } else { data.to_vec() };
            scheme(key, pss(hash, salt), &digest)?
        }
        (Padding::None | Padding::Pkcs1(None), true) => bail!("a message, and no hash for it"),
    })
}

/// With a random number that hides the key from who measures the time.
fn scheme(key: &RsaPrivateKey, scheme: impl SignatureScheme, data: &[u8]) -> Result<Vec<u8>> {
    Ok(key.sign_with_rng(&mut OsRng, scheme, data)?)
}

fn raw(key: &RsaPrivateKey, data: &[u8]) -> Result<Vec<u8>> {
    if data.len() != key.size() {
        bail!("{} bytes for a key of {} bytes, and no padding", data.len(), key.size());
    }
    let number = rsa_decrypt_and_check(key, Some(&mut OsRng), &BigUint::from_bytes_be(data))?;
    let bytes = number.to_bytes_be();
    let mut signature = vec![0; key.size().saturating_sub(bytes.len())];
    signature.extend(bytes);
    Ok(signature)
}

fn pkcs1(hash: Hash) -> Pkcs1v15Sign {
    match hash {
        Hash::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
        Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
        Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
    }
}

fn pss(hash: Hash, salt: usize) -> Pss {
    match hash {
        Hash::Sha1 => Pss::new_blinded_with_salt::<Sha1>(salt),
        Hash::Sha256 => Pss::new_blinded_with_salt::<Sha256>(salt),
        Hash::Sha384 => Pss::new_blinded_with_salt::<Sha384>(salt),
        Hash::Sha512 => Pss::new_blinded_with_salt::<Sha512>(salt),
    }
}

#[cfg(test)]
mod tests;
