//! The conversations of the test kit: any text is read or refused by its line, and one that is read is held with a
//! daemon that says anything.

use openvpn_mgmt_test::conversation::{Conversation, Release, World, WorldError};
use openvpn_mgmt_test::scripted::{Daemon, pipe_of};

/// Divides the text from what the daemon says.
const BETWEEN: u8 = 0xfe;

pub(crate) fn run(bytes: &[u8]) {
    let (text, said) = match bytes.iter().position(|byte| *byte == BETWEEN) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[][..]),
    };
    let text = String::from_utf8_lossy(text);
    let conversation = match Conversation::parse("fuzz", &text) {
        Ok(conversation) => conversation,
        Err(error) => {
            assert!(error.line() <= text.lines().count(), "{error}");
            assert!(error.to_string().starts_with("fuzz"), "{error}");
            return;
        }
    };
    assert_eq!(conversation.name(), "fuzz");
    for release in [Release::new(2, 5), Release::new(2, 7)] {
        assert_eq!(conversation.is_for(release), conversation.releases().contains(&release));
        hold(&conversation, release, said);
    }
}

/// Any outcome is good that comes: no step waits longer than its time.
fn hold(conversation: &Conversation, release: Release, said: &[u8]) {
    let runtime = super::paused_runtime();
    runtime.block_on(async {
        let mut world = Says { said: said.to_vec(), daemons: Vec::new() };
        if let Err(error) = conversation.run(release, &mut world).await {
            assert!(!error.reason().is_empty(), "{error}");
        }
    });
}

/// A daemon that says the same to every manager, and a world in which anything can be done.
struct Says {
    said: Vec<u8>,
    daemons: Vec<Daemon>,
}

impl World for Says {
    type Stream = tokio::io::DuplexStream;

    async fn connect(&mut self) -> Result<Self::Stream, WorldError> {
        let (ours, mut daemon) = pipe_of(self.said.len().max(1024));
        daemon.says(&self.said).await;
        self.daemons.push(daemon);
        Ok(ours)
    }

    async fn act(&mut self, words: &str) -> Result<(), WorldError> {
        if words.starts_with('n') { Err(WorldError::new("cannot")) } else { Ok(()) }
    }
}
