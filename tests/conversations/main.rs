//! Every conversation of this folder, with the daemon that is installed or the one of `OPENVPN_BIN`.
//!
//! `CONVERSATION=NAME cargo test --test conversations` holds those alone whose name begins so.
#![allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod differences;
mod facts;
mod fake;
mod real;
mod set_up;
mod side;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use lab::{Lab, skip};
use openvpn_mgmt_test::conversation::{Conversation, Release};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::real::Stage;

/// So many conversations are held at once; each waits for its daemons most of the time.
const AT_ONCE: usize = 16;

/// The conversations of this folder, by name.
fn of_folder() -> Result<Vec<Conversation>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations");
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "txt") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| Ok(Conversation::read(path)?)).collect()
}

/// Those that `CONVERSATION` names; all without it.
fn wanted() -> Result<Vec<Conversation>> {
    let wanted = std::env::var("CONVERSATION").unwrap_or_default();
    let mut conversations = of_folder()?;
    conversations.retain(|conversation| file_name(conversation).starts_with(&wanted));
    Ok(conversations)
}

fn file_name(conversation: &Conversation) -> String {
    let name = Path::new(conversation.name()).file_stem().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

async fn with_real(lab: Arc<Lab>, conversation: &Conversation, release: Release) -> Result<()> {
    let mut lab = lab;
    if conversation.set_up().iter().any(|word| word == "pkcs11") {
        if let Err(error) = can_make_tokens(&lab) {
            skip(conversation.name(), &error);
            return Ok(());
        }
        // One folder holds one token.
        lab = Arc::new(Lab::with(lab.daemon().clone())?);
    }
    let stage = Stage::new(lab, conversation.set_up()).await;
    let mut stage = stage.with_context(|| conversation.name().to_owned())?;
    let outcome = conversation.run(release, &mut stage).await;
    outcome.with_context(|| format!("the daemon's log:\n{}", last_lines(&stage.log())))
}

/// Whether there is what makes tokens, or what is missing.
fn can_make_tokens(lab: &Lab) -> Result<()> {
    lab.daemon().softhsm_module().context("there is no SoftHSM module for this openvpn")?;
    for program in ["softhsm2-util", "pkcs11-tool"] {
        let mut command = Command::new(program);
        command.arg("--help").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().with_context(|| format!("{program} does not run"))?;
    }
    Ok(())
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_real_daemon() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("with_a_real_daemon")? else { return Ok(()) };
    let version = lab.daemon().version();
    let release = Release::new(version.major, version.minor);
    let (lab, turns) = (Arc::new(lab), Arc::new(Semaphore::new(AT_ONCE)));
    let mut held = JoinSet::new();
    for conversation in wanted()? {
        if !conversation.is_for(release) {
            println!("{}: not of {release}", conversation.name());
            continue;
        }
        let (lab, turns) = (Arc::clone(&lab), Arc::clone(&turns));
        held.spawn(async move {
            let _turn = turns.acquire().await;
            let from = Instant::now();
            let outcome = with_real(lab, &conversation, release).await;
            println!("{}: {:.1} s", conversation.name(), from.elapsed().as_secs_f64());
            outcome
        });
    }
    let mut failed = Vec::new();
    while let Some(outcome) = held.join_next().await {
        if let Err(error) = outcome? {
            failed.push(format!("{error:?}"));
        }
    }
    assert!(failed.is_empty(), "{} failed on {version}:\n{}", failed.len(), failed.join("\n\n"));
    Ok(())
}
