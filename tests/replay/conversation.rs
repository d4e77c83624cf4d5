//! A recording as conversations of this crate's client.

use crate::recordings::Recording;
use openvpn_mgmt_test::scripted::PROMPT;

/// A command as it was sent, and all that came before the next.
pub(crate) struct Exchange {
    pub(crate) sent: String,
    pub(crate) received: Vec<u8>,
    /// The daemon closed after it.
    pub(crate) closes: bool,
}

/// One connection of this crate's client.
pub(crate) struct Conversation {
    pub(crate) opening: Vec<u8>,
    pub(crate) password: Option<Vec<u8>>,
    /// The password was wrong.
    pub(crate) is_rejected: bool,
    /// What follows the password.
    pub(crate) greeting: Vec<u8>,
    pub(crate) exchanges: Vec<Exchange>,
}

impl Exchange {
    pub(crate) fn sent_text(&self) -> &str {
        &self.sent
    }

    /// Its first line.
    pub(crate) fn command(&self) -> &str {
        self.sent.lines().next().unwrap_or_default()
    }
}

impl Conversation {
    /// Those of a recording: one, but for wrong management passwords. This crate gives a
    /// password once and leaves where it is not accepted, so each prompt begins a connection.
    pub(crate) fn all(recording: &Recording) -> Vec<Self> {
        let (opening, mut exchanges) = exchanges(recording);
        if opening != PROMPT.as_bytes() {
            let (password, greeting) = (None, Vec::new());
            return vec![Self { opening, password, is_rejected: false, greeting, exchanges }];
        }
        let mut conversations = Vec::new();
        while !exchanges.is_empty() {
            let answer = exchanges.remove(0);
            if answer.received.is_empty() && !answer.closes {
                // Sent after the daemon had closed.
                break;
            }
            let is_rejected = answer.closes || answer.received == PROMPT.as_bytes();
            conversations.push(Self {
                opening: opening.clone(),
                password: Some(answer.sent.trim_end().as_bytes().to_vec()),
                is_rejected,
                greeting: answer.received,
                exchanges: if is_rejected { Vec::new() } else { std::mem::take(&mut exchanges) },
            });
        }
        conversations
    }
}

fn exchanges(recording: &Recording) -> (Vec<u8>, Vec<Exchange>) {
    let mut opening = Vec::new();
    let mut exchanges: Vec<Exchange> = Vec::new();
    for record in &recording.records {
        match (record.from_daemon, exchanges.last_mut()) {
            (false, _) => {
                let sent = String::from_utf8(record.bytes.clone()).unwrap();
                exchanges.push(Exchange { sent, received: Vec::new(), closes: false });
            }
            (true, None) => opening.extend_from_slice(&record.bytes),
            (true, Some(exchange)) => {
                exchange.received.extend_from_slice(&record.bytes);
                exchange.closes |= record.bytes.is_empty();
            }
        }
    }
    (opening, exchanges)
}

/// The lines that are no events.
pub(crate) fn reply_lines(received: &[u8]) -> Vec<String> {
    let lines = received.split_inclusive(|byte| *byte == b'\n');
    let replies = lines.filter(|line| !line.starts_with(b">"));
    replies.map(|line| String::from_utf8_lossy(line).trim_end().to_owned()).collect()
}

/// The words of a line, quotes and escapes resolved.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut within = None;
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match (char, within) {
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(chars.next()),
            (_, Some(quote)) if char == quote => within = None,
            ('"' | '\'', None) if word.is_none() => {
                word = Some(String::new());
                within = Some(char);
            }
            (' ', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    words
}
