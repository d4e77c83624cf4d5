//! [`PendingAuth`]: what a client is told to do while it waits.

use std::fmt;

use crate::error::Result;
use crate::error::invalid;
use crate::types::ArgumentProblem;

/// The `EXTRA` of `client-pending-auth`: what the client's user is to do.
///
/// At most 246 bytes in all; what a client can do it says in `IV_SSO`
/// ([`Env::iv_sso`](crate::events::Env::iv_sso)): `webauth`, `openurl`, `crtext`.
///
/// `Debug` shows neither the page, which may sign in whoever opens it, nor a `proxy` flag, which holds a password.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PendingAuth {
    /// `WEB_AUTH:flags:url`: authenticate on a web page.
    #[non_exhaustive]
    WebAuth {
        /// `hidden`, `external`, `proxy=…`, separated by commas; mostly empty.
        flags: String,
        /// The page.
        url: String,
    },
    /// `OPEN_URL:url`: the older form of `WEB_AUTH`.
    OpenUrl(String),
    /// `CR_TEXT:flags:text`: give a response, which comes as
    /// [`Request::ClientResponse`](crate::Request::ClientResponse).
    #[non_exhaustive]
    CrText {
        /// The text for the user.
        text: String,
        /// Whether the response may be shown while it is typed.
        echo: bool,
    },
}

impl PendingAuth {
    /// `WEB_AUTH::url`
    pub fn web_auth(url: impl Into<String>) -> Self {
        Self::WebAuth { flags: String::new(), url: url.into() }
    }

    /// `WEB_AUTH:flags:url`
    pub fn web_auth_with(flags: impl Into<String>, url: impl Into<String>) -> Self {
        Self::WebAuth { flags: flags.into(), url: url.into() }
    }

    /// `OPEN_URL:url`
    pub fn open_url(url: impl Into<String>) -> Self {
        Self::OpenUrl(url.into())
    }

    /// `CR_TEXT:R:text`, or `CR_TEXT:R,E:text` with `echo`.
    pub fn cr_text(text: impl Into<String>, echo: bool) -> Self {
        Self::CrText { text: text.into(), echo }
    }

    /// The text on the wire.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for flags with a colon, which
    /// would end them.
    pub fn encode(&self) -> Result<String> {
        Ok(match self {
            Self::WebAuth { flags, .. } if flags.contains(':') => {
                let problem = ArgumentProblem::Other("hold a colon, which ends them");
                return Err(invalid("client-pending-auth", "flags", problem));
            }
            Self::WebAuth { flags, url } => format!("WEB_AUTH:{flags}:{url}"),
            Self::OpenUrl(url) => format!("OPEN_URL:{url}"),
            Self::CrText { text, echo: true } => format!("CR_TEXT:R,E:{text}"),
            Self::CrText { text, echo: false } => format!("CR_TEXT:R:{text}"),
        })
    }
}

impl fmt::Debug for PendingAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebAuth { flags, url } => {
                let (flags, url) = (ShownFlags(flags), shown_url(url));
                f.debug_struct("WebAuth").field("flags", &flags).field("url", &url).finish()
            }
            Self::OpenUrl(url) => f.debug_tuple("OpenUrl").field(&shown_url(url)).finish(),
            Self::CrText { text, echo } => {
                f.debug_struct("CrText").field("text", text).field("echo", echo).finish()
            }
        }
    }
}

/// Of a link nothing but that there is one.
fn shown_url(url: &str) -> impl fmt::Debug {
    if url.is_empty() { format_args!("none") } else { format_args!("[redacted]") }
}

/// The flags that are known to hold no secret.
struct ShownFlags<'a>(&'a str);

impl fmt::Debug for ShownFlags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.split(',').map(|flag| match flag {
            "" | "hidden" | "external" => flag,
            _ => "[redacted]",
        });
        f.debug_list().entries(shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_end_at_their_colon() {
        let page = PendingAuth::web_auth_with("hidden", "https://x");
        assert_eq!(page.encode().unwrap(), "WEB_AUTH:hidden:https://x");
        assert!(PendingAuth::web_auth_with("proxy=a:b", "https://x").encode().is_err());
    }

    #[test]
    fn nothing_is_shown_that_may_let_somebody_in() {
        let page = PendingAuth::web_auth_with("hidden,,proxy=p", "https://x");
        assert_eq!(
            format!("{page:?}"),
            "WebAuth { flags: [\"hidden\", \"\", \"[redacted]\"], url: [redacted] }"
        );
        assert_eq!(format!("{:?}", PendingAuth::open_url("https://x")), "OpenUrl([redacted])");
        let text = PendingAuth::cr_text("Code", true);
        assert_eq!(format!("{text:?}"), "CrText { text: \"Code\", echo: true }");
    }
}
