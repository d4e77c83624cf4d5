//! A management connection as bytes, for what must not go through the crate.

use std::path::Path;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::process::DEADLINE;

/// A unix socket and what was read from it.
#[derive(Debug)]
pub struct Raw {
    stream: UnixStream,
    unread: Vec<u8>,
}

impl Raw {
    /// Connects to a daemon's management socket.
    ///
    /// # Errors
    /// Nothing listens there.
    pub async fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).await;
        let stream = stream.with_context(|| format!("cannot connect to {}", socket.display()))?;
        Ok(Self { stream, unread: Vec::new() })
    }

    /// Writes one line; its LF is added.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn send(&mut self, line: &str) -> Result<()> {
        Ok(self.stream.write_all(format!("{line}\n").as_bytes()).await?)
    }

    /// Writes one line and waits for a text in what comes back.
    ///
    /// # Errors
    /// As [`expect`](Self::expect).
    pub async fn ask(&mut self, line: &str, text: &str) -> Result<String> {
        self.send(line).await?;
        self.expect(text).await.with_context(|| format!("after `{line}`"))
    }

    /// Reads on until a text comes, and returns the line it stands in. What came
    /// before it is passed over; what comes after it stays for the next call.
    ///
    /// # Errors
    /// The daemon closes, or is silent for too long; with what came instead.
    pub async fn expect(&mut self, text: &str) -> Result<String> {
        match timeout(DEADLINE, self.read_until(text)).await {
            Ok(line) => line,
            Err(_) => bail!("no `{text}` came, but: {}", String::from_utf8_lossy(&self.unread)),
        }
    }

    async fn read_until(&mut self, text: &str) -> Result<String> {
        loop {
            if let Some(line) = self.take(text) {
                return Ok(line);
            }
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                bail!("closed before `{text}`, after: {}", String::from_utf8_lossy(&self.unread));
            }
        }
    }

    /// The line that holds `text`, once it is whole. A text without an end of line
    /// (`ENTER PASSWORD:`) counts as soon as it is there when it ends in a colon.
    fn take(&mut self, text: &str) -> Option<String> {
        let needle = text.as_bytes();
        let at = self.unread.windows(needle.len()).position(|window| window == needle)?;
        let (before, from) = self.unread.split_at(at);
        let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |lf| lf + 1);
        let end = match from.iter().position(|&byte| byte == b'\n') {
            Some(lf) => at + lf + 1,
            None if text.ends_with(':') => at + needle.len(),
            None => return None,
        };
        let line = self
            .unread
            .get(start..end)
            .map(|line| String::from_utf8_lossy(line).trim_end().to_owned());
        self.unread.drain(..end);
        line
    }
}
