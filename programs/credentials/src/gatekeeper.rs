//! [`Gatekeeper`]: the demo's server side, which decides about the one user there is.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use openvpn_mgmt::challenge::{ClientPassword, Crv1};
use openvpn_mgmt::handler::{Attempt, Authenticator, BoxError, Decision};
use openvpn_mgmt::{PendingAuth, Secret};
use program_common::screen::show;

use crate::page::Page;
use crate::scenario::Scenario;

pub(crate) const NAME: &str = "alice";
pub(crate) const PASSWORD: &str = "open sesame";
pub(crate) const CODE: &str = "123456";

/// How long the user may take for what the client waits for.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Gatekeeper {
    scenario: Scenario,
    /// The challenge that is out, to know its response by.
    challenge: Mutex<Option<Secret>>,
}

impl Gatekeeper {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self { scenario, challenge: Mutex::new(None) }
    }

    /// A challenge in place of a refusal; the client comes back with the response.
    fn challenge(&self) -> Result<Decision, BoxError> {
        let state_id = format!("{:032x}", rand::random::<u128>());
        let challenge = Crv1::new(state_id.clone(), NAME, "Code of your token")?;
        *self.lock() = Some(state_id.into());
        show("  [server] the password is right, a code is wanted");
        Ok(Decision::Challenge(challenge))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Secret>> {
        self.challenge.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Authenticator for Gatekeeper {
    async fn authenticate(&self, attempt: Attempt) -> Result<Decision, BoxError> {
        let password = attempt.password()?;
        let is_user = attempt.username()?.is_some_and(|name| name == NAME);
        let Some(password) = password.filter(|_| is_user) else { return Ok(wrong_login()) };
        match (self.scenario, password) {
            (Scenario::Static, ClientPassword::Static { password, response, .. }) => {
                Ok(if is(&password, PASSWORD) { by_code(&response) } else { wrong_login() })
            }
            (Scenario::StaticConcat, ClientPassword::Plain(password)) => {
                let right = is(&password, &format!("{PASSWORD}{CODE}"));
                Ok(if right { allow() } else { wrong_login() })
            }
            (Scenario::Dynamic, ClientPassword::Dynamic { state_id, response, .. }) => {
                let known = self.lock().take().is_some_and(|challenge| challenge == state_id);
                Ok(if known { by_code(&response) } else { wrong_login() })
            }
            (_, ClientPassword::Plain(password)) if !is(&password, PASSWORD) => Ok(wrong_login()),
            (Scenario::Plain, ClientPassword::Plain(_)) => Ok(allow()),
            (Scenario::Dynamic, ClientPassword::Plain(_)) => self.challenge(),
            (Scenario::Pending, ClientPassword::Plain(_)) => ask(&attempt).await,
            (Scenario::Web, ClientPassword::Plain(_)) => show_page(&attempt).await,
            _ => Ok(wrong_login()),
        }
    }
}

async fn ask(attempt: &Attempt) -> Result<Decision, BoxError> {
    show("  [server] the password is right, the client is to wait and ask for a code");
    let response = attempt.ask("Code of your token", false, PATIENCE).await?;
    Ok(by_code(&response))
}

async fn show_page(attempt: &Attempt) -> Result<Decision, BoxError> {
    show("  [server] the password is right, the client is to wait and show a page");
    let page = Page::new().await?;
    attempt.pending(&PendingAuth::web_auth(page.url()), PATIENCE).await?;
    let opened = tokio::time::timeout(PATIENCE, page.opened()).await;
    Ok(match opened {
        Ok(result) => result.map(|()| allow())?,
        Err(_) => refuse("the page was not opened in time"),
    })
}

fn by_code(response: &Secret) -> Decision {
    if is(response, CODE) { allow() } else { refuse("wrong code") }
}

fn wrong_login() -> Decision {
    refuse("wrong user name or password")
}

fn allow() -> Decision {
    show(format!("  [server] {NAME} may come in"));
    Decision::Allow
}

fn refuse(reason: &str) -> Decision {
    show(format!("  [server] turned away: {reason}"));
    Decision::deny_with(reason, reason)
}

/// Compares in constant time, as `Secret` does.
fn is(secret: &Secret, expected: &str) -> bool {
    *secret == Secret::from(expected)
}
