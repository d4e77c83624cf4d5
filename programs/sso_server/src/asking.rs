//! Who asks to be let in.

use std::net::IpAddr;

use openvpn_mgmt::Text;
use openvpn_mgmt::handler::Attempt;

/// The longest that is kept, and shown, of what a client sent, in characters.
const LONGEST: usize = 80;

/// Who asks, in the words that are shown; what a client sent is in them as it came, but cut.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asking {
    /// What the client says; nobody has looked whether it is true.
    pub(crate) username: String,
    /// The common name of its certificate, which the daemon has verified; often empty.
    pub(crate) certificate: String,
    pub(crate) address: String,
    /// What the client says of itself.
    pub(crate) software: String,
}

impl Asking {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        let env = attempt.env();
        let known = |text: Option<Text>| text.map(|text| text.to_string()).unwrap_or_default();
        let ip = address(attempt).map(|ip| ip.to_string());
        Self {
            username: cut(&known(attempt.username().ok().flatten())),
            certificate: cut(&known(attempt.common_name().ok().flatten())),
            address: ip.unwrap_or_else(|| "unknown".to_owned()),
            software: cut(&format!("OpenVPN {} on {}", known(env.iv_ver()), known(env.iv_plat()))),
        }
    }
}

/// Where a client connects from.
pub(crate) fn address(attempt: &Attempt) -> Option<IpAddr> {
    attempt.env().untrusted_ip().ok().flatten()
}

/// The beginning of a long text, with a mark that it goes on.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_looks_so() {
        assert_eq!(cut(&"ä".repeat(80)), "ä".repeat(80));
        assert_eq!(cut(&"ä".repeat(81)), "ä".repeat(80) + "…");
    }
}
