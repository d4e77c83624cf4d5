//! Commands about the clients of a server.

use super::remotes::{cid, kid};
use crate::daemon::text::scan;
use crate::daemon::{Daemon, Mode};

impl Daemon {
    pub(super) fn client_command(&mut self, name: &str, rest: &[&str]) -> bool {
        match (name, rest) {
            ("kill", [victim, ..]) => self.kill(victim),
            ("nclients", _) if self.is(Mode::Server) => {
                self.say(format!("SUCCESS: nclients={}", self.clients.count()));
            }
            ("nclients", _) => self.say(self.personality.unsupported("nclients")),
            ("push-update-broad" | "push-update-cid", _) => self.push_update(name, rest),
            _ => {
                let done = self.decision(name, rest);
                return match done {
                    Ok(known) => known,
                    Err(refusal) => {
                        self.say(refusal);
                        true
                    }
                };
            }
        }
        true
    }

    /// Commands that name a client; with what is answered to one that cannot be read.
    fn decision(&mut self, name: &str, rest: &[&str]) -> Result<bool, String> {
        match (name, rest) {
            ("client-auth-nt", [c, k, ..]) => {
                let (cid, kid) = (cid(c)?, kid(k)?);
                self.admit(cid, kid, &[]);
            }
            // Without a block, because these are no numbers.
            ("client-auth", [c, k, ..]) => {
                cid(c)?;
                kid(k)?;
            }
            ("client-deny", [c, k, _, more @ ..]) => {
                let (cid, kid) = (cid(c)?, kid(k)?);
                self.deny(cid, kid, more.first().copied());
            }
            ("client-kill", [c, more @ ..]) => {
                let cid = cid(c)?;
                self.client_kill(cid, more.first().copied().unwrap_or("RESTART"));
            }
            ("client-pf", [c, ..]) => {
                cid(c)?;
            }
            ("client-pending-auth", _) => self.pending_auth(rest)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn pending_auth(&mut self, rest: &[&str]) -> Result<(), String> {
        match rest {
            [c, k, extra, timeout, ..] if self.personality.pending_auth_takes_kid() => {
                let (cid, kid) = (cid(c)?, kid(k)?);
                let timeout = scan(timeout).ok_or("ERROR: cannot parse TIMEOUT")?;
                self.ask_client(cid, Some(kid), extra, timeout);
            }
            [c, extra, ..] => {
                let cid = cid(c)?;
                self.ask_client(cid, None, extra, 60);
            }
            _ => {}
        }
        Ok(())
    }

    fn push_update(&mut self, name: &str, rest: &[&str]) {
        if !self.is(Mode::Server) {
            return self.say(self.personality.unsupported(name));
        }
        let updated = match (name, rest) {
            ("push-update-cid", [c, options, ..]) => {
                let Ok(cid) = cid(c) else {
                    self.say("ERROR: cannot parse CID");
                    return self.say("ERROR: push-update-cid fail during cid parsing");
                };
                self.clients.update(Some(cid), options)
            }
            (_, [options, ..]) => self.clients.update(None, options),
            _ => 0,
        };
        if updated == 0 {
            self.say("ERROR: no client updated");
            return self.say("ERROR: push-update command failed");
        }
        self.say(format!("SUCCESS: {updated} client(s) updated"));
        self.say("SUCCESS: push-update command succeeded");
    }
}
