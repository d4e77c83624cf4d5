//! What the server of a simulated client does to it.

use crate::daemon::flow::Phase;
use crate::daemon::text::from_utf8;
use crate::daemon::{ClientError, Daemon};

/// What the server of a simulated client does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerAction {
    /// Lets it in.
    Admits,
    /// Turns it away, with a reason for it or without.
    Denies(Option<String>),
    /// Has it wait, and asks it something.
    Asks(String),
    /// Ends its session: `HALT,text` or `RESTART,text`.
    Kills(String),
    /// Will push this option.
    Pushes(String),
    /// Changes options of a tunnel that is up.
    Updates(String),
}

impl Daemon {
    /// Whether the server of this client has to decide.
    fn is_at_the_door(&self) -> bool {
        self.tunnel.is_waiting && self.phase == Phase::Running
    }

    /// The server of this client does something.
    ///
    /// # Errors
    /// It cannot now: nobody has dialled, or the tunnel is not up.
    pub fn server_does(&mut self, action: &ServerAction) -> Result<(), ClientError> {
        match action {
            ServerAction::Admits if self.is_at_the_door() => self.come_up(),
            ServerAction::Denies(reason) if self.is_at_the_door() => {
                self.ask_for_config();
                self.tunnel.is_waiting = false;
                self.refused(reason.as_deref().map(from_utf8).as_deref());
            }
            ServerAction::Asks(extra) if self.is_at_the_door() => self.is_pending(extra),
            ServerAction::Pushes(option) => self.tunnel.pushed.push(from_utf8(option)),
            ServerAction::Updates(_) if self.tunnel.is_up => self.tell_connected(),
            ServerAction::Kills(message) if self.tunnel.is_up => {
                self.was_killed(&from_utf8(message));
            }
            _ => return Err(ClientError::NotNow),
        }
        self.settle();
        Ok(())
    }

    fn is_pending(&mut self, extra: &str) {
        if self.personality.shows_auth_pending() {
            self.plain_state("AUTH_PENDING", "timeout 60");
        }
        self.say(format!(">INFOMSG:{}", from_utf8(extra)));
    }

    fn was_killed(&mut self, message: &str) {
        let (what, text) = message.split_once(',').unwrap_or((message, ""));
        if what == "HALT" {
            self.say(format!(">NOTIFY:info,server-pushed-halt,{text}"));
            self.take_down();
            self.plain_state("EXITING", "server-pushed-halt");
            return self.end();
        }
        self.say(format!(">NOTIFY:info,server-pushed-connection-reset,{text}"));
        self.restart("server-pushed-connection-reset", Some(1));
    }
}
