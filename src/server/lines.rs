//! What a daemon says, as lines: [`ToLines`], [`Lines`], [`Reply`].

use std::fmt;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::events::Event;
use crate::reply::{RawReply, WriteReply};
use crate::types::{Text, WipedBytes, WriteError};

/// What can be said as lines: the line of an event, a block of them, a reply.
///
/// A text is one line. A type with lines of its own implements this to be given to
/// [`Server::reply`](super::Server::reply) or [`Server::event`](super::Server::event).
pub trait ToLines {
    /// Writes the lines, without their ends and, for an event, without its `>`.
    ///
    /// # Errors
    /// [`LineError`] for a line that would not arrive as one.
    fn to_lines(&self, lines: &mut Lines<'_>) -> Result<(), LineError>;
}

/// Where [`ToLines`] writes: each line gets its `>`, where it is an event's, and CR LF.
pub struct Lines<'a> {
    output: &'a mut WipedBytes,
    prefix: &'static [u8],
}

impl<'a> Lines<'a> {
    pub(super) fn of_reply(output: &'a mut WipedBytes) -> Self {
        Self { output, prefix: b"" }
    }

    pub(super) fn of_event(output: &'a mut WipedBytes) -> Self {
        Self { output, prefix: b">" }
    }

    /// Adds a line.
    ///
    /// # Errors
    /// [`LineError`] for a line that holds a line end.
    pub fn push(&mut self, line: impl AsRef<[u8]>) -> Result<(), LineError> {
        self.push_parts(&[line.as_ref()])
    }

    /// Adds a line that is put together of parts.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_parts(&mut self, parts: &[&[u8]]) -> Result<(), LineError> {
        for part in parts {
            if let Some(offset) = memchr::memchr2(b'\r', b'\n', part) {
                return Err(LineError::HoldsLineEnd { offset });
            }
        }
        for part in [self.prefix].iter().chain(parts).chain([&b"\r\n".as_slice()]) {
            self.output.extend(part, usize::MAX);
        }
        Ok(())
    }
}

impl Lines<'_> {
    /// Adds what was written whole, with its line ends.
    fn push_written(&mut self, written: &[u8]) {
        self.output.extend(written, usize::MAX);
    }
}

impl fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lines({} bytes)", self.output.len())
    }
}

/// Why a line cannot be said; nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// It holds a CR or LF, and would arrive as two lines.
    #[error("holds a line end at offset {offset}")]
    HoldsLineEnd {
        /// Where it stands, from 0.
        offset: usize,
    },
    /// A line `END` in a block, which it would end early.
    #[error("is the line `END`, which would end the block early")]
    EndsBlock,
    /// A typed event or reply that would be read as something else.
    #[error(transparent)]
    Unwritable(#[from] WriteError),
}

macro_rules! text_is_a_line {
    ($($text:ty),*) => {$(
        impl ToLines for $text {
            fn to_lines(&self, lines: &mut Lines<'_>) -> Result<(), LineError> {
                lines.push(self)
            }
        }
    )*};
}

text_is_a_line!(str, [u8], String, Vec<u8>, Bytes, Text);

impl<const N: usize> ToLines for [u8; N] {
    fn to_lines(&self, lines: &mut Lines<'_>) -> Result<(), LineError> {
        lines.push(self)
    }
}

impl ToLines for Zeroizing<Vec<u8>> {
    fn to_lines(&self, lines: &mut Lines<'_>) -> Result<(), LineError> {
        lines.push(self.as_slice())
    }
}

impl<T: ToLines + ?Sized> ToLines for &T {
    fn to_lines(&self, lines: &mut Lines<'_>) -> Result<(), LineError> {
        (**self).to_lines(lines)
    }
}

/// Its line, or its block. A line that was cut gets the end that it has not.
impl ToLines for Event {
    fn to_lines(&self, lines: &mut Lines<'_>) -> Result<(), LineError> {
        let written = Zeroizing::new(self.to_bytes()?);
        lines.push_written(&written);
        if !written.ends_with(b"\n") {
            lines.push_written(b"\r\n");
        }
        Ok(())
    }
}

