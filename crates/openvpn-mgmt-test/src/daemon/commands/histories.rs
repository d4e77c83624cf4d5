//! `state`, `log` and `echo`.

use crate::daemon::Daemon;
use crate::daemon::text::atoi;

impl Daemon {
    pub(super) fn history_command(&mut self, name: &str, rest: &[&str]) {
        if rest.is_empty() {
            // Only `state` gets this far without a parameter.
            return self.history(name, "1");
        }
        for word in rest.iter().take(2) {
            self.history(name, word);
        }
    }

    fn history(&mut self, name: &str, word: &str) {
        let count = atoi(word);
        match word {
            "on" | "off" => self.notify(name, word == "on"),
            "all" => self.look_back(name, usize::MAX),
            _ if count > 0 => self.look_back(name, usize::try_from(count).unwrap_or(usize::MAX)),
            _ => self.say(format!(
                "ERROR: {name} parameter must be 'on' or 'off' or some number n or 'all'"
            )),
        }
    }

    fn notify(&mut self, name: &str, on: bool) {
        if let Some(link) = &mut self.link {
            match name {
                "state" => link.state_on = on,
                "log" => link.log_on = on,
                _ => link.echo_on = on,
            }
        }
        let word = if on { "ON" } else { "OFF" };
        self.say(format!("SUCCESS: real-time {name} notification set to {word}"));
    }

    fn look_back(&mut self, name: &str, count: usize) {
        let history = match name {
            "state" => &self.state,
            "log" => &self.log,
            _ => &self.echo,
        };
        let lines: Vec<String> = history.last(count).cloned().collect();
        for line in lines {
            self.say(line);
        }
        self.say("END");
    }
}
