//! Answers to what the daemon asks.

use crate::daemon::Daemon;
use crate::daemon::prompt::{Prompt, Question};
use crate::daemon::tunnel::ID;

/// Which part of an answer a command gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Username,
    Password,
    Str,
    Ok,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Password => "password",
            Self::Str => "needstr-string",
            Self::Ok => "needok-confirmation",
        }
    }

    /// The kind of what is asked for, where this part of it is.
    fn is_needed(self, question: &Question) -> Option<&str> {
        match (self, question) {
            (Self::Username, Question::Secret { kind, username: true, .. })
            | (Self::Password, Question::Secret { kind, password: true, .. })
            | (Self::Str, Question::Str { kind }) => Some(kind),
            (Self::Ok, Question::Ok { kind }) => Some(kind),
            _ => None,
        }
    }
}

impl Daemon {
    pub(super) fn prompt_command(&mut self, name: &str, rest: &[&str]) -> bool {
        match (name, rest) {
            ("username", [kind, text, ..]) => self.enter_text(Part::Username, kind, text),
            ("password", [kind, text, ..]) => self.enter_text(Part::Password, kind, text),
            ("password", [kind]) => self.refuse_long_password(kind),
            ("needstr", [kind, text, ..]) => self.enter_text(Part::Str, kind, text),
            ("needok", [kind, text, ..]) => self.enter_text(Part::Ok, kind, text),
            // Without a block, because none was asked for: its lines run as commands.
            ("pk-sig" | "rsa-sig" | "certificate", _) => {
                self.say(format!("ERROR: The {name} command is not currently available"));
            }
            ("pkcs11-id-count", _) => {
                let count = u8::from(self.set_up.pkcs11);
                self.say(format!(">PKCS11ID-COUNT:{count}"));
            }
            ("pkcs11-id-get", [index, ..]) => self.identity(crate::daemon::text::atoi(index)),
            _ => return false,
        }
        true
    }

    /// Takes a part of an answer, or says why not.
    fn enter_text(&mut self, part: Part, kind: &str, text: &str) {
        if let Some(refusal) = self.unneeded(part, kind) {
            return self.say(refusal);
        }
        if let Some(prompt) = &mut self.prompt {
            prompt.enter(part, text);
        }
        self.say(format!("SUCCESS: '{kind}' {} entered, but not yet verified", part.name()));
    }

    /// Why a part of an answer is not taken.
    fn unneeded(&self, part: Part, kind: &str) -> Option<String> {
        let name = part.name();
        match self.question().and_then(|question| part.is_needed(question)) {
            None => Some(format!("ERROR: no {name} is currently needed at this time")),
            Some(needed) if needed != kind => Some(format!(
                "ERROR: {name} of type '{kind}' entered, but we need one of type '{needed}'"
            )),
            Some(_) => None,
        }
    }

    /// A password that should follow in lines.
    fn refuse_long_password(&mut self, kind: &str) {
        let refusal = if self.settings.client_version < 5 {
            Some("ERROR: the 'password' command requires 2 parameters".to_owned())
        } else {
            self.unneeded(Part::Password, kind)
        };
        if let Some(refusal) = refusal {
            self.say(refusal);
        }
    }

    /// The type of a password that may follow in lines.
    pub(in crate::daemon) fn long_password_kind(&self) -> Option<&str> {
        let known = self.personality.takes_long_passwords() && self.settings.client_version >= 5;
        self.question().filter(|_| known).and_then(|question| Part::Password.is_needed(question))
    }

    /// Takes the password of a block.
    pub(super) fn long_password(&mut self, kind: &str, password: &str) {
        self.enter_text(Part::Password, kind, password);
    }

    fn identity(&mut self, index: i64) {
        if self.set_up.pkcs11 && index == 0 {
            self.say(format!(">PKCS11ID-ENTRY:'0', ID:'{ID}', BLOB:'MIIDHjCCAgagAwIBAgIU'"));
        } else {
            self.say(format!(">PKCS11ID-ENTRY:'{index}'"));
        }
    }
}

impl Prompt {
    fn enter(&mut self, part: Part, text: &str) {
        match part {
            Part::Username => self.answer.username = Some(text.to_owned()),
            Part::Password | Part::Str | Part::Ok => self.answer.password = Some(text.to_owned()),
        }
        let filled = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        self.answer.is_done = match &self.question {
            Question::Secret { username, password, .. } => {
                // An empty password is one, an empty user name is none.
                (!username || filled(&self.answer.username))
                    && (!password || self.answer.password.is_some())
            }
            _ => filled(&self.answer.password),
        };
    }
}
