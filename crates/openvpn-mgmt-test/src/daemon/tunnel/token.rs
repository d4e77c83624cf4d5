//! A client whose key is on a PKCS#11 token.

use crate::daemon::Daemon;
use crate::daemon::prompt::{Answer, Question};

/// The kind of a prompt for an identity of a token.
const IDENTITY: &str = "pkcs11-id-request";
/// The kind of a prompt for a token that is not there.
const INSERTION: &str = "token-insertion-request";
/// The kind of a prompt for the PIN of the token `lab`.
pub(super) const PIN: &str = "lab token";

/// The identity on the simulated token.
pub(in crate::daemon) const ID: &str = r"SoftHSM\x20project/SoftHSM\x20v2/5d2222fc95175a6a/lab/01";
/// Its PIN.
const RIGHT_PIN: &str = "1234";

impl Daemon {
    pub(in crate::daemon) fn ask_for_token(&mut self) {
        if self.set_up.pkcs11 && self.tunnel.certificate.is_none() {
            let text =
                format!(">NEED-STR:Need '{IDENTITY}' string MSG:Please specify PKCS#11 id to use");
            self.ask(Question::Str { kind: IDENTITY }, text);
        }
    }

    /// Looks for the identity that was named.
    pub(super) fn find_identity(&mut self, id: Option<String>) {
        let id = id.unwrap_or_default();
        let label = match id.split('/').collect::<Vec<_>>().as_slice() {
            [_, _, _, label, _] => Some(label.replace(r"\x20", " ")),
            _ => None,
        };
        match label {
            None => self.has_no_key(),
            Some(_) if id == ID => {
                self.tunnel.certificate = Some(id);
                self.proceed();
            }
            Some(label) => self.ask_for_insertion(&label),
        }
    }

    fn ask_for_insertion(&mut self, label: &str) {
        self.asks_for = Some(label.to_owned());
        let question = Question::Ok { kind: INSERTION.to_owned() };
        let text =
            format!(">NEED-OK:Need '{INSERTION}' confirmation MSG:Please insert {label} token");
        self.ask(question, text);
    }

    /// A confirmation was given: of a token, which is still not there, or of something of a test's.
    pub(super) fn was_confirmed(&mut self, answer: &Answer) {
        match self.asks_for.take() {
            Some(label) if answer.password.as_deref() == Some("ok") => {
                self.ask_for_insertion(&label);
            }
            Some(_) => self.has_no_key(),
            None => self.proceed(),
        }
    }

    pub(super) fn ask_for_pin(&mut self) {
        if !self.tunnel.has_key {
            let question = Question::Secret { kind: PIN, username: false, password: true };
            self.ask(question, format!(">PASSWORD:Need '{PIN}' password"));
        }
    }

    /// A wrong PIN is asked for again.
    pub(super) fn try_pin(&mut self, answer: &Answer) {
        self.tunnel.has_key = answer.password.as_deref() == Some(RIGHT_PIN);
        if self.tunnel.has_key { self.proceed() } else { self.ask_for_pin() }
    }
}
