//! `>INFOMSG:`

#[cfg(feature = "serde")]
mod json;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::SecretText;
use crate::challenge::{ChallengeFlags, flags_and_text};
use crate::types::grammar::{Problem, number, rsplit_once, split_once};
use crate::types::{Line, Masked, Text, WipedBytes, WriteError, base64, masked};

/// `>INFOMSG:`: what a server tells its client about pending authentication (OpenVPN 2.5).
///
/// While [requests](crate::Builder::requests) are on, the page to open and the password of its proxy are in
/// [`Request::WebAuth`](crate::Request::WebAuth) alone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InfoMsg {
    /// `WEB_AUTH:flags:url`: open the URL to authenticate.
    WebAuth(WebAuth),
    /// `OPEN_URL:url`: the older form of `WEB_AUTH`.
    OpenUrl(SecretText),
    /// `CR_TEXT:flags:text`: a challenge, answered with `cr-response`.
    #[non_exhaustive]
    CrText {
        /// What the server wants of the response.
        flags: ChallengeFlags,
        /// What to show to the user; it may hold colons.
        text: Text,
    },
    /// Anything else a server may send.
    Other(Text),
}

impl InfoMsg {
    /// A challenge, to be answered with `cr-response`.
    #[must_use]
    pub fn cr_text(flags: ChallengeFlags, text: impl Into<Text>) -> Self {
        Self::CrText { flags, text: text.into() }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let line = Line::event(out, "INFOMSG");
        let line = match self {
            Self::WebAuth(web) => web.write(line.raw("WEB_AUTH:")),
            Self::OpenUrl(url) => line.raw("OPEN_URL:").secret("URL", url),
            Self::CrText { flags, text } => {
                let line = line.raw("CR_TEXT:").text("flags", flags.as_bytes());
                line.raw(":").text("text", text)
            }
            Self::Other(text) => line.text("message", text),
        };
        line.reads_as("message", self, Self::parse).end()
    }

    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        if let Some(rest) = body.strip_prefix(b"WEB_AUTH:") {
            return WebAuth::parse(line, rest).map(Self::WebAuth);
        }
        if let Some(url) = body.strip_prefix(b"OPEN_URL:") {
            return Ok(Self::OpenUrl(SecretText::new(Text::slice_of(line, url))));
        }
        if let Some(rest) = body.strip_prefix(b"CR_TEXT:") {
            let (flags, text) =
                flags_and_text(line, rest).ok_or(Problem("the challenge has no text"))?;
            return Ok(Self::CrText { flags, text });
        }
        Ok(Self::Other(Text::slice_of(line, body)))
    }

    /// The same without links and passwords, which the request has; what is left does not keep their line.
    pub(super) fn withhold_secrets(self) -> Self {
        match self {
            Self::WebAuth(web) => Self::WebAuth(web.withhold_secrets()),
            Self::OpenUrl(url) => Self::OpenUrl(url.withheld()),
            Self::Other(text) => Self::Other(masked(&text).detach()),
            challenge @ Self::CrText { .. } => challenge,
        }
    }
}

/// `WEB_AUTH:flags:url`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebAuth {
    flags: Arc<[WebAuthFlag]>,
    /// What to open: whoever has it may sign in with it.
    pub url: SecretText,
}

/// A flag of [`WebAuth`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebAuthFlag {
    /// `proxy=host;port;b64(user);b64(password)`: reach the URL through this HTTP proxy.
    Proxy(WebAuthProxy),
    /// `hidden`: start without showing the page.
    Hidden,
    /// `external`: use the system's browser, not one inside the program.
    External,
    /// A flag this crate does not know, or a `proxy` it cannot read; it may hold a password.
    Unknown(SecretText),
}

/// The HTTP proxy of a [`WebAuthFlag::Proxy`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebAuthProxy {
    /// Its name or address; an IPv6 address without its brackets.
    pub host: Text,
    /// Its port.
    pub port: u16,
    /// The user name, decoded; empty where it needs none.
    pub user: Text,
    password: SecretText,
}

/// The most flags of a page. Each takes far more memory than its text; three are known.
const MAX_FLAGS: usize = 32;

impl WebAuth {
    /// A page, and how it is to be opened.
    #[must_use]
    pub fn new(flags: impl IntoIterator<Item = WebAuthFlag>, url: impl Into<Text>) -> Self {
        Self { flags: flags.into_iter().collect(), url: SecretText::new(url.into()) }
    }

    fn write<'a>(&self, mut line: Line<'a>) -> Line<'a> {
        for (at, flag) in self.flags.iter().enumerate() {
            line = flag.write(if at == 0 { line } else { line.raw(",") });
        }
        line.raw(":").secret("URL", &self.url)
    }

    /// How to open it, in order.
    pub fn flags(&self) -> impl Iterator<Item = &WebAuthFlag> {
        self.flags.iter()
    }

    fn parse(line: &Bytes, input: &[u8]) -> Result<Self, Problem> {
        let (flags, url) = split_flags(input).ok_or(Problem("the URL is missing"))?;
        let flags = flags.split(|byte| *byte == b',').filter(|flag| !flag.is_empty());
        if flags.clone().nth(MAX_FLAGS).is_some() {
            return Err(Problem("there are too many flags"));
        }
        let flags = flags.map(|flag| WebAuthFlag::parse(line, flag)).collect();
        Ok(Self { flags, url: SecretText::new(Text::slice_of(line, url)) })
    }

    fn withhold_secrets(self) -> Self {
        let flags = self.flags.iter().cloned().map(WebAuthFlag::withhold_secrets).collect();
        Self { flags, url: self.url.withheld() }
    }
}

