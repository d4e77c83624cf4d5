//! What a manager decides about the clients of a server.

use std::net::Ipv4Addr;

use super::Standing;
use super::client::base64;
use super::network::Network;
use crate::daemon::text::{from_bytes, push_bytes};
use crate::daemon::{Daemon, Mode};

use super::life::{HAND_WINDOW, LET_GO};

/// The longest text that reaches a waiting client, in bytes.
const EXTRA: usize = 255;

/// What was decided about a client.
#[derive(Debug)]
pub(super) enum Verdict {
    Admit(Vec<String>),
    Deny(Option<String>),
}

impl Daemon {
    /// `client-auth` and `client-auth-nt`.
    pub(in crate::daemon) fn admit(&mut self, cid: u64, kid: u64, lines: &[String]) {
        self.decide("client-auth", cid, kid, Verdict::Admit(lines.to_vec()));
    }

    /// `client-deny`.
    pub(in crate::daemon) fn deny(&mut self, cid: u64, kid: u64, reason: Option<&str>) {
        self.decide("client-deny", cid, kid, Verdict::Deny(reason.map(str::to_owned)));
    }

    /// Takes a decision, which has its effect when all commands of a read are done.
    fn decide(&mut self, command: &str, cid: u64, kid: u64, verdict: Verdict) {
        if !self.serves_managers(command) {
            return;
        }
        if !self.takes(cid, kid) {
            return self.say(format!("ERROR: {command} command failed"));
        }
        self.say(format!("SUCCESS: {command} command succeeded"));
        self.clients.decided.push((cid, verdict));
    }

    /// Does what was decided.
    pub(in crate::daemon) fn act_on_decisions(&mut self) {
        for (cid, verdict) in std::mem::take(&mut self.clients.decided) {
            match verdict {
                Verdict::Admit(lines) => self.admitted(cid, &lines),
                Verdict::Deny(reason) => self.refuse(cid, reason.as_deref()),
            }
        }
    }

    fn admitted(&mut self, cid: u64, lines: &[String]) {
        if let Some(word) = lines.iter().find_map(|line| inline_file(line)) {
            // The begin of a file that does not end, which ends the daemon.
            self.client_gone(cid);
            return self.fatal(&format!("ERROR: Endtag </{word}> missing"));
        }
        let standing = self.standing(cid);
        if standing != Some(Standing::Waiting) {
            return;
        }
        if lines.iter().any(|line| line.trim() == "disable") {
            return self.refuse(cid, None);
        }
        self.configure(cid, lines);
        self.let_in(cid);
    }

    /// Takes what a block says of the client.
    fn configure(&mut self, cid: u64, lines: &[String]) {
        for line in lines {
            let line = line.trim().trim_start_matches("--");
            if let Some(rest) = line.strip_prefix("ifconfig-push ") {
                let address = rest.split_whitespace().next().and_then(|word| word.parse().ok());
                self.set_address(cid, address);
            } else if let Some(network) = line.strip_prefix("iroute ").and_then(Network::parse) {
                if let Some(member) = self.clients.members.get_mut(&cid) {
                    member.networks.push(network);
                }
            } else if let Some(option) = line.strip_prefix("push ") {
                let option = option.trim().trim_matches('"');
                self.push(cid, option);
            }
        }
    }

    fn set_address(&mut self, cid: u64, address: Option<Ipv4Addr>) {
        if let Some(member) = self.clients.members.get_mut(&cid) {
            member.address = address;
        }
    }

    fn push(&mut self, cid: u64, option: &str) {
        let text = option.strip_prefix("echo ").filter(|text| !text.contains(','));
        if let (Some(text), Some(name)) = (text, self.client_name(cid)) {
            let line = format!(">ECHO:{},{text}", self.clock.unix());
            self.clients.hears(&name, line);
        }
    }

    fn refuse(&mut self, cid: u64, reason: Option<&str>) {
        let Some(member) = self.clients.members.get_mut(&cid) else { return };
        let name = member.client.name.clone();
        let was_waiting = member.standing == Standing::Waiting;
        // One that is in is turned out the same way, and one that was refused is as before.
        let is_out = was_waiting || member.standing == Standing::Refused;
        member.standing = if is_out { Standing::Refused } else { Standing::Leaving };
        self.schedule(cid, LET_GO);
        self.clients.hears(
            &name,
            match reason {
                Some(reason) => format!(">PASSWORD:Verification Failed: 'Auth' ['{reason}']"),
                None => ">PASSWORD:Verification Failed: 'Auth'".to_owned(),
            },
        );
        if was_waiting {
            self.answer_challenge(cid, reason);
        }
    }

