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

const ROUTES: [&str; 5] =
    ["Virtual Address", "Common Name", "Real Address", "Last Ref", "Last Ref (time_t)"];

impl Daemon {
    pub(super) fn status(&mut self, version: Option<&str>) {
        let version = atoi(version.unwrap_or_default());
        if !self.is(Mode::Server) {
            return self.tunnel_status();
        }
        match version {
            0 | 1 => self.status_in_words(),
            2 => self.status_in_rows(","),
            3 => self.status_in_rows("\t"),
            _ => self.say("ERROR: bad status format version number"),
        }
    }

    fn tunnel_status(&mut self) {
        let (bytes_in, bytes_out) = (self.tunnel.bytes_in, self.tunnel.bytes_out);
        self.say("OpenVPN STATISTICS");
        self.say(format!("Updated,{}", civil(self.clock.unix())));
        self.say("TUN/TAP read bytes,0");
        self.say("TUN/TAP write bytes,0");
        self.say(format!("TCP/UDP read bytes,{bytes_in}"));
        self.say(format!("TCP/UDP write bytes,{bytes_out}"));
        self.say("Auth read bytes,0");
        self.say("END");
    }

    fn status_in_words(&mut self) {
        self.say("OpenVPN CLIENT LIST");
        self.say(format!("Updated,{}", civil(self.clock.unix())));
        self.say("Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since");
        for row in self.client_rows() {
            let [name, address, _, _, received, sent, since, ..] = &row;
            self.say([name.as_str(), address, received, sent, since].join(","));
        }
        self.say("ROUTING TABLE");
        self.say("Virtual Address,Common Name,Real Address,Last Ref");
        for row in self.route_rows() {
            let [address, name, real, last, _] = &row;
            self.say([address.as_str(), name, real, last].join(","));
        }
        self.say("GLOBAL STATS");
        self.say("Max bcast/mcast queue length,0");
        self.say("END");
    }

    fn status_in_rows(&mut self, separator: &str) {
        let now = self.clock.unix();
        let row = |words: &[&str]| words.join(separator);
        self.say(row(&["TITLE", self.personality.title()]));
        self.say(row(&["TIME", &civil(now), &now.to_string()]));
        self.say(row(&[&["HEADER", "CLIENT_LIST"], &CLIENTS[..]].concat()));
        for columns in self.client_rows() {
            self.say(format!("CLIENT_LIST{separator}{}", columns.join(separator)));
        }
        self.say(row(&[&["HEADER", "ROUTING_TABLE"], &ROUTES[..]].concat()));
        for columns in self.route_rows() {
            self.say(format!("ROUTING_TABLE{separator}{}", columns.join(separator)));
        }
        self.say(row(&["GLOBAL_STATS", "Max bcast/mcast queue length", "0"]));
        if self.personality >= Personality::V2_6 {
            self.say(row(&["GLOBAL_STATS", "dco_enabled", "0"]));
        }
        self.say("END");
    }

    fn client_rows(&self) -> Vec<[String; 12]> {
        self.clients.rows(self.set_up.tcp)
    }

    fn route_rows(&self) -> Vec<[String; 5]> {
        self.clients.routes(self.set_up.tcp)
    }
}
