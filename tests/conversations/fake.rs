//! The conversations with a fake daemon of each version.

use std::future::Future;

use anyhow::Result;
use openvpn_mgmt_test::conversation::{Conversation, Release};
use openvpn_mgmt_test::{FakeDaemon, Personality};

use crate::differences::{self, Difference};

const PERSONALITIES: [(Release, Personality); 3] = [
    (Release::new(2, 5), Personality::V2_5),
    (Release::new(2, 6), Personality::V2_6),
    (Release::new(2, 7), Personality::V2_7),
];

#[test]
fn with_a_fake_daemon() -> Result<()> {
    let mut found = Vec::new();
    let conversations = crate::wanted()?;
    for conversation in &conversations {
        for (release, personality) in PERSONALITIES {
            if !conversation.is_for(release) {
                continue;
            }
            if let Err(error) = held(conversation, release, personality) {
                let conversation = crate::file_name(conversation);
                found.push(Difference { conversation, release, error: error.to_string() });
            }
        }
    }
    let names: Vec<String> = conversations.iter().map(crate::file_name).collect();
    differences::compare(&names, &found)
}

/// Each line of the daemon counts: with another text in its place the conversation fails.
#[test]
fn no_line_can_be_changed() -> Result<()> {
    let mut unread = Vec::new();
    for conversation in crate::wanted()? {
        let text = std::fs::read_to_string(conversation.name())?;
        let is_line = |line: &&str| line.contains("daemon > ") && !line.contains("{*}");
        let lines = text.lines().enumerate().filter(|(_, line)| is_line(line));
        for (at, line) in lines.map(|(at, line)| (at, line.replace("daemon > ", "daemon > x"))) {
            if !fails_with(&conversation, &text, at, &line)? {
                unread.push(format!("{}:{}", conversation.name(), at + 1));
            }
        }
    }
    assert!(unread.is_empty(), "not held against the daemon:\n{}", unread.join("\n"));
    Ok(())
}

/// Whether a conversation fails for one of its versions with another line in the place of one.
fn fails_with(original: &Conversation, text: &str, at: usize, line: &str) -> Result<bool> {
    let changed: Vec<&str> =
        text.lines().enumerate().map(|(n, old)| if n == at { line } else { old }).collect();
    let changed = Conversation::parse(original.name(), &changed.join("\n"))?;
    let mut versions = PERSONALITIES.iter().filter(|(release, _)| changed.is_for(*release));
    Ok(versions.any(|(release, personality)| held(&changed, *release, *personality).is_err()))
}

/// Holds a conversation in virtual time of its own.
fn held(conversation: &Conversation, release: Release, personality: Personality) -> Result<()> {
    in_virtual_time(async {
        let mut fake = FakeDaemon::of(personality).set_up(&conversation.set_up().join(", "))?;
        Ok(conversation.run(release, &mut fake).await?)
    })
}

fn in_virtual_time<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build()?.block_on(work)
}
