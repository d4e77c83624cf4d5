//! One session of a real daemon, driven by twelve tasks that do everything wrong but one thing: each
//! looks whether the replies it gets are its own.
//!
//! Ten seconds with the other tests; `make marathon` runs ten minutes, or `MARATHON_SECONDS`, and
//! prints what was done.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(unreachable_pub, reason = "nothing outside could reach it")]

#[path = "marathon/figures.rs"]
mod figures;
#[path = "marathon/tasks.rs"]
mod tasks;
mod wrong_shapes;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{ClientOptions, DEADLINE, KeyKind, Lab, ServerOptions, Version};
use openvpn_mgmt::{Builder, CloseReason, Event, Request, Requests, StateName};
use p256::ecdsa::SigningKey;
use p256::pkcs8::DecodePrivateKey as _;
use tokio::task::JoinSet;
use tokio::time::Instant;

use figures::Figures;
use tasks::Runner;

fn duration() -> Result<Duration> {
    match std::env::var("MARATHON_SECONDS") {
        Ok(seconds) => Ok(Duration::from_secs(seconds.parse().context("MARATHON_SECONDS")?)),
        Err(_) => Ok(Duration::from_secs(10)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_tasks_on_one_session_get_their_own_replies() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("twelve_tasks_on_one_session_get_their_own_replies")?
    else {
        return Ok(());
    };
    // Over TCP the client learns at once of a signature that the server does not like.
    let server =
        lab.server(ServerOptions::new().without_client_auth().tcp().without_hold()).await?;
    let formats = if lab.daemon().version() < Version::new(2, 6, 0) { "nopadding" } else { "" };
    let options = ClientOptions::to_tcp(&server).without_auth_user_pass().common_name("client");
    let daemon = lab.client(options.external_key(formats)).await?;
    let key = std::fs::read_to_string(lab.identity("client", &KeyKind::Ec)?.key)?;
    let key = SigningKey::from_pkcs8_pem(&key).map_err(|_| anyhow::anyhow!("not a P-256 key"))?;

    let builder = Builder::new().pipeline(8).event_capacity(64 * 1024).command_timeout(DEADLINE);
    let session = builder.connect(daemon.socket()).await?;
    let (client, mut events, requests) = session.split();
    client.announce_version(2).await?;
    client.state_on().await?;
    let figures = Arc::new(Figures::default());
    let runner = Runner {
        client: client.clone(),
        socket: daemon.socket().to_owned(),
        pid: daemon.pid(),
        until: Instant::now() + duration()?,
        figures: Arc::clone(&figures),
    };
    let signing = tokio::spawn(sign(requests, key, runner.clone()));
    let watched = Arc::clone(&figures);
    let watching = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Stray(_)) => watched.count("stray lines told"),
                Ok(Event::State(state)) if state.name == StateName::Connected => {
                    watched.count("times connected");
                }
                Ok(Event::Malformed(malformed)) => panic!("{malformed:?}"),
                _ => {}
            }
        }
    });
    run(&runner).await?;

    // It is in step after all that, and ends with its reason.
    ensure!(client.pid().await? == daemon.pid(), "another's reply");
    client.quit().await?;
    ensure!(matches!(client.closed().await, CloseReason::Requested), "another reason");
    signing.await??;
    watching.await?;
    println!("{figures}");
    for what in ["dropped", "timed out", "refused", "wrong shapes", "signed", "second managers"] {
        ensure!(figures.get(what) > 0, "never once {what}: {figures}");
    }
    Ok(())
}

/// The eleven tasks beside the one that signs.
async fn run(runner: &Runner) -> Result<()> {
    let mut tasks = JoinSet::new();
    for seed in 0..4 {
        tasks.spawn(runner.clone().ask(seed));
    }
    for seed in 4..6 {
        tasks.spawn(runner.clone().drop_calls(seed));
    }
    tasks.spawn(runner.clone().time_out(6));
    tasks.spawn(runner.clone().be_refused());
    tasks.spawn(runner.clone().say_wrong_shapes());
    tasks.spawn(runner.clone().restart(10));
    tasks.spawn(runner.clone().connect_second_manager());
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// Answers what the daemon asks, every third time by the command the prompt does not name.
async fn sign(mut requests: Requests, key: SigningKey, runner: Runner) -> Result<()> {
    let mut count = 0_u64;
    while let Some(request) = requests.next().await {
        let answered = match request {
            Request::Hold(hold) => hold.release().await,
            Request::Sign(ask) => {
                let signature: p256::ecdsa::Signature =
                    p256::ecdsa::signature::hazmat::PrehashSigner::sign_prehash(&key, ask.data())?;
                count += 1;
                let signature = signature.to_der();
                let sent = if count % 3 == 0 {
                    ask.decline();
                    runner.client.rsa_sig(signature.as_bytes()).await
                } else {
                    ask.answer(signature.as_bytes()).await
                };
                if sent.is_ok() {
                    runner.figures.count("signed");
                }
                sent
            }
            other => other.decline().await,
        };
        runner.harmless("an answer", answered)?;
    }
    Ok(())
}
