//! [`KeySigner`]: signs what the daemon asks for, and shows it.

use std::time::Instant;

use openvpn_mgmt::events::SignAlgorithm;
use openvpn_mgmt::handler::{BoxError, Signer};
use tokio::sync::mpsc;

use crate::key::Key;
use crate::screen::show;

/// Signs with one key. A failure is also sent to whoever waits for the tunnel, because the
/// daemon would go on waiting for the signature.
pub(crate) struct KeySigner {
    key: Key,
    failures: mpsc::UnboundedSender<anyhow::Error>,
}

impl KeySigner {
    pub(crate) fn new(key: Key) -> (Self, mpsc::UnboundedReceiver<anyhow::Error>) {
        let (failures, failed) = mpsc::unbounded_channel();
        (Self { key, failures }, failed)
    }
}

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
        match self.key.sign(data, is_message, algorithm) {
            Ok((signature, how)) => {
                let milliseconds = started.elapsed().as_secs_f64() * 1e3;
                show(format!("  signed: {how}; {} bytes, {milliseconds:.1} ms", signature.len()));
                Ok(signature)
            }
            Err(error) => {
                let text = format!("cannot sign: {error:#}");
                self.failures.send(error.context("cannot sign")).ok();
                Err(text.into())
            }
        }
    }
}
