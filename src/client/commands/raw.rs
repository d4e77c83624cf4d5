//! The escape hatch.

use crate::client::Client;
use crate::command::{RawCommand, ReplyShape};
use crate::error::Result;
use crate::reply::RawReply;

/// Lines that this crate does not know.
impl Client {
    /// Sends a line as it stands and waits for a reply of `shape`.
    ///
    /// For commands this crate does not know. The line is held against what the daemon would cut,
    /// drop or run; a caller's text in it must be [quoted](crate::command::quote). A command that begins a
    /// block, and `exit`, are refused: what follows them would be read differently.
    ///
    /// With a `shape` that is not the command's, the call ends with [`Error::UnexpectedReply`](crate::Error::UnexpectedReply)
    /// or [`Error::NoReply`](crate::Error::NoReply), and lines beyond it are reported as
    /// [`Event::Stray`](crate::Event::Stray); no other call is touched, for a fence follows each raw command. Where
    /// several lines may come, [`ReplyShape::Fenced`] is always right. A line of over 720 bytes leaves no room for
    /// the fence, which is sent once a line has come.
    #[doc(alias = "send")]
    pub async fn raw_command(&self, line: impl AsRef<[u8]>, shape: ReplyShape) -> Result<RawReply> {
        self.send(&RawCommand::new(line, shape)).await
    }
}
