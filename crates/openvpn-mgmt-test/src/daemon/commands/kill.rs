//! `kill`.

use std::net::Ipv4Addr;

use crate::daemon::text::atoi;
use crate::daemon::{Daemon, Mode};

/// The longest part of a victim that is read, in bytes.
const PART: usize = 127;

impl Daemon {
    pub(super) fn kill(&mut self, victim: &str) {
        if !self.is(Mode::Server) {
            return self.say(self.personality.unsupported("kill"));
        }
        // Of one that is too long older daemons lose two bytes more.
        let passed = if self.personality.names_transport() { PART } else { PART + 2 };
        let (first, rest) = part(victim, passed);
        let (second, rest) = part(&rest, passed);
        let parts = (first, second, part(&rest, passed).0);
        match (self.personality.names_transport(), parts) {
            (false, (first, second, _)) if !first.is_empty() && !second.is_empty() => {
                self.kill_address(None, &first, &second);
            }
            (true, (proto, first, second))
                if !proto.is_empty() && !first.is_empty() && !second.is_empty() =>
            {
                self.kill_address(Some(&proto), &first, &second);
            }
            (_, (name, ..)) if !name.is_empty() => self.kill_name(&name),
            _ => self.say("ERROR: kill parse"),
        }
    }

    fn kill_name(&mut self, name: &str) {
        let victims = self.clients.named(name);
        for cid in &victims {
            self.client_gone(*cid);
        }
        let killed = victims.len();
        self.say(if killed == 0 {
            format!("ERROR: common name '{name}' not found")
        } else {
            format!("SUCCESS: common name '{name}' found, {killed} client(s) killed")
        });
    }

    fn kill_address(&mut self, proto: Option<&str>, host: &str, port: &str) {
        let Ok(address) = host.parse::<Ipv4Addr>() else {
            return self.say(format!("ERROR: error parsing IP address: {host}"));
        };
        let number = u16::try_from(atoi(port)).ok().filter(|number| *number > 0);
        let prefix = match proto {
            None => Some(""),
            Some("tcp") => Some("tcp-server:"),
            Some("udp") => Some("udp:"),
            Some(_) => None,
        };
        let (Some(number), Some(prefix)) = (number, prefix) else {
            return self.say(match proto {
                None => format!("ERROR: port number is out of range: {port}"),
                Some(proto) => {
                    format!("ERROR: port number or protocol out of range: {port} {proto}")
                }
            });
        };
        let served = proto.is_none_or(|proto| (proto == "tcp") == self.set_up.tcp);
        let victim = self.clients.at(address, number).filter(|_| served);
        if let Some(cid) = victim {
            self.client_gone(cid);
        }
        let place = format!("address {prefix}{address}:{number}");
        self.say(match victim {
            Some(_) => format!("SUCCESS: 1 client(s) at {place} killed"),
            None => format!("ERROR: client at {place} not found"),
        });
    }
}

/// The part that a victim begins with, and what the next is read from: behind its `:`, or where it is too long so many
/// bytes on.
fn part(text: &str, passed: usize) -> (String, String) {
    let (length, next) = match text.chars().take(PART + 1).position(|c| c == ':') {
        Some(length) => (length, length + 1),
        None => (PART, passed),
    };
    (text.chars().take(length).collect(), text.chars().skip(next).collect())
}
