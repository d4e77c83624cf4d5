//! [`Connection`]: a [`Server`] over a stream.

use std::io;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use zeroize::Zeroizing;

use super::input::READ;
use super::lines::{LineError, ToLines};
use super::protocol::Server;
use super::received::Received;

/// The daemon's side of a management connection, over any stream.
///
/// As a daemon it does not read while there is something to be sent: a manager that does not read its replies is not
/// read either.
///
/// # Cancel safety
/// Every method can be dropped and called again: what was received is kept, and what was to be said is sent by
/// the next call.
#[derive(Debug)]
pub struct Connection<S> {
    stream: S,
    server: Server,
    /// Taken from the server and not sent yet.
    unsent: Bytes,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Serves a stream. What the server has to say already, as its prompt, goes out with the first call.
    pub fn new(stream: S, server: Server) -> Self {
        Self { stream, server, unsent: Bytes::new() }
    }

    /// The next command; `None` once the manager has left, or the server [reads no more](Server::is_ended).
    ///
    /// # Errors
    /// Reading or writing fails.
    pub async fn next(&mut self) -> io::Result<Option<Received>> {
        loop {
            if let Some(received) = self.server.next() {
                return Ok(Some(received));
            }
            if self.server.is_ended() {
                return Ok(None);
            }
            self.flush().await?;
            let mut buffer = Zeroizing::new([0; READ]);
            match self.stream.read(&mut *buffer).await? {
                0 => return Ok(None),
                count => self.server.receive(buffer.get(..count).unwrap_or_default()),
            }
        }
    }

    /// Sends a reply, or bare lines of one.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) with a [`LineError`] for a line that would not arrive as one;
    /// others where writing fails.
    pub async fn reply(&mut self, reply: impl ToLines) -> io::Result<()> {
        self.server.reply(reply).map_err(bad_line)?;
        self.flush().await
    }

    /// Sends an event; each of its lines gets a `>`.
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    pub async fn event(&mut self, event: impl ToLines) -> io::Result<()> {
        self.server.event(event).map_err(bad_line)?;
        self.flush().await
    }

    /// Sends what is to be sent: what was said to the [server](Self::server), or by a call that was dropped.
    ///
    /// # Errors
    /// Writing fails.
    pub async fn flush(&mut self) -> io::Result<()> {
        loop {
            if self.unsent.is_empty() {
                self.unsent = self.server.output();
            }
            if self.unsent.is_empty() {
                return self.stream.flush().await;
            }
            match self.stream.write(&self.unsent).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => self.unsent.advance(count),
            }
        }
    }

    /// Sends what is to be sent, and closes.
    ///
    /// # Errors
    /// Writing fails.
    pub async fn close(mut self) -> io::Result<()> {
        self.flush().await?;
        self.stream.shutdown().await
    }

    /// The server, as to say which blocks are wanted.
    pub fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// The stream and the server; what was not sent yet is lost.
    pub fn into_parts(self) -> (S, Server) {
        (self.stream, self.server)
    }
}

fn bad_line(error: LineError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

#[cfg(test)]
mod tests;
