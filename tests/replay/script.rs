//! A daemon that says what a real one said.

use std::convert::Infallible;

use tokio::io::{
    AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf, WriteHalf, duplex,
};

use crate::recordings::Recording;

const PROMPT: &[u8] = b"ENTER PASSWORD:";

/// A command as it was sent, and all that came before the next.
pub(crate) struct Exchange {
    sent: String,
    pub(crate) received: Vec<u8>,
    /// The daemon closed after it.
    closes: bool,
}

/// One connection of this crate's client.
pub(crate) struct Conversation {
    opening: Vec<u8>,
    pub(crate) password: Option<Vec<u8>>,
    /// The password was wrong.
    pub(crate) is_rejected: bool,
    /// What follows the password.
    greeting: Vec<u8>,
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
        if opening != PROMPT {
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
            let is_rejected = answer.closes || answer.received == PROMPT;
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

/// The daemon's end of a connection.
pub(crate) struct Daemon {
    name: String,
    stream: Option<(BufReader<ReadHalf<DuplexStream>>, WriteHalf<DuplexStream>)>,
    played: Vec<u8>,
}

impl Daemon {
    /// The client's end, and a daemon named after its recording.
    pub(crate) fn new(name: &str) -> (DuplexStream, Self) {
        // Whatever is recorded fits, so that writing never waits.
        let (ours, daemon) = duplex(1024 * 1024);
        let (reader, writer) = tokio::io::split(daemon);
        let stream = Some((BufReader::new(reader), writer));
        (ours, Self { name: name.to_owned(), stream, played: Vec::new() })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.stream.is_none()
    }

    /// What comes before the first command.
    pub(crate) async fn open(&mut self, conversation: &Conversation) {
        self.write(&conversation.opening).await;
        if let Some(password) = &conversation.password {
            assert_eq!(self.read().await.as_bytes(), password, "{}", self.name);
            self.write(&conversation.greeting).await;
            // After the third wrong one the daemon closes without a word.
            if conversation.greeting.is_empty() {
                self.stream = None;
            }
        }
    }

    /// Takes the recorded command, answers as recorded, and answers what this crate asks
    /// beside it: a fence, or what the daemon is.
    pub(crate) async fn play(&mut self, exchange: &Exchange) -> Infallible {
        for line in exchange.sent.lines() {
            let mut read = self.read().await;
            while read == "version" && line != "version" {
                let version = self.name.split('/').next().unwrap();
                let text = format!(
                    "OpenVPN Version: OpenVPN {version} [PKCS11]\r\nManagement Version: 6\r\nEND\r\n"
                );
                self.answer(text.as_bytes()).await;
                read = self.read().await;
            }
            assert_eq!(self.normal(&read), self.normal(line), "{}", self.name);
        }
        self.write(&exchange.received).await;
        if exchange.closes {
            self.stream = None;
        }
        loop {
            let read = self.read().await;
            let fence = read.strip_prefix("signal ").filter(|name| name.starts_with("fence-"));
            let Some(name) = fence else {
                panic!("{}: {read:?} after {}", self.name, exchange.command());
            };
            let reply = format!("ERROR: signal '{name}' is not a known signal type\r\n");
            self.answer(reply.as_bytes()).await;
        }
    }

    /// The events that came with a command that was not sent.
    pub(crate) async fn play_events(&mut self, exchange: &Exchange) {
        let lines = exchange.received.split_inclusive(|byte| *byte == b'\n');
        for line in lines.filter(|line| line.starts_with(b">")) {
            self.write(line).await;
        }
    }

    /// Closes, where it has not; all that was played, but for answers not recorded.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.stream = None;
        self.played
    }

    /// A line of the client's; never, once closed.
    async fn read(&mut self) -> String {
        let Some((reader, _)) = &mut self.stream else { return std::future::pending().await };
        let mut line = String::new();
        reader.read_line(&mut line).await.unwrap();
        assert!(line.ends_with('\n'), "{}: closed by the client", self.name);
        line.pop();
        line
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.played.extend_from_slice(bytes);
        self.answer(bytes).await;
    }

    async fn answer(&mut self, bytes: &[u8]) {
        if let Some((_, writer)) = &mut self.stream {
            writer.write_all(bytes).await.unwrap();
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
