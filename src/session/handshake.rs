//! [`Handshake`]: from a fresh connection to OpenVPN's greeting.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use crate::demux::{Demuxer, Item};
use crate::error::invalid;
use crate::error::{CloseReason, Error, Result};
use crate::events::{Assembler, Event, Info};
use crate::types::{Secret, Text};
use crate::types::{check, limits};

const COMMAND: &str = "management password";

/// How much of a foreign first line an error shows.
const SHOWN: usize = 256;

/// What other events may come before the greeting; a daemon sends none.
const EARLY: usize = 64;

/// How many bytes of them.
const EARLY_BYTES: usize = 64 * 1024;

pub(crate) struct Handshake<'a> {
    demuxer: Demuxer,
    password: Option<&'a Secret>,
    sent: bool,
    early: Vec<Item>,
    early_bytes: usize,
}

impl<'a> Handshake<'a> {
    pub(crate) fn new(line_limit: usize, password: Option<&'a Secret>) -> Self {
        let demuxer = Demuxer::with_line_limit(line_limit).keep_apart(Assembler::may_hold_secret);
        Self { demuxer, password, sent: false, early: Vec::new(), early_bytes: 0 }
    }

    /// Answers the password prompt and waits for the greeting; gives the management version.
    pub(crate) async fn run<S>(&mut self, stream: &mut S) -> Result<u32>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if let Some(password) = self.password {
            check_password(password)?;
        }
        loop {
            while let Some(item) = self.demuxer.next_item() {
                let item = item.map_err(|error| closed(CloseReason::LineTooLong(error.limit)))?;
                if let Some(version) = self.item(item, stream).await? {
                    return Ok(version);
                }
            }
            match stream.read_buf(&mut self.demuxer.room()).await {
                Ok(0) => return Err(self.end_of_input()),
                Ok(count) => self.demuxer.has_read(count),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(closed(CloseReason::Io(Arc::new(error)))),
            }
        }
    }

    /// The error where no greeting came in time: what came in its place is named.
    pub(crate) fn timed_out(mut self, after: Duration) -> Error {
        // Behind the password the begin of a line may be its echo.
        let cut = if self.sent { None } else { self.demuxer.finish() };
        match self.early.into_iter().next().or(cut) {
            Some(Item::Event(line) | Item::Reply(line)) if !line.is_empty() => not_openvpn(&line),
            _ => Error::NoGreeting { after },
        }
    }

    /// The demuxer with what is still in it, and the items to be served first.
    pub(crate) fn into_parts(self) -> (Demuxer, Vec<Item>) {
        (self.demuxer, self.early)
    }

    async fn item<S>(&mut self, item: Item, stream: &mut S) -> Result<Option<u32>>
    where
        S: AsyncWrite + Unpin,
    {
        match item {
            Item::PasswordPrompt => self.answer(stream).await.map(|()| None),
            Item::Reply(line) if self.sent && line.starts_with(b"SUCCESS:") => Ok(None),
            // The text of old daemons; newer ones just ask again.
            Item::Reply(line) if self.sent && line.starts_with(b"ERROR:") => {
                Err(Error::PasswordRejected)
            }
            Item::Reply(line) => Err(self.not_openvpn(&line)),
            Item::Event(line) => self.event(line),
        }
    }

    /// The error that shows what came in place of a greeting, unless it may be the password's echo.
    fn not_openvpn(&self, line: &Bytes) -> Error {
        if self.sent {
            return Error::NotOpenVpn { line: Text::from("[redacted]") };
        }
        not_openvpn(line)
    }

    async fn answer<S: AsyncWrite + Unpin>(&mut self, stream: &mut S) -> Result<()> {
        let password = self.password.ok_or(Error::PasswordRequired)?;
        if std::mem::replace(&mut self.sent, true) {
            return Err(Error::PasswordRejected);
        }
        let mut line = Zeroizing::new(Vec::with_capacity(password.len() + 1));
        line.extend_from_slice(password.expose());
        line.push(b'\n');
        let written = match stream.write_all(&line).await {
            Ok(()) => flush(stream).await,
            Err(error) => Err(error),
        };
        written.map_err(|error| closed(CloseReason::Io(Arc::new(error))))
    }

    fn event(&mut self, line: Bytes) -> Result<Option<u32>> {
        let greeting = match Event::parse(&line) {
            Event::Info(Info::Greeting { management_version }) => Some(management_version),
            Event::Info(info) if info.is_greeting_without_number() => {
                return Err(not_openvpn(&line));
            }
            _ if self.early.len() >= EARLY || self.early_bytes + line.len() > EARLY_BYTES => {
                return Err(self.not_openvpn(&line));
            }
            _ => None,
        };
        self.early_bytes += line.len();
        self.early.push(Item::Event(line));
        Ok(greeting)
    }

    fn end_of_input(&mut self) -> Error {
        match self.demuxer.finish() {
            Some(Item::Reply(line)) => self.not_openvpn(&line),
            _ => closed(CloseReason::Remote),
        }
    }
}

async fn flush(stream: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
    loop {
        match stream.flush().await {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            flushed => return flushed,
        }
    }
}

fn check_password(password: &Secret) -> Result<()> {
    let why = "the daemon reads the password as one line";
    check(password.expose(), limits::MANAGEMENT_PASSWORD, why)
        .map_err(|problem| invalid(COMMAND, "password", problem))
}

fn not_openvpn(line: &Bytes) -> Error {
    let shown = line.slice(..line.len().min(SHOWN));
    Error::NotOpenVpn { line: Text::from(shown) }
}

fn closed(reason: CloseReason) -> Error {
    Error::Closed(reason)
}
