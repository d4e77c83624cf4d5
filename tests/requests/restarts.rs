//! Client IDs start over with the daemon: an answer must not reach the wrong client.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use openvpn_mgmt::events::Realm;
use openvpn_mgmt::{Builder, ClientRequest, Error, History, Request, Signal, StateName, Status};
use tokio::task::JoinSet;

use crate::daemon::{Daemon, serving};
use lab::{ClientOptions, Lab, ServerOptions};

/// How a server is told to restart.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Command(Signal),
    /// Past the management interface.
    Kill(nix::sys::signal::Signal),
}

const EACH: [By; 4] = [
    By::Command(Signal::Sigusr1),
    By::Command(Signal::Sighup),
    By::Kill(nix::sys::signal::Signal::SIGUSR1),
    By::Kill(nix::sys::signal::Signal::SIGHUP),
];

async fn restart(server: &mut Daemon, by: By) -> Result<()> {
    match by {
        By::Command(signal) => server.client.signal(signal).await?,
        By::Kill(signal) => server.process.signal(signal)?,
    }
    Ok(())
}

/// A client that was started, and asks for its credentials.
async fn asks(lab: &Lab, options: ClientOptions, name: &str) -> Result<Daemon> {
    let options = options.common_name(name).auth_retry_interact();
    let mut client = Daemon::client(lab, options).await?;
    client.release().await?;
    Ok(client)
}

/// The server holds the request about alice.
async fn unanswered(
    lab: &Lab,
    server: &mut Daemon,
    options: ClientOptions,
) -> Result<(ClientRequest, Daemon)> {
    let mut alice = asks(lab, options, "alice").await?;
    alice.log_in("alice").await?;
    Ok((server.connect().await?, alice))
}

/// Nobody has let this client in: neither the server nor the client itself says so.
async fn is_out(server: &Daemon, client: &Daemon, name: &str) -> Result<()> {
    if let Status::Server(status) = server.client.status().await? {
        for row in &status.clients {
            let is_it = row.common_name().is_some_and(|known| known == *name);
            ensure!(!is_it || row.virtual_address().is_none(), "{row:?}");
        }
    } else {
        bail!("no status of a server");
    }
    let states = client.client.state_history(History::All).await?;
    ensure!(
        states
            .iter()
            .all(|state| state.as_ref().is_ok_and(|state| state.name != StateName::Connected)),
        "{states:?}"
    );
    Ok(())
}

#[tokio::test]
async fn an_answer_from_before_a_restart_admits_nobody() -> Result<()> {
    let lab = serving!("an_answer_from_before_a_restart_admits_nobody");
    let each = EACH.map(|by| late_answer(&lab, by));
    let [first, second, third, fourth] = each;
    tokio::try_join!(first, second, third, fourth)?;
    Ok(())
}

async fn late_answer(lab: &Lab, by: By) -> Result<()> {
    let options = ServerOptions::new().line("connect-retry 1 1");
    let mut server = Daemon::server(lab, options).await?;
    let options = ClientOptions::to(&server.process);
    let (first, alice) = unanswered(lab, &mut server, options.clone()).await?;
    // Over UDP the server does not hear of it.
    drop(alice);
    restart(&mut server, by).await?;
    server.state(&StateName::Reconnecting).await.with_context(|| format!("{by:?}"))?;
    server.release().await?;
    server.connected().await?;
    let mut bob = asks(lab, options, "bob").await?;
    bob.log_in("bob").await?;
    let second = server.connect().await?;
    assert_eq!((first.cid(), first.kid()), (second.cid(), second.kid()), "{by:?}");
    assert_ne!(first.epoch(), second.epoch());
    assert!(!first.is_open() && second.is_open());
    let error = first.allow().await.unwrap_err();
    assert!(matches!(error, Error::Stale { command: "client-auth-nt" }), "{by:?}: {error}");
    is_out(&server, &bob, "bob").await?;
    assert!(second.is_open());
    second.allow().await?;
    bob.connected().await?;
    Ok(())
}

/// How many servers are told to restart in each way, and how often.
const SERVERS: usize = 3;
const ROUNDS: usize = 2;

#[tokio::test]
async fn an_answer_at_the_very_moment_of_a_restart_admits_nobody_else() -> Result<()> {
    let lab = serving!("an_answer_at_the_very_moment_of_a_restart_admits_nobody_else");
    let lab = Arc::new(lab);
    let mut servers = JoinSet::new();
    for by in EACH {
        for number in 0..SERVERS {
            let lab = Arc::clone(&lab);
            servers.spawn(async move { racing_answers(&lab, by, number).await });
        }
    }
    while let Some(server) = servers.join_next().await {
        server??;
    }
    Ok(())
}

async fn racing_answers(lab: &Lab, by: By, number: usize) -> Result<()> {
    // Without a hold, so that the next client can come as soon as the server is back. Over TCP,
    // so that it comes at once: over UDP, a client whose handshake a restart cuts off is told
    // nothing, and tries again only when its time for the handshake is over.
    let options = ServerOptions::new().tcp().without_hold().line("connect-retry 1 1");
    let builder = Builder::new().event_capacity(16 * 1024);
    let mut server = Daemon::attach_with(builder, lab.server(options).await?).await?;
    for round in 0..ROUNDS {
        racing_answer(lab, &mut server, by, number * ROUNDS + round)
            .await
            .with_context(|| format!("{by:?}, round {round}; {}", server.process.log()))?;
    }
    Ok(())
}

async fn racing_answer(lab: &Lab, server: &mut Daemon, by: By, delay: usize) -> Result<()> {
    let options = ClientOptions::to_tcp(&server.process);
    // Once cut off, alice waits in her hold.
    let (first, _alice) = unanswered(lab, server, options.clone()).await?;
    let epoch = first.epoch();
    let mut bob = asks(lab, options, "bob").await?;
    let ask = bob.credentials().await?;
    // The answer follows the signal at once, from within the same few polls, while bob connects.
    let answer = async {
        for _ in 0..delay {
            tokio::task::yield_now().await;
        }
        first.allow().await
    };
    let (restarted, answered, asked) =
        tokio::join!(restart(server, by), answer, ask.answer("bob", "s3cret"));
    restarted?;
    asked?;
    // It went out before the restart, was withdrawn, or found nobody.
    match answered {
        Ok(()) | Err(Error::Stale { .. } | Error::Refused { .. }) => {}
        Err(error) => bail!(error),
    }
    let second = bob_asks(server, &mut bob, epoch).await?;
    is_out(server, &bob, "bob").await?;
    ensure!(second.is_open(), "bob was decided about");
    second.deny("not bob", Some("not bob")).await?;
    assert_eq!(bob.refused(&Realm::Auth).await?, Some("not bob".into()));
    is_out(server, &bob, "bob").await
}

/// Bob's request, after the restart; he may have to try again.
async fn bob_asks(server: &mut Daemon, bob: &mut Daemon, epoch: u64) -> Result<ClientRequest> {
    loop {
        tokio::select! {
            request = server.request() => match request? {
                Request::ClientConnect(peer) if peer.epoch() > epoch && peer.is_open() => {
                    ensure!(peer.username() == Ok(Some("bob".into())), "not bob: {peer:?}");
                    return Ok(peer);
                }
                other => drop(other),
            },
            // A hold is released here, where nothing cuts that short.
            request = bob.request() => match request? {
                Request::Hold(hold) => hold.release().await?,
                Request::Credentials(ask) => ask.answer("bob", "s3cret").await?,
                other => bail!("{other:?}"),
            },
        }
    }
}
