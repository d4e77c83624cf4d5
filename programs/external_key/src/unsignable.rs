//! [`Unsignable`]: why a request cannot be signed with a key.

use crate::hash::Hash;

/// Why a request cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsignable {
    /// The name of a hash that this program has not, cut where it is long.
    #[error("the hash {0:?} is not known; SHA1, SHA256, SHA384 and SHA512 are")]
    Hash(String),
    /// No PSS signature with this hash fits into the key's modulus.
    #[error("a key of {bits} bits is too short for PSS with {hash:?}")]
    Key { bits: usize, hash: Hash },
    /// A salt that does not fit beside the hash.
    #[error("a salt of {bytes} bytes is asked for; with {hash:?} this key takes {most} at most")]
    Salt { bytes: u64, most: usize, hash: Hash },
}

impl Unsignable {
    pub(crate) fn hash(name: &[u8]) -> Self {
        /// Longer than any name of a hash, in characters.
        const SHOWN: usize = 32;
        Self::Hash(String::from_utf8_lossy(name).chars().take(SHOWN).collect())
    }
}
