//! `status`.

use crate::daemon::clock::civil;
use crate::daemon::text::atoi;
use crate::daemon::{Daemon, Mode};
use crate::personality::Personality;

const CLIENTS: [&str; 12] = [
    "Common Name",
    "Real Address",
    "Virtual Address",
    "Virtual IPv6 Address",
    "Bytes Received",
    "Bytes Sent",
    "Connected Since",
    "Connected Since (time_t)",
    "Username",
    "Client ID",
    "Peer ID",
    "Data Channel Cipher",
];

/// Where a daemon stops for good: a row that is as long.
const CUT: usize = 512;

const ROUTES: [&str; 5] =
    ["Virtual Address", "Common Name", "Real Address", "Last Ref", "Last Ref (time_t)"];

impl Daemon {
    pub(super) fn status(&mut self, version: Option<&str>) {
        let lines = match (self.set_up.mode, atoi(version.unwrap_or_default())) {
            (Mode::Server, 0 | 1) => self.status_in_words(),
            (Mode::Server, 2) => self.status_in_rows(","),
            (Mode::Server, 3) => self.status_in_rows("\t"),
            (Mode::Server, _) => {
                return self.say("ERROR: bad status format version number");
            }
            // It has one form.
            _ => self.tunnel_status(),
        };
        for line in up_to_cut(lines) {
            self.say(line);
        }
    }

    /// Writes the status into the log, as SIGUSR2 asks for.
    pub(in crate::daemon) fn log_status(&mut self) {
        let lines =
            if self.is(Mode::Server) { self.status_in_words() } else { self.tunnel_status() };
        for line in up_to_cut(lines) {
            self.log("I", &line);
        }
    }

    fn tunnel_status(&self) -> Vec<String> {
        let (bytes_in, bytes_out) = (self.tunnel.bytes_in, self.tunnel.bytes_out);
        vec![
            "OpenVPN STATISTICS".to_owned(),
            format!("Updated,{}", civil(self.clock.unix())),
            "TUN/TAP read bytes,0".to_owned(),
            "TUN/TAP write bytes,0".to_owned(),
            format!("TCP/UDP read bytes,{bytes_in}"),
            format!("TCP/UDP write bytes,{bytes_out}"),
            "Auth read bytes,0".to_owned(),
            "END".to_owned(),
        ]
    }

    fn status_in_words(&self) -> Vec<String> {
        let mut lines = vec![
            "OpenVPN CLIENT LIST".to_owned(),
            format!("Updated,{}", civil(self.clock.unix())),
            "Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since".to_owned(),
        ];
        for row in self.client_rows() {
            let [name, address, _, _, received, sent, since, ..] = &row;
            lines.push([name.as_str(), address, received, sent, since].join(","));
        }
        lines.push("ROUTING TABLE".to_owned());
        lines.push("Virtual Address,Common Name,Real Address,Last Ref".to_owned());
        for row in self.route_rows() {
            let [address, name, real, last, _] = &row;
            lines.push([address.as_str(), name, real, last].join(","));
        }
        lines.extend(["GLOBAL STATS", "Max bcast/mcast queue length,0", "END"].map(str::to_owned));
        lines
    }

    fn status_in_rows(&self, separator: &str) -> Vec<String> {
        let now = self.clock.unix();
        let row = |words: &[&str]| words.join(separator);
        let mut lines = vec![
            row(&["TITLE", self.personality.title()]),
            row(&["TIME", &civil(now), &now.to_string()]),
            row(&[&["HEADER", "CLIENT_LIST"], &CLIENTS[..]].concat()),
        ];
        let clients = self.client_rows().into_iter();
        lines.extend(clients.map(|row| format!("CLIENT_LIST{separator}{}", row.join(separator))));
        lines.push(row(&[&["HEADER", "ROUTING_TABLE"], &ROUTES[..]].concat()));
        let routes = self.route_rows().into_iter();
        lines.extend(routes.map(|row| format!("ROUTING_TABLE{separator}{}", row.join(separator))));
        lines.push(row(&["GLOBAL_STATS", "Max bcast/mcast queue length", "0"]));
        if self.personality >= Personality::V2_6 {
            lines.push(row(&["GLOBAL_STATS", "dco_enabled", "0"]));
        }
        lines.push("END".to_owned());
        lines
    }

    fn client_rows(&self) -> Vec<[String; 12]> {
        self.clients.rows(self.set_up.tcp)
    }

    fn route_rows(&self) -> Vec<[String; 5]> {
        self.clients.routes(self.set_up.tcp)
    }
}

/// What a daemon says of these lines.
fn up_to_cut(lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().take_while(|line| line.len() < CUT)
}
