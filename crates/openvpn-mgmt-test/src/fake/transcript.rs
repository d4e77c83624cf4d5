//! What was said, for a message of a test that fails.

use std::collections::VecDeque;

/// The last lines of a conversation.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    lines: VecDeque<String>,
    dropped: usize,
    /// What the daemon has begun to say.
    open: Vec<u8>,
}

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Daemon,
    Manager,
}

/// How many lines are kept.
const KEPT: usize = 200;

impl Transcript {
    /// Adds what the daemon says.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.open.extend_from_slice(part);
            if part.ends_with(b"\n") || part == b"ENTER PASSWORD:" {
                let line = std::mem::take(&mut self.open);
                let text = String::from_utf8_lossy(&line);
                self.line(Who::Daemon, text.trim_end_matches(['\r', '\n']));
            }
        }
    }

    pub(super) fn line(&mut self, who: Who, text: &str) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
            self.dropped += 1;
        }
        let who = match who {
            Who::Daemon => "daemon",
            Who::Manager => "manager",
        };
        self.lines.push_back(format!("{who} > {text}"));
    }

    pub(super) fn text(&self) -> String {
        let mut text = match self.dropped {
            0 => String::new(),
            dropped => format!("({dropped} lines before)\n"),
        };
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}
