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

use openvpn_mgmt::server::{PasswordTry, Received, ReceivedCommand};

use super::text::from_bytes;
use super::{Daemon, RECEIVED};

/// What a command says of its parameters: how many it needs, and whether there may be more.
#[derive(Clone, Copy)]
enum Needs {
    Exactly(usize),
    AtLeast(usize),
}

impl Daemon {
    /// Takes a line of the manager, with its block.
    pub(super) fn received(&mut self, received: &Received) {
        match received.command() {
            ReceivedCommand::ManagementPassword(PasswordTry::Right) => {
                self.take_server_output();
                return self.welcome();
            }
            ReceivedCommand::ManagementPassword(_) => return,
            ReceivedCommand::Unreadable(problem) => {
                self.say(format!("ERROR: {}", from_bytes(&problem.answer())));
            }
            _ => {}
        }
        self.keep(received);
        self.log_command(received);
        let parameters: Vec<String> = received.parameters().into_iter().map(from_bytes).collect();
        let words: Vec<&str> = parameters.iter().map(String::as_str).collect();
        let block: Option<Vec<String>> =
            received.block().map(|lines| lines.map(from_bytes).collect());
        match (words.as_slice(), block) {
            ([..], _) if self.is_scripted(received) => {}
            ([name, rest @ ..], Some(lines)) => self.block(name, rest, &lines),
            ([name, rest @ ..], None) => self.command(name, rest),
            ([], _) => {}
        }
    }

    /// Says what was scripted for a line, if something was.
    fn is_scripted(&mut self, received: &Received) -> bool {
        let line = String::from_utf8_lossy(received.line());
        let mut scripted = self.scripted.iter();
        let Some((_, lines)) = scripted.find(|(start, _)| line.starts_with(start)) else {
            return false;
        };
        for line in lines.clone() {
            self.say(line);
        }
        true
    }

    /// Keeps the lines for whoever asks for them.
    fn keep(&mut self, received: &Received) {
        if self.received.len() >= RECEIVED {
            return;
        }
        let text = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
        self.received.push(text(received.line()));
        if let Some(lines) = received.block() {
            self.received.extend(lines.map(text));
            self.received.push("END".to_owned());
        }
    }

    fn log_command(&mut self, received: &Received) {
        let was_logged =
            self.link.as_mut().is_some_and(|link| std::mem::take(&mut link.is_block_logged));
        if was_logged && received.block().is_some() || received.line() == b"load-stats" {
            return;
        }
        let line = from_bytes(received.line());
        let hidden = received.is_logged_without_parameters();
        let line = if hidden { "password [...]" } else { &line };
        self.log("D", &format!("MANAGEMENT: CMD '{line}'"));
    }

    /// Logs the line that a block began with: a daemon does not wait for its end.
    pub(super) fn log_open_block(&mut self) {
        let Some(manager) = self.link.as_mut().filter(|manager| !manager.is_block_logged) else {
            return;
        };
        let Some(line) = manager.server.open_block().map(from_bytes) else { return };
        manager.is_block_logged = true;
        let shown = if line.starts_with("password") { "password [...]" } else { &line };
        self.log("D", &format!("MANAGEMENT: CMD '{shown}'"));
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
