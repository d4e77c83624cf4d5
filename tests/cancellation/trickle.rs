//! A stream that takes a few bytes at a time, and keeps what was written.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// So many bytes are taken at a time, and in every other turn none: a call can be dropped within its command.
const PIECE: usize = 7;

/// Those that are followed by lines up to `END`.
const BLOCKS: [&str; 5] = ["client-auth", "client-pf", "certificate", "pk-sig", "rsa-sig"];

/// What was written to a stream.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    /// The commands that were written since the last time, each with its lines, and whole.
    pub(crate) fn commands(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "a command is cut: {text:?}");
        let (mut commands, mut lines) = (Vec::new(), text.lines());
        while let Some(line) = lines.next() {
            let mut command =
                if line.starts_with("signal fence-") { "FENCE" } else { line }.to_owned();
            if BLOCKS.contains(&line.split(' ').next().unwrap()) {
                loop {
                    let line = lines.next().unwrap_or_else(|| panic!("a block is cut: {text:?}"));
                    command = format!("{command}\n{line}");
                    if line == "END" {
                        break;
                    }
                }
            }
            commands.push(command);
        }
        commands
    }
}

/// A program's end of a stream.
pub(crate) struct Trickle {
    stream: DuplexStream,
    written: Written,
    waits: bool,
}

impl Trickle {
    pub(crate) fn over(stream: DuplexStream) -> (Self, Written) {
        let written = Written::default();
        (Self { stream, written: written.clone(), waits: true }, written)
    }
}

impl AsyncRead for Trickle {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Trickle {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if std::mem::replace(&mut self.waits, false) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = &buf[..buf.len().min(PIECE)];
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, piece))?;
        self.waits = true;
        self.written.0.lock().unwrap().extend_from_slice(&piece[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
