//! Reads a configuration from the words of a conversation.

use super::{AuthRetry, Mode, Remote, Server, SetUp, StaticChallenge};

/// A word of a set-up is none, or lacks what belongs behind it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no set-up of a daemon: {word:?}")]
pub struct SetUpError {
    word: String,
}

impl SetUp {
    /// Reads a list with commas, e.g. `server, hold, client-auth`.
    ///
    /// # Errors
    /// A word is none of a set-up, or lacks what belongs behind it.
    pub fn parse(list: &str) -> Result<Self, SetUpError> {
        Self::from_words(list.split(','))
    }

    /// Reads words that were taken apart already.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_words<I>(words: I) -> Result<Self, SetUpError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut set_up = Self::default();
        for word in words {
            let word = word.as_ref().trim();
            if !word.is_empty() {
                set_up.add(word).ok_or_else(|| SetUpError { word: word.to_owned() })?;
            }
        }
        // Whoever is asked for one of them is asked for a password too.
        set_up.query_passwords |= set_up.static_challenge.is_some() || set_up.username_only;
        Ok(set_up)
    }

    /// Adds what one word says.
    fn add(&mut self, word: &str) -> Option<()> {
        let (name, rest) = word.split_once(' ').unwrap_or((word, ""));
        if rest.is_empty() && self.switch(name) {
            return Some(());
        }
        match (name, rest) {
            ("external-key", formats) => self.external_key = Some(formats.to_owned()),
            (_, "") => return None,
            ("password", secret) => self.password = Some(secret.to_owned()),
            ("external-cert", hint) => self.external_cert = Some(hint.to_owned()),
            ("echo", text) => self.echo.push(text.to_owned()),
            ("verb", level) => self.verb = level.parse().ok()?,
            ("log-history", size) => self.log_history = size.parse().ok()?,
            ("auth-retry", how) => self.auth_retry = AuthRetry::parse(how.as_bytes())?,
            ("static-challenge", rest) => self.static_challenge = Some(static_challenge(rest)?),
            ("remote", rest) => self.remotes.push(remote(rest)?),
            _ => return None,
        }
        Some(())
    }

    /// Sets what a word without anything behind it says; whether it is one.
    fn switch(&mut self, word: &str) -> bool {
        let flag = match word {
            "client" => return self.is(Mode::Client),
            "server" => return self.is(Mode::Server),
            "point-to-point" => return self.is(Mode::PointToPoint),
            "refused" => return self.meets(Server::Refuses),
            "unreachable" => return self.meets(Server::Silent),
            "hold" => &mut self.hold,
            "query-passwords" => &mut self.query_passwords,
            "private-key-password" => &mut self.key_password,
            "query-remote" => &mut self.query_remote,
            "query-proxy" => &mut self.query_proxy,
            "up-down" => &mut self.up_down,
            "forget-disconnect" => &mut self.forget_disconnect,
            "signal" => &mut self.signal,
            "client-auth" => &mut self.client_auth,
            "client-pf" => &mut self.client_pf,
            "pkcs11" => &mut self.pkcs11,
            "tcp" => &mut self.tcp,
            "renews-keys" => &mut self.renews_keys,
            "auth-token" => &mut self.auth_token,
            "username-only" => &mut self.username_only,
            "no-client-cert" => &mut self.no_client_cert,
            _ => return false,
        };
        *flag = true;
        true
    }

    fn is(&mut self, mode: Mode) -> bool {
        self.mode = mode;
        true
    }

    fn meets(&mut self, server: Server) -> bool {
        self.server = server;
        true
    }
}

fn static_challenge(rest: &str) -> Option<StaticChallenge> {
    let (kind, text) = rest.split_once(' ')?;
    let echo = match kind {
        "echo" => true,
        "hidden" => false,
        _ => return None,
    };
    Some(StaticChallenge { echo, text: text.to_owned() })
}

fn remote(rest: &str) -> Option<Remote> {
    let mut words = rest.split_whitespace().map(str::to_owned);
    let remote = Remote { host: words.next()?, port: words.next()?, proto: words.next()? };
    words.next().is_none().then_some(remote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_list() {
        let list = "client, hold, password s3 cret, static-challenge echo Your PIN, verb 4, \
                    remote vpn.example 443 tcp-client, auth-retry interact";
        let set_up = SetUp::parse(list).unwrap();
        assert_eq!(set_up.mode, Mode::Client);
        assert!(set_up.hold && set_up.query_passwords);
        assert_eq!(set_up.password.as_deref(), Some("s3 cret"));
        assert_eq!(set_up.static_challenge.unwrap().text, "Your PIN");
        assert_eq!((set_up.verb, set_up.auth_retry), (4, AuthRetry::Interact));
        assert_eq!(set_up.remotes[0].port, "443");
    }

    #[test]
    fn names_the_word_it_does_not_know() {
        let error = SetUp::parse("server, fly").unwrap_err();
        assert_eq!(error.to_string(), "no set-up of a daemon: \"fly\"");
        for list in ["password", "verb x", "remote a 1", "hold x", "static-challenge x y"] {
            assert!(SetUp::parse(list).is_err(), "{list}");
        }
    }
}
