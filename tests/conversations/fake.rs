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