    /// A client that was denied with a challenge comes again with the response.
    fn answer_challenge(&mut self, cid: u64, reason: Option<&str>) {
        let challenge = reason.and_then(|reason| reason.strip_prefix("CRV1:"));
        let mut parts = challenge.unwrap_or_default().splitn(4, ':').skip(1);
        let (Some(state), Some(user)) = (parts.next(), parts.next()) else { return };
        let client = self.clients.members.get(&cid).map(|member| member.client.clone());
        let Some((mut client, response)) =
            client.and_then(|client| client.response.clone().map(|response| (client, response)))
        else {
            return;
        };
        client.username = Some(decode(user).unwrap_or_default());
        client.password = Some(format!("CRV1::{state}::{response}"));
        client.response = None;
        self.client_connects(client).ok();
    }

    /// `client-pending-auth`.
    pub(in crate::daemon) fn ask_client(
        &mut self,
        cid: u64,
        kid: Option<u64>,
        extra: &str,
        timeout: u64,
    ) {
        if !self.serves_managers("client-pending-auth") {
            return;
        }
        let found = kid.map_or(self.clients.members.contains_key(&cid), |kid| self.takes(cid, kid));
        let Some(name) = self.client_name(cid).filter(|_| found) else {
            return self.say(self.personality.pending_auth_failed());
        };
        self.say("SUCCESS: client-pending-auth command succeeded");
        if self.personality.shows_auth_pending() {
            let line = format!(">STATE:{},AUTH_PENDING,timeout {timeout},,,,,", self.clock.unix());
            self.clients.hears(&name, line);
        }
        if extra.len() <= EXTRA || !self.personality.shows_auth_pending() {
            self.clients.hears(&name, format!(">INFOMSG:{extra}"));
        }
        self.schedule(cid, timeout.max(HAND_WINDOW));
        let member = self.clients.members.get_mut(&cid);
        let response = member.and_then(|member| member.client.response.take());
        if let Some(response) = response.filter(|_| extra.starts_with("CR_TEXT:")) {
            self.respond(cid, &base64(&response));
        }
    }

    /// `client-kill`: the client is told at once, and let go of later.
    pub(in crate::daemon) fn client_kill(&mut self, cid: u64, message: &str) {
        if !self.serves_managers("client-kill") {
            return;
        }
        let Some(name) = self.client_name(cid) else {
            return self.say("ERROR: client-kill command failed");
        };
        let (what, text) = message.split_once(',').unwrap_or((message, ""));
        let word =
            if what == "HALT" { "server-pushed-halt" } else { "server-pushed-connection-reset" };
        self.clients.hears(&name, format!(">NOTIFY:info,{word},{text}"));
        let state = if what == "HALT" { "EXITING" } else { "RECONNECTING" };
        let line = format!(">STATE:{},{state},{word},,,,,", self.clock.unix());
        self.clients.hears(&name, line);
        if let Some(member) = self.clients.members.get_mut(&cid) {
            if member.standing == Standing::In {
                member.standing = Standing::Leaving;
            }
        }
        self.schedule(cid, LET_GO);
        self.say("SUCCESS: client-kill command succeeded");
    }

    /// `client-pf`.
    pub(in crate::daemon) fn filter_packets(&mut self, cid: u64, lines: &[String]) {
        if !self.serves_managers("client-pf") {
            return;
        }
        let known = self.clients.members.contains_key(&cid);
        let whole = lines.first().is_some_and(|line| line.starts_with('['))
            && lines.last().is_some_and(|line| line == "[END]");
        self.say(if known && whole {
            "SUCCESS: client-pf command succeeded"
        } else {
            "ERROR: client-pf command failed"
        });
    }

    /// Whether commands about clients are known now; else they are refused.
    fn serves_managers(&mut self, command: &str) -> bool {
        let serves = self.is(Mode::Server) && self.is_open;
        if !serves {
            self.say(self.personality.unsupported(command));
        }
        serves
    }
}

/// The word of a line that is one word in angle brackets, which a daemon takes for a file's begin.
fn inline_file(line: &str) -> Option<&str> {
    let word = line.trim().trim_start_matches("--").trim_matches('"');
    word.strip_prefix('<')?.strip_suffix('>').filter(|word| !word.contains(' '))
}

/// A text of base64, as bytes.
fn decode(text: &str) -> Option<String> {
    use base64ct::{Base64, Encoding as _};
    let mut bytes = Vec::new();
    push_bytes(&mut bytes, text);
    let decoded = Base64::decode_vec(std::str::from_utf8(&bytes).ok()?).ok()?;
    Some(from_bytes(&decoded))
}
