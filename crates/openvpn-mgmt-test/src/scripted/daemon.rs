//! The daemon's end of a connection, and what it can do.

use std::fmt::{self, Display};
use std::io;
use std::time::Duration;

use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
    DuplexStream,
};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::transcript::{Side, Transcript};
use super::{PROMPT, STATES_ON, UNFILTERED, greeting};

/// How long a step may take: long enough for a busy machine, and for a client that gives up.
const DEADLINE: Duration = Duration::from_secs(600);

/// The daemon's end of a connection.
///
/// A step that does not go as it should panics, and shows the conversation up to there.
pub struct Daemon<S = DuplexStream> {
    stream: BufReader<S>,
    /// The beginning of a line, kept where a step is dropped before the rest has come.
    begun: Vec<u8>,
    transcript: Transcript,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Daemon<S> {
    /// A daemon at this end of a stream, before its first word.
    pub fn on(stream: S) -> Self {
        let (stream, transcript) = (BufReader::new(stream), Transcript::default());
        Self { stream, begun: Vec::new(), transcript }
    }

    /// Says these bytes.
    pub async fn says(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let said = self.write(bytes.as_ref()).await;
        self.checked("say it", said);
        self
    }

    /// Says these bytes; `false` where the client has closed.
    pub async fn can_say(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        match self.write(bytes.as_ref()).await {
            Ok(said) => said.is_ok(),
            Err(_) => self.fails(format_args!("could not say it within {DEADLINE:?}")),
        }
    }

    /// Greets with this version of the management interface.
    pub async fn greets(&mut self, version: u32) -> &mut Self {
        self.says(greeting(version)).await
    }

    /// Asks for the management password, hears this one, and accepts it.
    pub async fn asks_password(&mut self, password: &str) -> &mut Self {
        self.says(PROMPT).await.hears(password).await;
        self.says("SUCCESS: password is correct\r\n").await
    }

    /// Answers what a connection that collects requests begins with.
    pub async fn gets_ready(&mut self) -> &mut Self {
        self.hears("env-filter 0").await.says(UNFILTERED).await;
        self.hears("state on").await.says(STATES_ON).await
    }

    /// Hears the next line, without its line end.
    pub async fn line(&mut self) -> String {
        let line = self.heard().await;
        String::from_utf8(line).unwrap_or_else(|error| self.fails(error))
    }

    /// Hears the next line, which must be this one.
    pub async fn hears(&mut self, line: impl AsRef<[u8]>) -> &mut Self {
        let (expected, heard) = (line.as_ref().escape_ascii(), self.heard().await);
        if heard != line.as_ref() {
            self.fails(format_args!("expected \"{expected}\", heard \"{}\"", heard.escape_ascii()));
        }
        self
    }

    /// Hears lines until one begins like this, and answers it; gives the line.
    pub async fn answers(&mut self, start: &str, reply: impl AsRef<[u8]>) -> String {
        loop {
            let line = self.line().await;
            if line.starts_with(start) {
                self.says(reply).await;
                return line;
            }
        }
    }

    /// Hears the next line, which must be a fence; gives what a daemon answers.
    pub async fn hears_fence(&mut self) -> String {
        let line = self.line().await;
        fence_reply(&line)
            .unwrap_or_else(|| self.fails(format_args!("expected a fence, heard {line:?}")))
    }

    /// Hears the next line, which must be a fence, and answers it.
    pub async fn passes_fence(&mut self) -> &mut Self {
        let reply = self.hears_fence().await;
        self.says(reply).await
    }

    /// Hears one byte, as a daemon on a slow link does.
    pub async fn byte(&mut self) -> u8 {
        let byte = timeout(DEADLINE, self.stream.read_u8()).await;
        let byte = self.checked("hear a byte", byte);
        self.transcript.add(Side::Client, &[byte]);
        byte
    }

    /// Hears all that still comes, until the client closes.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.begun);
        let read = timeout(DEADLINE, self.stream.read_to_end(&mut rest)).await;
        self.transcript.add(Side::Client, &rest);
        self.checked("hear the end", read);
        rest
    }

    /// Whether the client closes before it says anything more.
    pub async fn is_closed(&mut self) -> bool {
        self.next_line().await.is_empty()
    }

    /// Hears nothing for this long.
    pub async fn hears_nothing_for(&mut self, time: Duration) -> &mut Self {
        let read = timeout(time, self.stream.read_until(b'\n', &mut self.begun)).await;
        if read.is_ok() || !self.begun.is_empty() {
            self.fails(format_args!("expected nothing, heard \"{}\"", self.begun.escape_ascii()));
        }
        self
    }

    /// Says nothing more, and can still hear.
    pub async fn closes(&mut self) -> &mut Self {
        let closed = timeout(DEADLINE, self.stream.shutdown()).await;
        self.checked("close", closed);
        self
    }

    /// Fails the test, and shows the conversation.
    ///
    /// # Panics
    /// Always.
    pub fn fails(&self, why: impl Display) -> ! {
        panic!("{why}, after:\n{}", self.transcript)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<io::Result<()>, Elapsed> {
        self.transcript.add(Side::Daemon, bytes);
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout(DEADLINE, writing).await
    }

    /// The next line, without its line end, which must come with it.
    async fn heard(&mut self) -> Vec<u8> {
        let line = self.next_line().await;
        match line.strip_suffix(b"\n") {
            Some(line) => line.to_vec(),
            None if line.is_empty() => self.fails("the client has closed"),
            None => self.fails("the client has closed within a line"),
        }
    }

    /// The next line, or what there is of it where the client closes.
    async fn next_line(&mut self) -> Vec<u8> {
        let read = timeout(DEADLINE, self.stream.read_until(b'\n', &mut self.begun)).await;
        self.checked("hear a line", read);
        if !self.begun.is_empty() {
            self.transcript.add(Side::Client, &self.begun);
        }
        std::mem::take(&mut self.begun)
    }

    fn checked<T>(&self, what: &str, done: Result<io::Result<T>, Elapsed>) -> T {
        match done {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => self.fails(format_args!("could not {what}: {error}")),
            Err(_) => self.fails(format_args!("could not {what} within {DEADLINE:?}")),
        }
    }
}

/// Shows the conversation.
impl<S> fmt::Debug for Daemon<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a daemon after:\n{}", self.transcript)
    }
}

/// What a daemon answers to a fence, a `signal` that none knows; `None` for another command.
fn fence_reply(line: &str) -> Option<String> {
    let name = line.strip_prefix("signal ").filter(|name| name.starts_with("fence-"))?;
    Some(format!("ERROR: signal '{name}' is not a known signal type\r\n"))
}
