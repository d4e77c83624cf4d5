//! What a daemon does with a command line, and answers.

mod blocks;
mod clients;
mod counts;
mod general;
mod histories;
mod kill;
mod prompts;
mod remotes;
mod signals;
mod status;

use super::Daemon;
use super::text::from_bytes;
use crate::input;

/// What a command says of its parameters: how many it needs, and whether there may be more.
#[derive(Clone, Copy)]
enum Needs {
    Exactly(usize),
    AtLeast(usize),
}

impl Daemon {
    /// Takes one line of the manager.
    pub(super) fn line(&mut self, line: &str) {
        if self.link.as_ref().is_some_and(|link| !link.verified) {
            return self.try_password(line);
        }
        if self.link.as_ref().is_some_and(|link| link.block.is_some()) {
            return self.block_line(line);
        }
        let bytes: Vec<u8> = line.chars().filter_map(|c| u8::try_from(c).ok()).collect();
        let parameters = match input::parameters(&bytes) {
            Ok(parameters) => parameters,
            Err(answer) => {
                self.say(from_bytes(&answer));
                Vec::new()
            }
        };
        let parameters: Vec<String> = parameters.iter().map(|p| from_bytes(p)).collect();
        let words: Vec<&str> = parameters.iter().map(String::as_str).collect();
        self.log_command(line, words.first().copied());
        if let [name, rest @ ..] = words.as_slice() {
            self.command(name, rest);
        }
    }

    fn try_password(&mut self, line: &str) {
        let right = self.set_up.password.as_deref() == Some(line);
        let Some(manager) = &mut self.link else { return };
        if right {
            manager.verified = true;
            self.say("SUCCESS: password is correct");
            return self.welcome();
        }
        manager.tries += 1;
        manager.halt = manager.tries >= 3;
    }

    fn log_command(&mut self, line: &str, name: Option<&str>) {
        match name {
            Some("password") => self.log("D", "MANAGEMENT: CMD 'password [...]'"),
            _ if line == "load-stats" => {}
            _ => self.log("D", &format!("MANAGEMENT: CMD '{line}'")),
        }
    }

    fn command(&mut self, name: &str, rest: &[&str]) {
        if self.is_unknown(name) {
            return self.say(self.personality.unknown_command(name));
        }
        if let Some(needs) = self.needs(name) {
            if let Some(refusal) = lacking(name, rest, needs) {
                return self.say(refusal);
            }
        }
        if needs_tunnel(name) && !self.is_open {
            return self.say(self.personality.unsupported(name));
        }
        let known = self.general(name, rest)
            || self.client_command(name, rest)
            || self.prompt_command(name, rest)
            || self.tunnel_command(name, rest);
        debug_assert!(known, "{name} has no answer");
    }

    fn is_unknown(&self, name: &str) -> bool {
        match name {
            "client-pf" => !self.personality.filters_packets(),
            "remote-entry-count" | "remote-entry-get" => !self.personality.lists_remotes(),
            "push-update-broad" | "push-update-cid" => !self.personality.pushes_updates(),
            _ => !NAMES.contains(&name),
        }
    }

    /// How many parameters a command needs, where it says so.
    fn needs(&self, name: &str) -> Option<Needs> {
        Some(match name {
            "signal" | "kill" | "cr-response" | "bytecount" | "pkcs11-id-get" | "test"
            | "client-pf" | "push-update-broad" => Needs::Exactly(1),
            "password" if self.personality.takes_long_passwords() => Needs::AtLeast(1),
            "client-pending-auth" if self.personality.pending_auth_takes_kid() => Needs::Exactly(4),
            "username"
            | "password"
            | "needok"
            | "needstr"
            | "client-auth"
            | "client-auth-nt"
            | "client-pending-auth"
            | "push-update-cid" => Needs::Exactly(2),
            "log" | "echo" | "client-kill" | "remote-entry-get" | "proxy" | "remote" => {
                Needs::AtLeast(1)
            }
            "client-deny" => Needs::AtLeast(3),
            _ => return None,
        })
    }
}

/// Whether a command is refused where there is no tunnel, before its parameters are looked at.
fn needs_tunnel(name: &str) -> bool {
    let entries =
        ["remote-entry-count", "remote-entry-get", "push-update-broad", "push-update-cid"];
    let others = ["status", "kill", "net", "nclients", "remote", "proxy", "cr-response"];
    entries.contains(&name) || others.contains(&name)
}

/// What a command is answered that lacks parameters.
fn lacking(name: &str, rest: &[&str], needs: Needs) -> Option<String> {
    let (count, at_least) = match needs {
        Needs::Exactly(count) => (count, ""),
        Needs::AtLeast(count) => (count, "at least "),
    };
    let plural = if count > 1 { "s" } else { "" };
    (rest.len() < count).then(|| {
        format!("ERROR: the '{name}' command requires {at_least}{count} parameter{plural}")
    })
}

/// Every command that all releases know.
const NAMES: [&str; 44] = [
    "auth-retry",
    "bytecount",
    "certificate",
    "client-auth",
    "client-auth-nt",
    "client-deny",
    "client-kill",
    "client-pending-auth",
    "cr-response",
    "echo",
    "env-filter",
    "exit",
    "forget-passwords",
    "help",
    "hold",
    "kill",
    "load-stats",
    "log",
    "mute",
    "nclients",
    "needok",
    "needstr",
    "net",
    "password",
    "pid",
    "pk-sig",
    "pkcs11-id-count",
    "pkcs11-id-get",
    "proxy",
    "quit",
    "remote",
    "rsa-sig",
    "signal",
    "state",
    "status",
    "test",
    "username",
    "verb",
    "version",
    // Not of every release, and asked for before this list is looked at.
    "client-pf",
    "remote-entry-count",
    "remote-entry-get",
    "push-update-broad",
    "push-update-cid",
];
