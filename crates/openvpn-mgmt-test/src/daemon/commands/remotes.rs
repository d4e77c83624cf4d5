//! Commands about a client's way to its server.

use crate::daemon::Daemon;
use crate::daemon::Mode;
use crate::daemon::prompt::Question;
use crate::daemon::text::{atoi, scan};
use crate::set_up::Remote;

/// The longest host of `remote MOD`, in bytes.
const HOST: usize = 79;

impl Daemon {
    pub(super) fn tunnel_command(&mut self, name: &str, rest: &[&str]) -> bool {
        if self.is(Mode::Server) && name != "status" {
            self.say(self.personality.unsupported(name));
            return true;
        }
        match (name, rest) {
            ("status", _) => self.status(rest.first().copied()),
            ("cr-response", _) => self.say("SUCCESS: command succeeded"),
            ("remote", _) => {
                let done = self.remote_command(rest);
                self.report("remote", done);
            }
            ("proxy", _) => {
                let done = self.proxy_command(rest);
                self.report("proxy", done);
            }
            ("remote-entry-count", _) => {
                let count = self.remotes().len();
                self.say(count.to_string());
                self.say("END");
            }
            // It crashes: 2.6.14 and 2.7.8 did.
            ("remote-entry-get", _) if self.is(Mode::PointToPoint) => self.end(),
            ("remote-entry-get", [first, more @ ..]) => self.list_remotes(first, more.first()),
            _ => return false,
        }
        true
    }

    fn report(&mut self, command: &str, done: bool) {
        self.say(if done {
            format!("SUCCESS: {command} command succeeded")
        } else {
            format!("ERROR: {command} command failed")
        });
    }

    fn remote_command(&mut self, rest: &[&str]) -> bool {
        if self.question() != Some(&Question::Remote) {
            return false;
        }
        match rest {
            ["ACCEPT", ..] => {}
            ["SKIP", more @ ..] => {
                let many = more.first().filter(|_| self.personality.skips_many());
                let count = many.map_or(1, |count| atoi(count).max(1));
                self.skip_remotes(usize::try_from(count).unwrap_or(1));
                return true;
            }
            ["MOD", host, port, ..] if host.len() <= HOST => {
                let (host, port) = ((*host).to_owned(), (*port).to_owned());
                self.change_remote(host, port);
            }
            _ => return false,
        }
        self.answered();
        true
    }

    fn proxy_command(&mut self, rest: &[&str]) -> bool {
        let tcp = self.current_remote().proto.starts_with("tcp");
        let done = match rest {
            ["NONE", ..] | ["SOCKS", _, _, ..] => true,
            ["HTTP", _, _, ..] => tcp,
            _ => false,
        };
        // What is no answer ends the question, too.
        if self.question() == Some(&Question::Proxy) {
            self.tunnel.is_proxied = done && rest.first() != Some(&"NONE");
            self.answered();
        }
        done
    }

    fn list_remotes(&mut self, first: &str, to: Option<&&str>) {
        let number = |text: &str| usize::try_from(atoi(text)).unwrap_or(usize::MAX);
        let from = number(first);
        let (from, to) = match first {
            "all" => (0, usize::MAX),
            _ => (from, to.map_or(from.saturating_add(1), |to| number(to))),
        };
        let rows: Vec<String> = self
            .remotes()
            .iter()
            .enumerate()
            .filter(|(index, _)| *index >= from && *index < to)
            .map(|(index, Remote { host, port, proto })| {
                format!("{index},{host},{port},{proto},enabled")
            })
            .collect();
        for row in rows {
            self.say(row);
        }
        self.say("END");
    }
}

/// A CID as a daemon reads it, or what it answers.
pub(super) fn cid(text: &str) -> Result<u64, &'static str> {
    scan(text).ok_or("ERROR: cannot parse CID")
}

/// A KID as a daemon reads it, or what it answers.
pub(super) fn kid(text: &str) -> Result<u64, &'static str> {
    // An unsigned int.
    scan(text).map(|kid| kid & 0xffff_ffff).ok_or("ERROR: cannot parse KID")
}
