//! A decision that is kept over a lost connection, on a real daemon.

use anyhow::{Context as _, Result};
use lab::within;
use nix::sys::signal::Signal;
use openvpn_mgmt::events::ClientEvent;
use openvpn_mgmt::{Cid, Error, Event, Item, Kid, Request, Session};

use crate::restarts::past_its_first_second;
use crate::scene::{Scene, connected, next, serve};

/// Who asks to come in next; nobody decides.
async fn asks(session: &mut Session) -> Result<(Cid, Kid)> {
    let asked = async {
        loop {
            let item = session.next().await.context("the session has ended")??;
            if let Item::Request(Request::ClientConnect(client)) = item {
                return anyhow::Ok((client.cid(), client.kid()));
            }
        }
    };
    within("client", asked).await?
}

#[tokio::test]
async fn a_kept_decision_is_taken_up_by_the_same_daemon_alone() -> Result<()> {
    let test = "a_kept_decision_is_taken_up_by_the_same_daemon_alone";
    let Some(mut scene) = Scene::or_skip(test).await? else { return Ok(()) };
    let mut link = scene.link();
    let mut first = next(&mut link).await?;
    connected(&mut first.session).await?;
    past_its_first_second(&first.session).await?;
    drop(first);

    let mut second = next(&mut link).await?;
    let alice = scene.client("alice").await?;
    let (cid, kid) = asks(&mut second.session).await?;
    drop(second);
    let mut third = next(&mut link).await?;
    third.resume(cid, kid)?.allow().await?;
    let is_in = |event: &Event| matches!(event, Event::Client(ClientEvent::Established { .. }));
    serve(&mut third.session, "client that is in", is_in).await?;

    let bob = scene.client("bob").await?;
    let (cid, kid) = asks(&mut third.session).await?;
    drop(third);
    scene.server.signal(Signal::SIGUSR1)?;
    let restarted = || Ok(scene.logged("SIGUSR1[hard,] received") == 1);
    lab::until("restart", restarted).await.with_context(|| scene.server.log())?;
    let fourth = next(&mut link).await?;
    assert_eq!(fourth.missed.restarted, Some(true));
    assert!(matches!(fourth.resume(cid, kid), Err(Error::Stale { .. })));
    drop((fourth, link));
    scene.ends(vec![alice, bob]).await
}
