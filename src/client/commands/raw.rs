//! The escape hatch.

use crate::client::Client;
use crate::command::{ReplyShape, raw};
use crate::error::Result;
use crate::reply::RawReply;

impl Client {
    /// Sends a line as it stands and waits for a reply of `shape`.
    ///
    /// For commands this crate does not know. The line is held against what the daemon would cut,
    /// drop or run; a caller's text in it must be [quoted](crate::command::quote). A command that begins a
    /// block, and `exit`, are refused: what follows them would be read differently.
    ///
    /// With a `shape` that is not the command's, lines are reported as
    /// [`Event::Stray`](crate::Event::Stray) or the call times out; where several lines may come,
    /// [`ReplyShape::Fenced`] is always right.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn raw_command(&self, line: impl AsRef<[u8]>, shape: ReplyShape) -> Result<RawReply> {
        self.call(raw::raw(line.as_ref(), shape)?).await
    }
}
