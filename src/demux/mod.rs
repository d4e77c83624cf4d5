//! The lowest layer: bytes to lines, replies apart from events.
//!
//! It knows line ends, the `>` that marks an event, and the password prompt that
//! has no line end; it does not know what any line means. Two faces:
//!
//! - [`Demuxer`], sans-I/O: bytes in at any chunking, [`Item`]s out, or [`ItemRef`]s that stay where they are.
//! - [`demultiplex`], async: a reader in, two channels out, with the manners of
//!   the Go package `go-openvpn-mgmt/demux`.

mod channels;
mod chunk;
mod demuxer;
mod item;

pub use crate::types::LineRef;
pub use channels::{READ_ERROR_EVENT, demultiplex};
pub use demuxer::{DEFAULT_LINE_LIMIT, Demuxer, LineTooLong};
pub use item::{Item, ItemRef, PASSWORD_PROMPT};

#[cfg(test)]
mod tests;
