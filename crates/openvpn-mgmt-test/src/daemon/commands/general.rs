//! Commands that every daemon answers at any time.

use crate::daemon::Daemon;
use crate::daemon::text::atoi;
use crate::set_up::AuthRetry;

impl Daemon {
    pub(super) fn general(&mut self, name: &str, rest: &[&str]) -> bool {
        let first = rest.first().copied();
        match name {
            "exit" | "quit" => {
                if let Some(link) = &mut self.link {
                    link.halt = true;
                }
            }
            "help" => self.help(),
            "version" => self.version(first),
            "pid" => self.say(format!("SUCCESS: pid={}", self.pid)),
            "verb" => self.verb(first),
            "mute" => self.mute(first),
            "auth-retry" => self.auth_retry(first),
            "hold" => self.hold_command(first),
            "env-filter" => self.filter_env(first),
            "forget-passwords" => {
                self.forget_passwords();
                self.say("SUCCESS: Passwords were forgotten");
            }
            "test" => self.test(atoi(first.unwrap_or_default())),
            "state" | "log" | "echo" => self.history_command(name, rest),
            "signal" => self.signal(first.unwrap_or_default()),
            "bytecount" => self.byte_count(atoi(first.unwrap_or_default())),
            "load-stats" => self.load_stats(),
            "net" => {
                self.say("ERROR: Sorry, this command is currently only implemented on Windows");
            }
            _ => return false,
        }
        true
    }

    fn help(&mut self) {
        self.say(format!("Management Interface for {}", self.personality.title()));
        for line in self.personality.help() {
            self.say(line);
        }
        self.say("END");
    }

    fn version(&mut self, number: Option<&str>) {
        let Some(number) = number else {
            self.say(format!("OpenVPN Version: {}", self.personality.title()));
            self.say(format!("Management Version: {}", self.personality.management_version()));
            return self.say("END");
        };
        let number = atoi(number);
        self.settings.client_version = number;
        // Others take it without a word.
        if self.personality.answers_client_version() && number > 3 {
            self.say(format!("SUCCESS: Management client version set to {number}"));
        }
    }

    fn verb(&mut self, level: Option<&str>) {
        match level.map(atoi) {
            None => self.say(format!("SUCCESS: verb={}", self.settings.verb)),
            Some(level @ 0..=15) => {
                self.settings.verb = level;
                self.say("SUCCESS: verb level changed");
            }
            Some(_) => self.say("ERROR: verb level is out of range"),
        }
    }

    fn mute(&mut self, level: Option<&str>) {
        match level.map(atoi) {
            None => self.say(format!("SUCCESS: mute={}", self.settings.mute)),
            Some(level @ 0..) => {
                self.settings.mute = level;
                self.say("SUCCESS: mute level changed");
            }
            Some(_) => self.say("ERROR: mute level is out of range"),
        }
    }

    fn auth_retry(&mut self, word: Option<&str>) {
        let Some(word) = word else {
            return self.say(format!("SUCCESS: auth-retry={}", self.settings.auth_retry.name()));
        };
        let Some(how) = AuthRetry::parse(word.as_bytes()) else {
            self.say("--auth-retry method must be 'interact', 'nointeract', or 'none'");
            return self.say("ERROR: bad auth-retry parameter");
        };
        self.settings.auth_retry = how;
        self.say("SUCCESS: auth-retry parameter changed");
    }

    fn hold_command(&mut self, word: Option<&str>) {
        match word {
            None => self.say(format!("SUCCESS: hold={}", u8::from(self.settings.hold))),
            Some("on") => {
                self.settings.hold = true;
                self.say("SUCCESS: hold flag set to ON");
            }
            Some("off") => {
                self.settings.hold = false;
                self.say("SUCCESS: hold flag set to OFF");
            }
            Some("release") => {
                self.settings.released = true;
                self.say("SUCCESS: hold release succeeded");
            }
            Some(_) => self.say("ERROR: bad hold command parameter"),
        }
    }

    fn filter_env(&mut self, level: Option<&str>) {
        let level = atoi(level.unwrap_or_default());
        self.settings.env_filter = level;
        self.say(format!("SUCCESS: env_filter_level={level}"));
    }

    fn test(&mut self, count: i64) {
        for number in 0..count.max(0) {
            self.say(format!(
                "[{number}] The purpose of this command is to generate large amounts of output."
            ));
        }
    }
}