/// A typed reply, as [`Server::reply`](super::Server::reply) takes it.
///
/// ```
/// use openvpn_mgmt::command::Dialect;
/// use openvpn_mgmt::reply::Scalar;
/// use openvpn_mgmt::server::{Server, Typed};
///
/// let mut server = Server::new(Dialect::openvpn(2, 6, 14));
/// server.reply(Typed(Scalar::Pid(7)))?;
/// assert_eq!(server.output(), b"SUCCESS: pid=7\r\n".as_slice());
/// # Ok::<(), openvpn_mgmt::server::LineError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typed<T>(
    /// The reply.
    pub T,
);

impl<T: WriteReply> ToLines for Typed<T> {
    fn to_lines(&self, lines: &mut Lines<'_>) -> Result<(), LineError> {
        lines.push_written(&Zeroizing::new(self.0.to_bytes()?));
        Ok(())
    }
}

/// `SUCCESS: …` where there is one, then a block where there are lines or nothing else.
impl ToLines for RawReply {
    fn to_lines(&self, lines: &mut Lines<'_>) -> Result<(), LineError> {
        if let Some(text) = &self.success {
            lines.push_parts(&[b"SUCCESS: ", text.as_bytes()])?;
        }
        if self.success.is_some() && self.lines.is_empty() {
            return Ok(());
        }
        block(&self.lines, lines)
    }
}

/// One of the forms that replies have.
///
/// ```
/// use openvpn_mgmt::command::Dialect;
/// use openvpn_mgmt::server::{Reply, Server};
///
/// let mut server = Server::new(Dialect::openvpn(2, 6, 14));
/// server.reply(Reply::success("pid=7"))?;
/// server.reply(Reply::error("verb level is out of range"))?;
/// server.reply(Reply::block(["TITLE\tOpenVPN", "TIME\tnow\t1"]))?;
/// server.reply(Reply::lines(["1", "END"]))?;
/// let said = b"SUCCESS: pid=7\r\nERROR: verb level is out of range\r\n\
///     TITLE\tOpenVPN\r\nTIME\tnow\t1\r\nEND\r\n1\r\nEND\r\n";
/// assert_eq!(server.output(), said.as_slice());
/// # Ok::<(), openvpn_mgmt::server::LineError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Reply(Form);

#[derive(Clone, PartialEq, Eq)]
enum Form {
    Success(Text),
    Error(Text),
    Block(Vec<Text>),
    Lines(Vec<Text>),
}

impl Reply {
    /// `SUCCESS: text`
    pub fn success(text: impl AsRef<[u8]>) -> Self {
        Self(Form::Success(own(text)))
    }

    /// `ERROR: text`
    pub fn error(text: impl AsRef<[u8]>) -> Self {
        Self(Form::Error(own(text)))
    }

    /// Lines, and `END` behind them.
    pub fn block<L: AsRef<[u8]>>(lines: impl IntoIterator<Item = L>) -> Self {
        Self(Form::Block(lines.into_iter().map(own).collect()))
    }

    /// Lines as they are.
    pub fn lines<L: AsRef<[u8]>>(lines: impl IntoIterator<Item = L>) -> Self {
        Self(Form::Lines(lines.into_iter().map(own).collect()))
    }
}

impl ToLines for Reply {
    fn to_lines(&self, lines: &mut Lines<'_>) -> Result<(), LineError> {
        match &self.0 {
            Form::Success(text) => lines.push_parts(&[b"SUCCESS: ", text.as_bytes()]),
            Form::Error(text) => lines.push_parts(&[b"ERROR: ", text.as_bytes()]),
            Form::Block(block_lines) => block(block_lines, lines),
            Form::Lines(bare) => bare.iter().try_for_each(|line| lines.push(line)),
        }
    }
}

/// Shows the form and length only: an error repeats what was sent, which may be a password.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Success(text) => write!(f, "Success({} bytes)", text.len()),
            Form::Error(text) => write!(f, "Error({} bytes)", text.len()),
            Form::Block(lines) => write!(f, "Block({} lines)", lines.len()),
            Form::Lines(lines) => write!(f, "Lines({} lines)", lines.len()),
        }
    }
}

fn own(text: impl AsRef<[u8]>) -> Text {
    WipedBytes::copy(text.as_ref()).into()
}

fn block(block: &[impl AsRef<[u8]>], lines: &mut Lines<'_>) -> Result<(), LineError> {
    for line in block {
        if line.as_ref() == b"END" {
            return Err(LineError::EndsBlock);
        }
        lines.push(line)?;
    }
    lines.push(b"END")
}