/// Splits at the first colon that is not inside the brackets of an IPv6 address.
fn split_flags(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut in_brackets = false;
    let at = input.iter().position(|byte| {
        in_brackets = *byte == b'[' || in_brackets && *byte != b']';
        *byte == b':' && !in_brackets
    })?;
    let (flags, url) = input.split_at_checked(at)?;
    url.split_first().map(|(_, url)| (flags, url))
}

impl WebAuthFlag {
    fn write<'a>(&self, line: Line<'a>) -> Line<'a> {
        match self {
            Self::Proxy(proxy) => proxy.write(line.raw("proxy=")),
            Self::Hidden => line.raw("hidden"),
            Self::External => line.raw("external"),
            Self::Unknown(flag) => line.secret("flag", flag),
        }
    }

    fn parse(line: &Bytes, flag: &[u8]) -> Self {
        let proxy = || match split_once(flag, b"=") {
            Some((b"proxy", proxy)) => WebAuthProxy::parse(line, proxy),
            _ => None,
        };
        match flag {
            b"hidden" => Self::Hidden,
            b"external" => Self::External,
            _ => proxy().map_or_else(
                || Self::Unknown(SecretText::new(Text::slice_of(line, flag))),
                Self::Proxy,
            ),
        }
    }

    fn withhold_secrets(self) -> Self {
        match self {
            Self::Proxy(proxy) => {
                let (host, password) = (proxy.host.detach(), proxy.password.withheld());
                Self::Proxy(WebAuthProxy { host, password, ..proxy })
            }
            Self::Unknown(flag) => Self::Unknown(flag.withheld()),
            Self::Hidden | Self::External => self,
        }
    }
}

impl WebAuthProxy {
    /// A proxy, with an empty user name and password where it needs none.
    #[must_use]
    pub fn new(host: impl Into<Text>, port: u16, user: impl Into<Text>, password: Text) -> Self {
        let password = SecretText::new(password);
        Self { host: host.into(), port, user: user.into(), password }
    }

    fn write<'a>(&self, line: Line<'a>) -> Line<'a> {
        let Some(password) = self.password.expose().map(base64::encode) else {
            return line.wrong(WriteError::Withheld { field: "proxy's password" });
        };
        let brackets = if self.host.as_bytes().contains(&b':') { ("[", "]") } else { ("", "") };
        let line = line.raw(brackets.0).text("proxy's host", &self.host).raw(brackets.1);
        let line = line.raw(";").number(self.port);
        let line = line.raw(";").raw(&base64::encode(self.user.as_bytes()));
        line.raw(";").raw(&password)
    }

    /// The password, decoded; empty where it needs none.
    #[must_use]
    pub fn password(&self) -> &SecretText {
        &self.password
    }

    fn parse(line: &Bytes, input: &[u8]) -> Option<Self> {
        let (rest, password) = rsplit_once(input, b";")?;
        let (rest, user) = rsplit_once(rest, b";")?;
        let (host, port) = rsplit_once(rest, b";")?;
        let bare = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]"));
        // What is no IPv6 address is written without brackets, so those it has are its own.
        let host = match bare.filter(|bare| bare.contains(&b':')) {
            Some(bare) => bare,
            // In brackets of which one ends before the host does, and none could be written so.
            None if host.contains(&b':') => return None,
            None => host,
        };
        if matches!(host, b"" | b"[]") {
            return None;
        }
        // Decoded it is in memory of its own, which is to be wiped as the line is.
        let password = WipedBytes::copy(base64::decode(password)?.expose());
        Some(Self {
            host: Text::slice_of(line, host),
            port: number(port)?,
            user: Text::from(Bytes::copy_from_slice(base64::decode(user)?.expose())),
            password: SecretText::new(Text::from(password)),
        })
    }
}

impl fmt::Debug for InfoMsg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebAuth(web) => f.debug_tuple("WebAuth").field(web).finish(),
            Self::OpenUrl(url) => f.debug_tuple("OpenUrl").field(url).finish(),
            Self::CrText { flags, text } => {
                f.debug_struct("CrText").field("flags", flags).field("text", text).finish()
            }
            Self::Other(text) => f.debug_tuple("Other").field(&Masked(text)).finish(),
        }
    }
}

impl fmt::Display for InfoMsg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebAuth(_) | Self::OpenUrl(_) => {
                f.write_str("needs a page opened to authenticate")
            }
            Self::CrText { text, .. } => write!(f, "needs a response: {text}"),
            Self::Other(text) => write!(f, "server message: {}", Masked(text)),
        }
    }
}

#[cfg(test)]
#[path = "infomsg/tests.rs"]
mod tests;
