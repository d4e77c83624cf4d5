//! What a client asks its manager on the way, and what it makes of the answers.

use std::fmt::Write as _;

use super::token::PIN;
use super::{AUTH, KEY};
use crate::daemon::Daemon;
use crate::daemon::end::NO_CERTIFICATE;
use crate::daemon::prompt::{Answer, Question};
use crate::set_up::AuthRetry;

/// The password of a private key in a simulation.
pub(crate) const KEY_PASSWORD: &str = "sesame";

impl Daemon {
    pub(in crate::daemon) fn ask_for_credentials(&mut self) {
        if !self.set_up.query_passwords || self.tunnel.username.is_some() {
            return;
        }
        let alone = self.set_up.username_only
            && self.personality.asks_for_username_alone()
            && self.settings.client_version >= 4;
        let what = if alone { "username" } else { "username/password" };
        let mut text = format!(">PASSWORD:Need '{AUTH}' {what}");
        let challenge = self.set_up.static_challenge.as_ref();
        if let Some(challenge) = challenge.filter(|_| !self.tunnel.was_challenged) {
            write!(text, " SC:{},{}", u8::from(challenge.echo), challenge.text).ok();
        }
        self.ask(Question::credentials(alone), text);
    }

    pub(in crate::daemon) fn ask_for_remote(&mut self) {
        if self.set_up.query_remote {
            let remote = self.tunnel.remote();
            let text = format!(">REMOTE:{},{},{}", remote.host, remote.port, remote.proto);
            self.ask(Question::Remote, text);
        }
    }

    pub(in crate::daemon) fn ask_for_proxy(&mut self) {
        if self.set_up.query_proxy && !self.set_up.query_remote {
            let remote = self.tunnel.changed.clone().unwrap_or_else(|| self.tunnel.remote());
            let proto = if remote.proto.starts_with("tcp") { "TCP" } else { "UDP" };
            let text = format!(">PROXY:{},{proto},{}", self.tunnel.current + 1, remote.host);
            self.ask(Question::Proxy, text);
        }
    }

    pub(in crate::daemon) fn ask_for_certificate(&mut self) {
        if let Some(hint) = &self.set_up.external_cert {
            let text = format!(">NEED-CERTIFICATE:{hint}");
            self.ask(Question::Certificate, text);
        }
    }

    pub(in crate::daemon) fn ask_for_key_password(&mut self) {
        if self.set_up.key_password && !self.tunnel.has_key {
            let question = Question::Secret { kind: KEY, username: false, password: true };
            self.ask(question, format!(">PASSWORD:Need '{KEY}' password"));
        }
    }

    pub(in crate::daemon) fn ask_for_signature(&mut self) {
        if self.set_up.pkcs11 {
            return self.ask_for_pin();
        }
        if self.set_up.external_key.is_none() {
            return;
        }
        let version = self.settings.client_version;
        let (prompt, command) =
            if version <= 1 { ("RSA_SIGN", "rsa-sign") } else { ("PK_SIGN", "pk-sign") };
        let algorithm = if version >= 3 { self.signature_algorithm() } else { "" };
        let text = format!(">{prompt}:{DIGEST}{algorithm}");
        self.ask(Question::Signature { command }, text);
    }

    fn signature_algorithm(&self) -> &'static str {
        let formats = self.set_up.external_key.as_deref().unwrap_or_default();
        if formats.contains("pss") {
            ",RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest"
        } else if formats.contains("nopadding") {
            ",RSA_NO_PADDING"
        } else {
            ",RSA_PKCS1_PADDING"
        }
    }

    /// Goes on with what the manager answered.
    pub(in crate::daemon) fn take_answer(&mut self) {
        let Some(prompt) = self.prompt.take() else { return };
        match prompt.question {
            Question::Secret { kind: KEY, .. } => return self.try_key(&prompt.answer),
            Question::Secret { kind: PIN, .. } => return self.try_pin(&prompt.answer),
            Question::Secret { .. } => {
                self.tunnel.username = prompt.answer.username;
                self.tunnel.password = prompt.answer.password;
                self.tunnel.was_challenged = false;
            }
            Question::Str { .. } => return self.find_identity(prompt.answer.password),
            Question::Ok { .. } => return self.was_confirmed(&prompt.answer),
            Question::Signature { command } => {
                self.say(succeeded(command));
                if !is_signature(prompt.answer.password.as_deref()) {
                    return self.restart("tls-error", Some(1));
                }
            }
            Question::Certificate => {
                self.say(succeeded("certificate"));
                let text = prompt.answer.password.unwrap_or_default();
                if !text.starts_with("-----BEGIN CERTIFICATE-----") {
                    return self.fatal(NO_CERTIFICATE);
                }
            }
            Question::Hold | Question::Remote | Question::Proxy => {}
        }
        self.proceed();
    }

    fn try_key(&mut self, answer: &Answer) {
        if answer.password.as_deref() == Some(KEY_PASSWORD) {
            self.tunnel.has_key = true;
            return self.proceed();
        }
        if self.personality.tells_wrong_key_password() {
            self.say(format!(">PASSWORD:Verification Failed: '{KEY}'"));
        }
        self.has_no_key();
    }

    /// Ends or starts again without a private key.
    pub(in crate::daemon) fn has_no_key(&mut self) {
        if self.settings.auth_retry == AuthRetry::None {
            return self.fatal("Error: private key password verification failed");
        }
        self.restart("private-key-password-failure", Some(1));
    }
}

/// Whether it could be one: the shortest, of an elliptic curve, has over 64 bytes.
fn is_signature(base64: Option<&str>) -> bool {
    base64.is_some_and(|text| text.len() > 88)
}

fn succeeded(command: &str) -> String {
    format!("SUCCESS: {command} command succeeded")
}

/// What a simulated client has signed, a SHA-256 digest in base64.
const DIGEST: &str = "07TiqRh2CGKMkDZdRhT4xVWN+2uFomCI+9u68RWC4IA=";

impl Daemon {
    /// Asks for the next server.
    pub(in crate::daemon) fn skip_remotes(&mut self, count: usize) {
        self.tunnel.next_remote(count);
        self.plan.push_front(crate::daemon::flow::Stage::Remote);
        self.answered();
    }

    /// Dials another server in place of this one.
    pub(in crate::daemon) fn change_remote(&mut self, host: String, port: String) {
        let proto = self.tunnel.remote().proto;
        self.tunnel.changed = Some(crate::set_up::Remote { host, port, proto });
    }

    /// The server that is dialled.
    pub(in crate::daemon) fn current_remote(&self) -> crate::set_up::Remote {
        self.tunnel.changed.clone().unwrap_or_else(|| self.tunnel.remote())
    }
}
