//! `signal`.

use crate::daemon::Daemon;
use crate::daemon::end::Signal;
use crate::daemon::flow::Phase;

impl Daemon {
    pub(super) fn signal(&mut self, name: &str) {
        let Some(signal) = Signal::parse(name) else {
            return self.say(format!("ERROR: signal '{name}' is not a known signal type"));
        };
        if self.phase == Phase::Hold && signal.restarts() {
            return self.ignore(name);
        }
        self.say(format!("SUCCESS: signal {name} thrown"));
        self.thrown = Some(signal);
    }

    /// A hold takes no restart, and repeats its prompt.
    fn ignore(&mut self, name: &str) {
        if self.personality.refuses_ignored_signals() {
            self.say(format!("ERROR: signal '{name}' is currently ignored"));
        }
        if let Some(prompt) = &self.prompt {
            let text = prompt.text.clone();
            self.say(text);
        }
    }
}
