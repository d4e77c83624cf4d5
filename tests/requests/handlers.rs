//! `AuthServer` and `Responder` with real daemons.

use std::time::Duration;

use anyhow::{Result, bail};
use openvpn_mgmt::handler::{
    Attempt, AuthServer, BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider,
    Decision, Responder, ResponsePrompt,
};
use openvpn_mgmt::{Client, Events, Secret};

use crate::daemon::{Daemon, serving, within};
use crate::lab::{ClientOptions, Lab, Process, ServerOptions};

/// No deadline that a busy machine could miss.
const HOUR: Duration = Duration::from_secs(3_600);

/// Logs in as one user, and gives this response to any challenge.
struct User(&'static str);

impl CredentialsProvider for User {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        Ok(Some(CredentialsAnswer {
            username: Secret::from(self.0),
            password: Secret::from("s3cret"),
            response: Secret::from("123456"),
        }))
    }

    async fn response(&self, _: ResponsePrompt) -> Result<Option<Secret>, BoxError> {
        Ok(Some(Secret::from("123456")))
    }
}

/// A client that answers for itself.
struct Guest {
    _process: Process,
    _client: Client,
    events: Events,
}

async fn guest(lab: &Lab, options: ClientOptions, name: &'static str) -> Result<Guest> {
    let options = options.common_name(name).line("setenv IV_SSO crtext");
    let Daemon { process, client, events, requests } = Daemon::client(lab, options).await?;
    tokio::spawn(Responder::new().credentials(User(name)).run(requests));
    Ok(Guest { _process: process, _client: client, events })
}

/// Whether it gets in (`true`), or is told that it does not.
async fn gets_in(guest: &mut Guest) -> Result<bool> {
    use openvpn_mgmt::events::Password;
    use openvpn_mgmt::{Event, StateName};
    within("end of the attempt", async {
        loop {
            match guest.events.next().await {
                Some(Ok(Event::State(state))) if state.name == StateName::Connected => {
                    return Ok(true);
                }
                Some(Ok(Event::Password(Password::VerificationFailed { .. }))) => return Ok(false),
                Some(_) => {}
                None => bail!("the client ended"),
            }
        }
    })
    .await?
}

/// Waits until a client asks to be let in.
async fn connects(events: &mut Events) -> Result<()> {
    use openvpn_mgmt::{Event, events::ClientEvent};
    within("client", async {
        loop {
            match events.next().await {
                Some(Ok(Event::Client(ClientEvent::Connect { .. }))) => return Ok(()),
                Some(_) => {}
                None => bail!("the server ended"),
            }
        }
    })
    .await?
}

async fn decide(attempt: Attempt) -> Result<Decision, BoxError> {
    let name = attempt.username()?.map(ToString::to_string).unwrap_or_default();
    Ok(match name.as_str() {
        "panics" => panic!("a bug of the handler"),
        "errs" => return Err("the database is down".into()),
        "hangs" => std::future::pending().await,
        "long" => Decision::deny("x".repeat(257)),
        "asked" => {
            let response = attempt.ask("Code", false, HOUR).await?;
            assert_eq!(response, Secret::from("123456"));
            Decision::Allow
        }
        _ => Decision::Allow,
    })
}

#[tokio::test]
async fn handlers_that_fail_deny_their_client_and_no_other() -> Result<()> {
    let lab = serving!("handlers_that_fail_deny_their_client_and_no_other");
    let server = Daemon::server(&lab, ServerOptions::new()).await?;
    let Daemon { process, client: _client, mut events, requests } = server;
    tokio::spawn(AuthServer::new(decide).deadline(HOUR).run(requests));
    let _hangs = guest(&lab, ClientOptions::to(&process), "hangs").await?;
    connects(&mut events).await?;
    let mut guests = Vec::new();
    for name in ["panics", "errs", "long", "asked", "alice"] {
        guests.push((name, guest(&lab, ClientOptions::to(&process), name).await?));
    }
    for (name, guest) in &mut guests {
        assert_eq!(gets_in(guest).await?, ["asked", "alice"].contains(name), "{name}");
    }
    // And one more, after all that.
    assert!(gets_in(&mut guest(&lab, ClientOptions::to(&process), "bob").await?).await?);
    Ok(())
}

#[tokio::test]
async fn a_handler_that_hangs_denies_at_its_deadline() -> Result<()> {
    let lab = serving!("a_handler_that_hangs_denies_at_its_deadline");
    let server = Daemon::server(&lab, ServerOptions::new()).await?;
    let Daemon { process, client: _client, events: _events, requests } = server;
    tokio::spawn(AuthServer::new(decide).deadline(Duration::from_secs(1)).run(requests));
    let mut hangs = guest(&lab, ClientOptions::to(&process), "hangs").await?;
    assert!(!gets_in(&mut hangs).await?);
    Ok(())
}

#[tokio::test]
async fn challenges_are_answered_by_a_responder() -> Result<()> {
    let lab = serving!("challenges_are_answered_by_a_responder");
    let server = Daemon::server(&lab, ServerOptions::new()).await?;
    let Daemon { process, client: _client, events: _events, requests } = server;
    let decide = |attempt: Attempt| async move {
        use openvpn_mgmt::challenge::{ClientPassword, Crv1};
        match attempt.password()? {
            Some(ClientPassword::Static { response, .. }) if response == Secret::from("123456") => {
                Ok(Decision::Challenge(Crv1::new("id", "dynamic", "And now?")?))
            }
            Some(ClientPassword::Dynamic { response, .. })
                if response == Secret::from("123456") =>
            {
                Ok(Decision::Allow)
            }
            _ => Ok(Decision::deny("no response")),
        }
    };
    tokio::spawn(AuthServer::new(decide).deadline(HOUR).run(requests));
    let options = ClientOptions::to(&process).static_challenge("PIN", true).auth_retry_interact();
    let mut alice = guest(&lab, options, "alice").await?;
    assert!(!gets_in(&mut alice).await?);
    assert!(gets_in(&mut alice).await?);
    Ok(())
}
