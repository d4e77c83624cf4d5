//! Writing what this crate reads: lines that no reader takes for anything else.

mod line;

pub(crate) use line::Line;
use line::{add, take_back};

/// Why a value cannot be written: whoever reads it would read something else. Nothing was written.
///
/// It names the field, never its value, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The field holds a line end, and would become two lines.
    #[error("the {field} holds a line end")]
    LineEnd {
        /// The field.
        field: &'static str,
    },
    /// The field is a secret whose bytes are withheld from events while
    /// [requests](crate::Builder::requests) are on.
    #[error("the {field} is withheld")]
    Withheld {
        /// The field.
        field: &'static str,
    },
    /// The field would be read as something else.
    #[error("the {field} {problem}")]
    ReadsOtherwise {
        /// The field.
        field: &'static str,
        /// What is wrong, in words that hold no part of the value.
        problem: &'static str,
    },
}

impl WriteError {
    pub(crate) fn reads_otherwise(field: &'static str, problem: &'static str) -> Self {
        Self::ReadsOtherwise { field, problem }
    }
}

/// What writing gives.
pub(crate) type Written = Result<(), WriteError>;

/// A reply that is written as a daemon writes it: the lines of one command's answer.
///
/// Each line ends in CRLF, a block in `END`. A daemon's reply that is read and written again is the same, byte for
/// byte. What no daemon sends may differ: zeros before a number, lines in another order, other labels of a version.
///
/// A list of [rows](WriteRow) is a block; of two replies in a tuple the second follows the first, as
/// the history that follows a `SUCCESS:` line.
///
/// ```
/// use openvpn_mgmt::events::State;
/// use openvpn_mgmt::reply::{ReplyLine, Scalar, WriteReply};
///
/// assert_eq!(Scalar::Pid(3528).to_bytes()?, b"SUCCESS: pid=3528\r\n");
/// let on = ReplyLine::Success("real-time state notification set to ON".into());
/// let reply = (on, Vec::<State>::new());
/// assert_eq!(reply.to_bytes()?, b"SUCCESS: real-time state notification set to ON\r\nEND\r\n");
/// # Ok::<(), openvpn_mgmt::WriteError>(())
/// ```
pub trait WriteReply {
    /// Adds the reply to `out`.
    ///
    /// # Errors
    /// [`WriteError`] where it would be read as something else; `out` is then as it was.
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError>;

    /// The reply by itself.
    ///
    /// # Errors
    /// Those of [`write`](Self::write).
    fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        let mut out = Vec::new();
        self.write(&mut out).map(|()| out)
    }
}

/// A row of a reply that is a block: one line.
pub trait WriteRow {
    /// Adds the row to `out`, with its line end.
    ///
    /// # Errors
    /// [`WriteError`] where it would be read as something else; `out` is then as it was.
    fn write_row(&self, out: &mut Vec<u8>) -> Result<(), WriteError>;
}

impl<T: WriteReply + ?Sized> WriteReply for &T {
    fn write(&self, out: &mut Vec<u8>) -> Written {
        (**self).write(out)
    }
}

impl<T: WriteReply + ?Sized> WriteReply for Box<T> {
    fn write(&self, out: &mut Vec<u8>) -> Written {
        (**self).write(out)
    }
}

impl<A: WriteReply, B: WriteReply> WriteReply for (A, B) {
    fn write(&self, out: &mut Vec<u8>) -> Written {
        whole(out, |out| {
            self.0.write(out)?;
            self.1.write(out)
        })
    }
}

impl<T: WriteRow> WriteReply for [T] {
    fn write(&self, out: &mut Vec<u8>) -> Written {
        write_block(out, self)
    }
}

impl<T: WriteRow> WriteReply for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) -> Written {
        write_block(out, self)
    }
}

impl<T: WriteRow + ?Sized> WriteRow for &T {
    fn write_row(&self, out: &mut Vec<u8>) -> Written {
        (**self).write_row(out)
    }
}

impl<T: WriteRow, E: WriteRow> WriteRow for Result<T, E> {
    fn write_row(&self, out: &mut Vec<u8>) -> Written {
        match self {
            Ok(row) => row.write_row(out),
            Err(row) => row.write_row(out),
        }
    }
}

impl WriteRow for super::Text {
    fn write_row(&self, out: &mut Vec<u8>) -> Written {
        Line::row(out).text("row", self).end()
    }
}

/// Writes rows and their `END`.
pub(crate) fn write_block<T: WriteRow>(
    out: &mut Vec<u8>,
    rows: impl IntoIterator<Item = T>,
) -> Written {
    block(out, |out| rows.into_iter().try_for_each(|row| row.write_row(out)))
}

/// Writes the rows that `write` adds, and their `END`.
pub(crate) fn block(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Written) -> Written {
    whole(out, |out| {
        let start = out.len();
        write(out)?;
        let rows = out.get(start..).unwrap_or_default();
        // A reader that waits for a block takes these for its refusal, or for another command's reply.
        if rows.starts_with(b"ERROR:")
            || rows.starts_with(b"SUCCESS:")
            || rows.starts_with(b"SUCCESS\r\n")
        {
            let problem = "begins as a reply of one line does";
            return Err(WriteError::reads_otherwise("first row", problem));
        }
        add(out, b"END\r\n");
        Ok(())
    })
}

/// Leaves `out` as it was where `write` fails.
pub(crate) fn whole(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Written) -> Written {
    let start = out.len();
    write(out).inspect_err(|_| take_back(out, start))
}

#[cfg(test)]
pub(super) mod tests;
