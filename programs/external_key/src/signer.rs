//! [`KeySigner`]: signs what the daemon asks for, and shows it.

use std::time::Instant;

use anyhow::Context as _;
use openvpn_mgmt::events::SignAlgorithm;
use openvpn_mgmt::handler::{BoxError, Signer};
use program_common::screen::show;

use crate::key::Key;

/// Signs with one key.
pub(crate) struct KeySigner(pub(crate) Key);

impl Signer for KeySigner {
    async fn sign(
        &self,
        data: &[u8],
        is_message: bool,
        algorithm: Option<&SignAlgorithm>,
    ) -> Result<Vec<u8>, BoxError> {
        let what = if is_message { " of message" } else { "" };
        let wanted = algorithm.map_or("not told how".to_owned(), ToString::to_string);
        show(format!("  asked to sign: {wanted}; {} bytes{what}", data.len()));
        let started = Instant::now();
        let signed = self.0.sign(data, is_message, algorithm);
        let (signature, how) = signed.context("cannot sign")?;
        let milliseconds = started.elapsed().as_secs_f64() * 1e3;
        show(format!("  signed: {how}; {} bytes, {milliseconds:.1} ms", signature.len()));
        Ok(signature)
    }
}
