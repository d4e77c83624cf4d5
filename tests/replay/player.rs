//! A daemon that says what a real one said.

use std::convert::Infallible;

use tokio::io::DuplexStream;

use crate::conversation::{Conversation, Exchange, words};
use openvpn_mgmt_test::scripted::{Daemon, pipe_of};

/// Plays the daemon of a recording.
pub(crate) struct Player {
    name: String,
    /// `None` once it has closed.
    daemon: Option<Daemon>,
    played: Vec<u8>,
}

impl Player {
    /// The client's end, and a player named after its recording.
    pub(crate) fn new(name: &str) -> (DuplexStream, Self) {
        // Whatever is recorded fits, so that writing never waits.
        let (ours, daemon) = pipe_of(1024 * 1024);
        (ours, Self { name: name.to_owned(), daemon: Some(daemon), played: Vec::new() })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.daemon.is_none()
    }

    /// What comes before the first command.
    pub(crate) async fn open(&mut self, conversation: &Conversation) {
        self.play_bytes(&conversation.opening).await;
        if let Some(password) = &conversation.password {
            self.daemon().await.hears(password).await;
            self.play_bytes(&conversation.greeting).await;
            // After the third wrong one the daemon closes without a word.
            if conversation.greeting.is_empty() {
                self.daemon = None;
            }
        }
    }

    /// Takes the recorded command, answers as recorded, and answers what this crate asks
    /// beside it: a fence, or what the daemon is.
    pub(crate) async fn play(&mut self, exchange: &Exchange) -> Infallible {
        for line in exchange.sent.lines() {
            let mut heard = self.daemon().await.line().await;
            loop {
                if heard == "version" && line != "version" {
                    heard = self.tells_version().await;
                } else if let Some(fence) = heard.strip_prefix("signal fence-") {
                    // Of the command before, whose call is over.
                    let refusal =
                        format!("ERROR: signal 'fence-{fence}' is not a known signal type\r\n");
                    heard = self.daemon().await.says(refusal).await.line().await;
                } else {
                    break;
                }
            }
            assert_eq!(self.normal(&heard), self.normal(line), "{}", self.name);
        }
        self.play_bytes(&exchange.received).await;
        if exchange.closes {
            self.daemon = None;
        }
        loop {
            self.daemon().await.passes_fence().await;
        }
    }

    /// Answers `version`, and hears the next line.
    async fn tells_version(&mut self) -> String {
        let version = self.name.split('/').next().unwrap();
        let text = format!(
            "OpenVPN Version: OpenVPN {version} [PKCS11]\r\nManagement Version: 6\r\nEND\r\n"
        );
        self.daemon().await.says(text).await.line().await
    }

    /// The events that came with a command that was not sent.
    pub(crate) async fn play_events(&mut self, exchange: &Exchange) {
        let lines = exchange.received.split_inclusive(|byte| *byte == b'\n');
        for line in lines.filter(|line| line.starts_with(b">")) {
            self.play_bytes(line).await;
        }
    }

    /// Closes, where it has not, and gives all that was played of the recording.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.daemon = None;
        self.played
    }

    /// The daemon; never, once it has closed.
    async fn daemon(&mut self) -> &mut Daemon {
        match &mut self.daemon {
            Some(daemon) => daemon,
            None => std::future::pending().await,
        }
    }

    async fn play_bytes(&mut self, bytes: &[u8]) {
        self.played.extend_from_slice(bytes);
        if let Some(daemon) = &mut self.daemon {
            daemon.says(bytes).await;
        }
    }

    /// A command as the daemon's lexer reads it, so that two ways to quote are one.
    fn normal(&self, line: &str) -> Vec<String> {
        let mut words = words(line);
        match words.first().map(String::as_str) {
            Some("exit") => words = vec!["quit".to_owned()],
            // OpenVPN 2.5 has no timeout, and ignores it where one is given.
            Some("client-pending-auth") if self.name.starts_with("2.5") => words.truncate(3),
            // What was recorded as bad base64 goes out as good.
            Some(word) if words.len() == 1 => words = vec![word.trim_end_matches('=').to_owned()],
            _ => {}
        }
        words
    }
}
