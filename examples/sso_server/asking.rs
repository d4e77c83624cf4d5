//! Who asks to be let in.

use openvpn_mgmt::Text;
use openvpn_mgmt::handler::Attempt;

/// Who asks, in the words that are shown; what a client sent is in them as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asking {
    pub(crate) username: String,
    pub(crate) address: String,
    /// What the client says of itself.
    pub(crate) software: String,
}

impl Asking {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        let env = attempt.env();
        let known = |text: Option<&Text>| text.map(ToString::to_string).unwrap_or_default();
        let ip = env.untrusted_ip().ok().flatten().map(|ip| ip.to_string());
        Self {
            username: known(attempt.username()),
            address: ip.unwrap_or_else(|| "unknown".to_owned()),
            software: format!("OpenVPN {} on {}", known(env.iv_ver()), known(env.iv_plat())),
        }
    }
}
