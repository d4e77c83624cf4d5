//! Has clients wait until somebody approves them on a page.

use std::sync::Arc;
use std::time::Duration;

use openvpn_mgmt::PendingAuth;
use openvpn_mgmt::handler::{Attempt, Authenticator, BoxError, Decision};
use server_common::console::Console;
use tokio::time::sleep;

use crate::asking::{Asking, address};
use crate::links::{Answer, End, Link, Links};

/// The client waits so much longer than its link is open. It asks every 5 s what became of
/// it, and would not learn of an answer at the last moment.
const MARGIN: Duration = Duration::from_secs(10);

/// Sends every client to a page of its own, and decides as its user does there.
///
/// A client that renews its keys is sent there again. A server with `auth-gen-token` does
/// not ask about it: the client then shows a token, which the daemon verifies by itself.
pub(crate) struct Sso {
    pub(crate) links: Arc<Links>,
    /// How users reach the pages.
    pub(crate) origin: String,
    /// How long a link is open, in whole seconds.
    pub(crate) patience: Duration,
    pub(crate) console: Arc<Console>,
}

impl Authenticator for Sso {
    async fn authenticate(&self, attempt: Attempt) -> Result<Decision, BoxError> {
        let asking = Asking::of(&attempt);
        let name = asking.username.clone();
        self.tell(&name, &format!("asks from {}, with {}", asking.address, asking.software));
        let Some(way) = Way::of(&attempt) else {
            self.tell(&name, "denied: its client cannot open a page");
            let why = "This VPN needs a client that can open a web page (WEB_AUTH)";
            return Ok(Decision::deny_with("no webauth in IV_SSO", why));
        };
        let mut link = match self.links.open(asking, address(&attempt)) {
            Ok(link) => link,
            Err(many) => {
                self.tell(&name, &format!("denied: {many}"));
                let why = "Too many sign-ins are waiting; try again later";
                return Ok(Decision::deny_with("too many links are open", why));
            }
        };
        // A call that ends here, or anywhere before its decision, drops the link, which closes it.
        let url = format!("{}/{}", self.origin, link.id());
        attempt.pending(&way.pending(url), self.patience + MARGIN).await?;
        self.tell(&name, &format!("waits for its user, at most {} s", self.patience.as_secs()));
        let end = self.end(&attempt, &mut link).await;
        link.close(end);
        Ok(self.decide(&name, end))
    }
}

impl Sso {
    /// Waits for the end of a link.
    async fn end(&self, attempt: &Attempt, link: &mut Link) -> End {
        tokio::select! {
            biased;
            answer = link.answer() => End::Answered(answer),
            () = sleep(self.patience) => End::Expired,
            () = attempt.withdrawn() => End::ClientLeft,
        }
    }

    fn decide(&self, name: &str, end: End) -> Decision {
        let (what, decision) = match end {
            End::Answered(Answer::Approve) => ("let in: approved", Decision::Allow),
            End::Answered(Answer::Deny) => {
                ("denied on the page", Decision::deny_with("denied", "Denied on the page"))
            }
            End::Expired => {
                ("denied: nobody answered", Decision::deny_with("expired", "Nobody answered"))
            }
            End::ClientLeft => ("has left", Decision::deny("left")),
        };
        self.tell(name, what);
        decision
    }

    fn tell(&self, name: &str, what: &str) {
        self.console.line("server", format!("{name} {what}"));
    }
}

/// How a client is told to open a page.
enum Way {
    WebAuth,
    /// The older one.
    OpenUrl,
}

impl Way {
    /// The one that the client knows, as it says in `IV_SSO`.
    fn of(attempt: &Attempt) -> Option<Self> {
        let knows = |way: &[u8]| attempt.env().iv_sso().any(|known| known == *way);
        if knows(b"webauth") {
            return Some(Self::WebAuth);
        }
        knows(b"openurl").then_some(Self::OpenUrl)
    }

    fn pending(&self, url: String) -> PendingAuth {
        match self {
            Self::WebAuth => PendingAuth::web_auth(url),
            Self::OpenUrl => PendingAuth::open_url(url),
        }
    }
}
