//! What a daemon waits for its manager to answer.

use super::Daemon;
use super::flow::Phase;
use super::link::Link;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// The release of a hold.
    Hold,
    /// A user name, a password, or both.
    Secret { kind: &'static str, username: bool, password: bool },
    /// A text, as the PKCS#11 identity to use.
    Str { kind: &'static str },
    /// A confirmation, as that a token is inserted.
    Ok { kind: String },
    /// Whether to take a server.
    Remote,
    /// By which proxy.
    Proxy,
    /// A certificate.
    Certificate,
    /// A signature, asked for by this name.
    Signature { command: &'static str },
}

/// What was entered so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    /// All of it is there.
    pub(super) is_done: bool,
}

/// A question that waits, and is repeated to every manager that comes.
#[derive(Clone, Debug)]
pub(super) struct Prompt {
    pub(super) question: Question,
    pub(super) text: String,
    /// It was said to a manager: the next one hears it behind the greeting.
    pub(super) was_said: bool,
    pub(super) answer: Answer,
}

impl Daemon {
    /// Asks, and waits for the answer.
    pub(super) fn ask(&mut self, question: Question, text: String) {
        self.phase = if question == Question::Hold { Phase::Hold } else { Phase::Asking };
        if self.link.is_none() {
            let what = match &question {
                Question::Hold => "hold release",
                Question::Signature { .. } | Question::Certificate => "information",
                _ => "password(s)",
            };
            self.log("", &format!("Need {what} from management interface, waiting..."));
        }
        let answer = Answer::default();
        self.prompt = Some(Prompt { question, text, was_said: false, answer });
        self.say_prompt();
    }

    /// Says a prompt that nobody has heard, when a manager is there.
    pub(super) fn say_prompt(&mut self) {
        let heard = self.link.as_ref().is_some_and(Link::is_verified);
        if let Some(prompt) = self.prompt.as_mut().filter(|prompt| heard && !prompt.was_said) {
            prompt.was_said = true;
            let text = prompt.text.clone();
            self.say(text);
        }
    }

    /// The question that waits.
    pub(super) fn question(&self) -> Option<&Question> {
        self.prompt.as_ref().map(|prompt| &prompt.question)
    }

    /// Marks the question as answered.
    pub(super) fn answered(&mut self) {
        if let Some(prompt) = &mut self.prompt {
            prompt.answer.is_done = true;
        }
    }

    /// As [`answered`](Self::answered), with the lines of a block.
    pub(super) fn answered_with(&mut self, text: String) {
        if let Some(prompt) = &mut self.prompt {
            prompt.answer.password = Some(text);
        }
        self.answered();
    }
}
