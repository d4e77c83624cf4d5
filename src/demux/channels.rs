//! [`demultiplex`]: the async face of the demuxer.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

use super::{Demuxer, Item, PASSWORD_PROMPT};

/// The last event of a connection whose reading failed, as the Go package words it.
pub const READ_ERROR_EVENT: &[u8] = b"FATAL:Error reading from OpenVPN";

/// Reads until the end of input and sorts lines into two channels.
///
/// Raw reply lines (no line end) go to `replies`; events, without their leading
/// `>`, go to `events`. Blank lines are skipped; a last line without a line end
/// is delivered. The password prompt `ENTER PASSWORD:`, which has no line end,
/// is delivered as a reply as soon as it is complete. Every message owns its bytes.
///
/// At the end of input the event channel closes first, then the reply channel,
/// then this function returns. Where reading fails, or a line passes
/// [`DEFAULT_LINE_LIMIT`](super::DEFAULT_LINE_LIMIT), a last event
/// [`READ_ERROR_EVENT`] comes before both close.
///
/// A channel whose receiver was dropped is skipped; when both are gone, the
/// function returns without reading on.
///
/// # Channel capacities
/// Lines are delivered in the order they came, and a full channel stops the
/// reading. So a consumer that waits for a reply while the event channel is full
/// waits for ever, unless somebody drains events meanwhile: read both channels
/// concurrently, from two tasks or one `select!`, and do not make one wait for the
/// other. A capacity of `n` lets that consumer fall `n` lines behind before the daemon
/// is held up, and the daemon blocks the whole VPN while its output is not read.
/// [`connect`](crate::connect) does not have this trap: its driver reads always.
///
/// # Cancel safety
/// Not cancel safe: dropping the future loses what was read and not delivered.
///
/// ```
/// use openvpn_mgmt::demux::demultiplex;
/// use tokio::sync::mpsc;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let input = b">HOLD:Waiting for hold release\r\nSUCCESS: foo\r\n>FATAL:baz\r\n".as_slice();
/// let (reply_tx, mut replies) = mpsc::channel(1);
/// let (event_tx, mut events) = mpsc::channel(1);
/// tokio::spawn(demultiplex(input, reply_tx, event_tx));
///
/// // Both sides are drained concurrently, so a capacity of 1 is enough.
/// let (mut said, mut happened) = (Vec::new(), Vec::new());
/// let draining = async { while let Some(reply) = replies.recv().await { said.push(reply) } };
/// let watching = async { while let Some(event) = events.recv().await { happened.push(event) } };
/// tokio::join!(draining, watching);
/// assert_eq!(said, ["SUCCESS: foo"]);
/// assert_eq!(happened, ["HOLD:Waiting for hold release", "FATAL:baz"]);
/// # }
/// ```
pub async fn demultiplex<R>(
    mut reader: R,
    replies: mpsc::Sender<Bytes>,
    events: mpsc::Sender<Bytes>,
) where
    R: AsyncRead + Unpin,
{
    let mut demuxer = Demuxer::new();
    let failed = loop {
        let read = tokio::select! {
            read = read(&mut reader, &mut demuxer) => read,
            () = abandoned(&replies, &events) => return,
        };
        match read {
            Ok(0) => break false,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break true,
        }
        if !deliver_all(&mut demuxer, &replies, &events).await {
            break true;
        }
    };
    if let Some(last) = demuxer.finish() {
        deliver(last, &replies, &events).await;
    }
    if failed {
        let _ = events.send(Bytes::from_static(READ_ERROR_EVENT)).await;
    }
    drop(events);
    drop(replies);
}

/// Reads into the demuxer itself.
async fn read<R: AsyncRead + Unpin>(
    reader: &mut R,
    demuxer: &mut Demuxer,
) -> std::io::Result<usize> {
    let count = reader.read_buf(&mut demuxer.room()).await?;
    demuxer.has_read(count);
    Ok(count)
}

/// Waits until both receivers are gone.
async fn abandoned(replies: &mpsc::Sender<Bytes>, events: &mpsc::Sender<Bytes>) {
    tokio::join!(replies.closed(), events.closed());
}

/// Delivers what is complete; `false` when a line was too long.
async fn deliver_all(
    demuxer: &mut Demuxer,
    replies: &mpsc::Sender<Bytes>,
    events: &mpsc::Sender<Bytes>,
) -> bool {
    while let Some(item) = demuxer.next_item() {
        match item {
            Ok(item) => deliver(item, replies, events).await,
            Err(_) => return false,
        }
    }
    true
}

/// A send fails only when its receiver is gone, and then nobody misses the line.
async fn deliver(item: Item, replies: &mpsc::Sender<Bytes>, events: &mpsc::Sender<Bytes>) {
    let (channel, line) = match item {
        Item::Reply(line) => (replies, line),
        Item::Event(line) => (events, line),
        Item::PasswordPrompt => (replies, Bytes::from_static(PASSWORD_PROMPT)),
    };
    let _ = channel.send(line).await;
}
