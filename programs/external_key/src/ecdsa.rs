//! ECDSA signatures, in DER as TLS has them.

use anyhow::{Result, bail};
use openvpn_mgmt::events::SignAlgorithm;
use p256::ecdsa::signature::SignatureEncoding;
use p256::ecdsa::signature::hazmat::PrehashSigner;

use crate::hash::Hash;

/// Signs, and tells how. A digest may be shorter or longer than the curve's own.
pub(crate) fn sign<S: SignatureEncoding>(
    key: &impl PrehashSigner<S>,
    data: &[u8],
    is_message: bool,
    algorithm: Option<&SignAlgorithm>,
) -> Result<(Vec<u8>, String)> {
    let hash = match algorithm {
        Some(SignAlgorithm::Ecdsa { hash, .. }) => hash.as_ref(),
        Some(other) => bail!("an elliptic curve key cannot sign {other}"),
        None => None,
    };
    let digest = match (is_message, hash) {
        (true, Some(hash)) => Hash::named(hash.as_bytes())?.digest(data),
        (true, None) => bail!("a message, and no hash for it"),
        (false, _) => digest(data)?.to_vec(),
    };
    Ok((key.sign_prehash(&digest)?.to_vec(), format!("ECDSA, digest of {} bytes", digest.len())))
}

/// Before version 3 the daemon does not say that it sends a message: no digest is so long.
fn digest(data: &[u8]) -> Result<&[u8]> {
    if Hash::of_length(data.len()).is_none() {
        bail!(
            "{} bytes, which are no digest: announce version 3, or leave `digest` out of \
             management-external-key",
            data.len()
        );
    }
    Ok(data)
}
