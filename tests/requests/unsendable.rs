//! Answers that no daemon takes: whoever knows the credentials is asked once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use openvpn_mgmt::handler::{
    BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider, Failure, Responder,
};
use openvpn_mgmt::{Error, Request, Secret};
use tokio::sync::mpsc;

use crate::daemon::Daemon;
use lab::{ClientOptions, Lab, within};

/// Has a password of this many bytes, and counts how often it is asked.
struct Long {
    bytes: usize,
    calls: Arc<AtomicUsize>,
}

impl CredentialsProvider for Long {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let (username, password) = ("alice".into(), Secret::from("x".repeat(self.bytes)));
        Ok(Some(CredentialsAnswer { username, password, ..Default::default() }))
    }
}

#[tokio::test]
async fn a_password_that_is_too_long_is_asked_for_once() -> Result<()> {
    let Some(lab) = Lab::or_skip("a_password_that_is_too_long_is_asked_for_once")? else {
        return Ok(());
    };
    let client = Daemon::client(&lab, ClientOptions::new()).await?;
    // From 2.7.2 on 4,095 bytes are taken, before that 256.
    let bytes = if client.client.management_version() < 6 { 300 } else { 5_000 };
    let calls = Arc::new(AtomicUsize::new(0));
    let (told, mut failures) = mpsc::unbounded_channel();
    let responder = Responder::new()
        .credentials(Long { bytes, calls: Arc::clone(&calls) })
        .failed(move |failure| told.send(failure).unwrap());
    tokio::spawn(responder.run(client.requests));

    let Failure { request, error, .. } =
        within("failure", failures.recv()).await?.context("the responder ended")?;
    let cause = error.downcast_ref::<Error>();
    let refused = matches!(cause, Some(Error::InvalidArgument { .. } | Error::Unsupported { .. }));
    assert!(refused, "{error}");
    // Whatever would have been asked again has been, by these round trips.
    for _ in 0..20 {
        client.client.pid().await?;
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(failures.try_recv().is_err());

    let Some(Request::Credentials(ask)) = request else { panic!("{request:?}") };
    ask.answer("alice", "s3cret").await?;
    Ok(())
}
