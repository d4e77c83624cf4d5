//! The words of `daemon:`, as options of real daemons.

use anyhow::{Result, bail, ensure};
use lab::{ClientOptions, KeyKind, Lab, Process, Proto, ServerOptions};

/// What unlocks the key of `private-key-password`.
pub const KEY_PASSWORD: &str = "sesame";

/// How the daemon of a conversation is set up.
#[derive(Clone, Debug)]
pub struct SetUp {
    words: Vec<String>,
}

impl SetUp {
    pub fn new(words: &[String]) -> Result<Self> {
        ensure!(
            matches!(words.first().map(String::as_str), Some("client" | "server")),
            "{words:?}"
        );
        Ok(Self { words: words.to_vec() })
    }

    pub fn is_server(&self) -> bool {
        self.has("server")
    }

    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    /// The server of a conversation with it.
    pub fn server(&self) -> Result<ServerOptions> {
        let mut options = ServerOptions::new();
        for flag in self.words.iter().skip(1) {
            let (word, rest) = flag.split_once(' ').unwrap_or((flag, ""));
            options = match (word, rest) {
                ("hold" | "client-auth", "") => options,
                ("password", secret) => options.management_password(secret),
                ("tcp", "") => options.tcp(),
                ("renews-keys", "") => options.renews_keys(),
                ("auth-token", "") => options.line("auth-gen-token"),
                ("no-client-cert", "") => {
                    options.auth_user_pass_optional().line("verify-client-cert none\nduplicate-cn")
                }
                ("verb", level) => options.verb(level.parse()?),
                ("log-history", lines) => options.line(&format!("management-log-cache {lines}")),
                ("echo", text) => options.line(&format!("echo {text}")),
                ("signal", "") => options.line("management-signal"),
                _ => bail!("`{flag}` is no set-up of a server"),
            };
        }
        let options = if self.has("hold") { options } else { options.without_hold() };
        Ok(if self.has("client-auth") { options } else { options.without_client_auth() })
    }

    /// The client of a conversation with it, and the server it dials, if there is one.
    pub fn client(&self, lab: &Lab, server: Option<&Process>) -> Result<ClientOptions> {
        let mut options = ClientOptions::new().common_name("alice");
        if !self.has("hold") {
            options = options.without_hold();
        }
        if !self.asks_for_credentials() {
            options = options.without_auth_user_pass();
        }
        for flag in self.words.iter().skip(1) {
            options = client_option(options, lab, flag)?;
        }
        let port = server.and_then(Process::port).unwrap_or(9);
        let proto = if self.has("tcp") { Proto::Tcp } else { Proto::Udp };
        Ok(options.remote("127.0.0.1", port, proto))
    }

    fn asks_for_credentials(&self) -> bool {
        self.has("query-passwords")
            || self.words.iter().any(|word| word.starts_with("static-challenge"))
    }

    /// The server a client dials; none where nobody is to answer.
    pub fn server_beside(&self) -> Option<ServerOptions> {
        if self.is_server() || self.has("unreachable") {
            return None;
        }
        let mut options = ServerOptions::new().without_hold();
        if !self.decides() {
            options = options.without_client_auth();
        }
        if self.has("tcp") {
            options = options.tcp();
        }
        if self.has("auth-token") {
            options = options.line("auth-gen-token");
        }
        Some(options)
    }

    /// Whether somebody decides about the client; else it is let in.
    pub fn decides(&self) -> bool {
        self.asks_for_credentials() || self.has("username-only") || self.has("refused")
    }
}

fn client_option(options: ClientOptions, lab: &Lab, flag: &str) -> Result<ClientOptions> {
    let (word, rest) = flag.split_once(' ').unwrap_or((flag, ""));
    Ok(match (word, rest) {
        // What is not the client's own, or said elsewhere.
        ("hold" | "query-passwords" | "refused" | "unreachable" | "tcp" | "auth-token", "") => {
            options
        }
        ("password", secret) => options.management_password(secret),
        ("static-challenge", _) => match rest.split_once(' ') {
            Some(("echo", text)) => options.static_challenge(text, true),
            Some(("hidden", text)) => options.static_challenge(text, false),
            _ => bail!("`{flag}` is neither `echo` nor `hidden`"),
        },
        ("private-key-password", "") => options.key(KeyKind::Encrypted(KEY_PASSWORD.to_owned())),
        ("query-remote", "") => options.query_remote(),
        ("query-proxy", "") => options.query_proxy(),
        ("external-key", formats) => options.key(KeyKind::Rsa).external_key(formats),
        ("external-cert", hint) => options.external_cert(hint),
        ("up-down", "") => options.up_down(),
        ("pkcs11", "") => options.pkcs11(lab.token("alice")?.module()),
        _ => options.line(&client_line(flag, word, rest)?),
    })
}

/// A line of a client's configuration.
fn client_line(flag: &str, word: &str, rest: &str) -> Result<String> {
    Ok(match (word, rest) {
        ("forget-disconnect" | "signal", "") => format!("management-{word}"),
        ("username-only", "") => "auth-user-pass username-only".to_owned(),
        ("log-history", lines) => format!("management-log-cache {lines}"),
        ("auth-retry" | "verb" | "echo" | "remote", _) => flag.to_owned(),
        _ => bail!("`{flag}` is no set-up of a client"),
    })
}
