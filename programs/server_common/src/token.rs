//! Words that nobody can guess.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 192 bits of a cryptographic generator, as 32 characters safe in a URL.
#[must_use]
pub fn unguessable() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}
