//! A client of a simulated server, as a test describes it.

use crate::daemon::text::from_utf8;

/// A client that connects to a simulated server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub(super) name: String,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) has_certificate: bool,
    pub(super) peer_info: Vec<(String, String)>,
    pub(super) response: Option<String>,
    pub(super) same_port: bool,
}

impl Client {
    /// A client with this name in its certificate and as its user name, and the password `secret`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: from_utf8(name),
            username: Some(from_utf8(name)),
            password: Some("secret".to_owned()),
            has_certificate: true,
            peer_info: Vec::new(),
            response: None,
            same_port: false,
        }
    }

    /// The user name and password it sends.
    #[must_use]
    pub fn with(mut self, username: &str, password: &str) -> Self {
        self.username = Some(from_utf8(username));
        self.password = Some(from_utf8(password));
        self
    }

    /// The password it sends.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(from_utf8(password));
        self
    }

    /// It sends no user name and password; the server is one with `auth-user-pass-optional`.
    #[must_use]
    pub fn without_password(mut self) -> Self {
        (self.username, self.password) = (None, None);
        self
    }

    /// It has no certificate; the server is one with `verify-client-cert none`.
    #[must_use]
    pub fn without_certificate(mut self) -> Self {
        self.has_certificate = false;
        self
    }

    /// One more line of what it says of itself, e.g. `IV_SSO` and `webauth,crtext`.
    #[must_use]
    pub fn peer_info(mut self, name: &str, value: &str) -> Self {
        self.peer_info.push((from_utf8(name), from_utf8(value)));
        self
    }

    /// The password with a response to a static challenge, as clients put them together.
    #[must_use]
    pub fn static_response(mut self, response: &str) -> Self {
        let password = self.password.unwrap_or_default();
        self.password =
            Some(format!("SCRV1:{}:{}", base64(&password), base64(&from_utf8(response))));
        self
    }

    /// What it answers when it is asked while it waits, and when it is denied with a `CRV1` challenge:
    /// then it comes again.
    #[must_use]
    pub fn answers(mut self, response: &str) -> Self {
        self.response = Some(from_utf8(response));
        self
    }
}

/// A text of bytes in base64.
pub(super) fn base64(text: &str) -> String {
    use base64ct::{Base64, Encoding as _};
    let mut bytes = Vec::new();
    crate::daemon::text::push_bytes(&mut bytes, text);
    Base64::encode_string(&bytes)
}
