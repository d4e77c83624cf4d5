//! What a daemon says: lines to its manager, its log, its states.

use super::link::Link;
use super::text::push_bytes;
use super::{Daemon, Mode};

impl Daemon {
    /// Says a line to the manager; to nobody where there is none, or its password is not known.
    pub(super) fn say(&mut self, line: impl AsRef<str>) {
        if self.link.as_ref().is_some_and(Link::is_verified) {
            push_bytes(&mut self.out, line.as_ref());
            self.out.extend_from_slice(b"\r\n");
        }
    }

    /// Says the greeting, and a prompt that was said before.
    pub(super) fn welcome(&mut self) {
        self.say(format!(
            ">INFO:OpenVPN Management Interface Version {} -- type 'help' for more info",
            self.personality.management_version()
        ));
        if let Some(prompt) = self.prompt.as_ref().filter(|prompt| prompt.was_said) {
            let text = prompt.text.clone();
            self.say(text);
        }
    }

    /// Says a line of the log, kept for later and shown with `log on`.
    pub(super) fn log(&mut self, flags: &str, text: &str) {
        let line = format!("{},{flags},{text}", self.clock.unix());
        if self.link.as_ref().is_some_and(|link| link.log_on) {
            self.say(format!(">LOG:{line}"));
        }
        self.log.add(line);
    }

    /// Enters a state: `rest` is what follows its name.
    pub(super) fn state(&mut self, name: &str, rest: &str) {
        // A server knows nothing of what clients go through.
        if self.is(Mode::Server) && matches!(name, "WAIT" | "AUTH" | "GET_CONFIG") {
            return;
        }
        let line = format!("{},{name},{rest}", self.clock.unix());
        if self.link.as_ref().is_some_and(|link| link.state_on) {
            self.log("", &format!("MANAGEMENT: >STATE:{line}"));
            self.say(format!(">STATE:{line}"));
        }
        self.state.add(line);
    }

    /// Enters a state with a detail and no addresses.
    pub(super) fn plain_state(&mut self, name: &str, detail: &str) {
        self.state(name, &format!("{detail},,,,,"));
    }

    /// Says an `echo` of the configuration or the server.
    pub(super) fn echo(&mut self, text: &str) {
        let line = format!("{},{text}", self.clock.unix());
        if self.link.as_ref().is_some_and(|link| link.echo_on) {
            self.say(format!(">ECHO:{line}"));
        }
        self.echo.add(line);
    }
}
