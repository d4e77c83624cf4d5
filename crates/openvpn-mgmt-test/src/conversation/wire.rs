//! One connection: the bytes that have come, as lines, and those that go out.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::io::{ReadHalf, WriteHalf, split};
use tokio::time::timeout;

/// What has been written by now has come by then. With a paused clock: once every task waits.
const SETTLED: Duration = Duration::from_millis(1);

/// A stream, and what has come of it and was not taken yet.
pub(super) struct Wire<S> {
    input: ReadHalf<S>,
    output: WriteHalf<S>,
    unread: Vec<u8>,
    ended: bool,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// A line, without its CR LF.
    Line(Vec<u8>),
    /// The end of the connection, behind bytes that are no whole line.
    End(Vec<u8>),
}

impl<S: AsyncRead + AsyncWrite> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        let (input, output) = split(stream);
        Self { input, output, unread: Vec::new(), ended: false }
    }

    /// The next line, which stays where it is until [`take`](Self::take).
    pub(super) async fn peek(&mut self) -> Next {
        loop {
            if let Some(line) = self.whole_line() {
                return Next::Line(line);
            }
            if self.ended {
                return Next::End(self.unread.clone());
            }
            self.read().await;
        }
    }

    /// Takes the line that was peeked at.
    pub(super) fn take(&mut self) {
        let end = self.unread.iter().position(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        self.unread.drain(..end);
    }

    /// Waits for as many bytes, and takes them if they are these; else what came.
    pub(super) async fn take_bytes(&mut self, expected: &[u8]) -> Result<(), Vec<u8>> {
        while !self.ended
            && expected.starts_with(&self.unread)
            && self.unread.len() < expected.len()
        {
            self.read().await;
        }
        if !self.unread.starts_with(expected) {
            return Err(self.unread.clone());
        }
        self.unread.drain(..expected.len());
        Ok(())
    }

    /// Writes, and reads meanwhile: a daemon whose output is not read reads nothing itself.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self { input, output, unread, ended } = self;
        let mut write = std::pin::pin!(async {
            output.write_all(bytes).await?;
            output.flush().await
        });
        loop {
            tokio::select! {
                written = &mut write => return written,
                read = input.read_buf(unread), if !*ended => *ended = !matches!(read, Ok(1..)),
            }
        }
    }

    /// What has come, without waiting for what the daemon has yet to say.
    pub(super) async fn received(&mut self) -> &[u8] {
        while !self.ended {
            let now = timeout(SETTLED, self.read());
            if now.await.is_err() {
                break;
            }
        }
        &self.unread
    }

    async fn read(&mut self) {
        // A connection that is reset has ended as one that is closed.
        self.ended = !matches!(self.input.read_buf(&mut self.unread).await, Ok(1..));
    }

    /// A line that ends in a bare LF shows it, so that it is not taken for one that ends as it should.
    fn whole_line(&self) -> Option<Vec<u8>> {
        let end = self.unread.iter().position(|&byte| byte == b'\n')?;
        let line = self.unread.get(..end)?;
        Some(match line.strip_suffix(b"\r") {
            Some(line) => line.to_vec(),
            None => [line, b"{no CR}"].concat(),
        })
    }
}
