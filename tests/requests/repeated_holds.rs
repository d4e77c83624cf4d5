//! A signal that is refused in a hold has the daemon say `>HOLD:` again: two requests, one hold.

use anyhow::Result;
use openvpn_mgmt::{Error, HoldRequest, Signal, StateName};

use crate::daemon::{Daemon, serving};
use crate::patient::{self, commands};
use lab::Lab;

async fn held(lab: &Lab) -> Result<Daemon> {
    Daemon::attach(lab.server(patient::server()).await?).await
}

/// The request of the hold it is in, and of its repetition.
async fn twice(server: &mut Daemon) -> Result<(HoldRequest, HoldRequest)> {
    let first = server.hold().await?;
    let refusal = server.client.signal(Signal::Sighup).await.unwrap_err();
    assert!(matches!(refusal, Error::Refused { .. }), "{refusal}");
    Ok((first, server.hold().await?))
}

async fn is_stale(hold: HoldRequest) {
    let error = hold.release().await.unwrap_err();
    assert!(matches!(error, Error::Stale { command: "hold" }), "{error}");
}

#[tokio::test]
async fn a_hold_that_was_said_twice_is_released_once() -> Result<()> {
    let lab = serving!("a_hold_that_was_said_twice_is_released_once");
    for first_is_released in [true, false] {
        let mut server = held(&lab).await?;
        let (first, second) = twice(&mut server).await?;
        let (used, left) = if first_is_released { (first, second) } else { (second, first) };
        used.release().await?;
        is_stale(left).await;
        server.connected().await?;
        assert_eq!(commands(&server.process, "hold release").len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn no_hold_of_before_a_restart_releases_the_next() -> Result<()> {
    let lab = serving!("no_hold_of_before_a_restart_releases_the_next");
    let mut server = held(&lab).await?;
    let (first, second) = twice(&mut server).await?;
    // Past both requests, which nobody has answered.
    server.client.hold_release().await?;
    server.connected().await?;
    server.client.signal(Signal::Sigusr1).await?;
    server.state(&StateName::Reconnecting).await?;
    let next = server.hold().await?;
    is_stale(first).await;
    is_stale(second).await;
    next.release().await?;
    server.connected().await?;
    assert_eq!(commands(&server.process, "hold release").len(), 2);
    Ok(())
}
