//! How a daemon reads what a manager sends.

mod buffer;
mod lexer;

pub(crate) use self::buffer::LineBuffer;
pub(crate) use self::lexer::parameters;

/// How many bytes a daemon reads at a time.
pub(crate) const READ: usize = 256;
