//! What was said, for a message of a test that fails.

use std::collections::VecDeque;

/// The end of a conversation.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    said: VecDeque<(Who, Vec<u8>)>,
    held: usize,
    /// Something was said before.
    is_cut: bool,
}

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Daemon,
    Manager,
}

/// How many bytes are kept, beside the last thing that was said.
const KEPT: usize = 32 * 1024;

impl Transcript {
    /// Adds what somebody says; of a manager it is one line.
    pub(super) fn add(&mut self, who: Who, bytes: &[u8]) {
        while self.held > KEPT {
            self.is_cut = true;
            self.held -= self.said.pop_front().map_or(self.held, |(_, bytes)| bytes.len());
        }
        self.held += bytes.len();
        self.said.push_back((who, bytes.to_vec()));
    }

    pub(super) fn text(&self) -> String {
        let mut text = if self.is_cut { "(…)\n".to_owned() } else { String::new() };
        let mut last = None;
        for (who, bytes) in &self.said {
            for line in String::from_utf8_lossy(bytes).split_inclusive('\n') {
                // What a daemon says may be cut anywhere.
                if last != Some(Who::Daemon) || *who == Who::Manager || text.ends_with('\n') {
                    text.push_str(match who {
                        Who::Daemon => "daemon > ",
                        Who::Manager => "manager > ",
                    });
                }
                text.push_str(line.trim_end_matches(['\r', '\n']));
                if *who == Who::Manager || line.ends_with('\n') || line.ends_with("PASSWORD:") {
                    text.push('\n');
                }
                last = Some(*who);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_who_said_what() {
        let mut transcript = Transcript::default();
        transcript.add(Who::Daemon, b"ENTER PASSWORD:");
        transcript.add(Who::Manager, b"s3");
        transcript.add(Who::Daemon, b"a\r\nb");
        transcript.add(Who::Daemon, b"c\r\n");
        assert_eq!(
            transcript.text(),
            "daemon > ENTER PASSWORD:\nmanager > s3\ndaemon > a\ndaemon > bc\n"
        );
    }

    #[test]
    fn keeps_the_end() {
        let mut transcript = Transcript::default();
        for _ in 0..100 {
            transcript.add(Who::Daemon, &[b'x'; 1000]);
        }
        assert!(transcript.text().starts_with("(…)\n") && transcript.text().len() < KEPT + 2000);
    }
}
