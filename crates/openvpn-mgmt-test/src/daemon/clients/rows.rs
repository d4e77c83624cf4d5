//! Clients as rows of `status`.

use super::{Clients, Member, Standing};
use crate::daemon::clock::civil;

impl Clients {
    pub(in crate::daemon) fn rows(&self, tcp: bool) -> Vec<[String; 12]> {
        self.members.values().map(|member| self.row(member, tcp)).collect()
    }

    fn row(&self, member: &Member, tcp: bool) -> [String; 12] {
        let address = member.address.map(|address| address.to_string()).unwrap_or_default();
        // Until the cipher is agreed on, the one of the configuration is shown, which has none.
        let cipher = if member.address.is_some() { "AES-256-GCM" } else { "BF-CBC" };
        [
            member.common_name().to_owned(),
            self.real_address(member, tcp),
            address,
            String::new(),
            member.bytes_in.to_string(),
            member.bytes_out.to_string(),
            civil(member.since),
            member.since.to_string(),
            member.client.username.clone().unwrap_or_else(|| "UNDEF".to_owned()),
            member.cid.to_string(),
            "0".to_owned(),
            cipher.to_owned(),
        ]
    }

    pub(in crate::daemon) fn routes(&self, tcp: bool) -> Vec<[String; 5]> {
        let members = self.members.values();
        let members = members.filter(|m| matches!(m.standing, Standing::In | Standing::Leaving));
        members.flat_map(|member| self.routes_to(member, tcp)).collect()
    }

    fn routes_to(&self, member: &Member, tcp: bool) -> impl Iterator<Item = [String; 5]> {
        let address = member.address.map(|address| address.to_string());
        let route = move |address| {
            [
                address,
                member.common_name().to_owned(),
                self.real_address(member, tcp),
                civil(member.since),
                member.since.to_string(),
            ]
        };
        let networks = member.networks.iter().map(|network| network.in_status(self.personality));
        address.into_iter().chain(networks).map(route)
    }

    fn real_address(&self, member: &Member, tcp: bool) -> String {
        let transport = match (self.personality.names_transport(), tcp) {
            (false, _) => "",
            (true, false) => "udp4:",
            (true, true) => "tcp4-server:",
        };
        format!("{transport}127.0.0.1:{}", member.port)
    }
}
