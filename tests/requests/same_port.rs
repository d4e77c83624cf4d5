//! A client that dies and is started again comes from its old port (the default without `nobind`):
//! the same client ID, the next key ID, and no word of the end of the first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use openvpn_mgmt::Error;
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision};
use tokio::sync::mpsc;

use crate::daemon::{Daemon, serving};
use crate::patient::{self, asks_nothing, comes, commands};
use lab::{Port, within};

#[tokio::test]
async fn a_newer_connect_takes_the_older_request_back() -> Result<()> {
    let lab = serving!("a_newer_connect_takes_the_older_request_back");
    let mut server = Daemon::server(&lab, patient::server()).await?;
    let port = Port::reserve()?;
    let options = patient::client(&server.process).local_port(&port);
    let mut gone = comes(&lab, options.clone(), "alice").await?;
    let older = server.connect().await?;
    let waiting = within("withdrawal", older.withdrawn());
    gone.process.kill();
    let (connected, withdrawn) = tokio::join!(comes(&lab, options, "alice"), waiting);
    let mut client = connected?;
    withdrawn?;
    let newer = server.connect().await?;
    assert_eq!((newer.cid(), newer.epoch()), (older.cid(), older.epoch()));
    assert!(newer.kid() > older.kid(), "{:?}, {:?}", newer.kid(), older.kid());
    assert!(!older.is_open() && newer.is_open());
    let dead = older.kid();
    let error = older.allow().await.unwrap_err();
    assert!(matches!(error, Error::Stale { command: "client-auth-nt" }), "{error}");
    assert!(newer.is_open());
    newer.allow().await?;
    client.connected().await?;
    let sent = commands(&server.process, "client-auth-nt");
    assert!(sent.len() == 1 && !sent[0].ends_with(&format!(" {dead}'")), "{sent:?}");
    asks_nothing(&mut server).await
}

/// An authenticator whose first call never ends, and which tells when each call began and when
/// the first was told that it is not wanted any more.
struct FirstHangs {
    calls: AtomicUsize,
    told: mpsc::UnboundedSender<&'static str>,
}

impl FirstHangs {
    async fn decide(self: Arc<Self>, attempt: Attempt) -> Result<Decision, BoxError> {
        if self.calls.fetch_add(1, Ordering::Relaxed) > 0 {
            self.told.send("live").ok();
            return Ok(Decision::Allow);
        }
        self.told.send("dead").ok();
        attempt.withdrawn().await;
        self.told.send("withdrawn").ok();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_handler_that_hangs_for_the_dead_does_not_hold_up_the_living() -> Result<()> {
    let lab = serving!("a_handler_that_hangs_for_the_dead_does_not_hold_up_the_living");
    let server = Daemon::server(&lab, patient::server()).await?;
    let Daemon { process, client: _client, events: _events, requests } = server;
    let (told, mut calls) = mpsc::unbounded_channel();
    let handler = Arc::new(FirstHangs { calls: AtomicUsize::new(0), told });
    let decide = move |attempt: Attempt| Arc::clone(&handler).decide(attempt);
    // No deadline of a test's length could end the first call.
    let hour = Duration::from_secs(3600);
    let _running = tokio::spawn(AuthServer::new(decide).deadline(hour).run(requests));
    let port = Port::reserve()?;
    let options = patient::client(&process).local_port(&port);
    let mut gone = comes(&lab, options.clone(), "alice").await?;
    assert_eq!(within("first attempt", calls.recv()).await?, Some("dead"));
    gone.process.kill();
    let mut client = comes(&lab, options, "alice").await?;
    let mut heard = Vec::new();
    for _ in 0..2 {
        let call = within("second attempt", calls.recv()).await;
        heard.push(call.with_context(|| process.log())?.context("it ended")?);
    }
    heard.sort_unstable();
    assert_eq!(heard, ["live", "withdrawn"]);
    client.connected().await?;
    Ok(())
}
