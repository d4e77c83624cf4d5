//! `openvpn-mgmt-codec` on the same bytes.

use std::os::unix::net::UnixStream as StdUnixStream;

use bytes::BytesMut;
use futures_util::{SinkExt as _, Stream, StreamExt as _};
use openvpn_mgmt_codec::{
    AccumulationLimit, ManagementSession, OvpnCodec, OvpnCommand, OvpnMessage, StatusFormat,
    StatusResponse, parse_status,
};
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use tokio_util::codec::{Decoder as _, Encoder as _, Framed};

use crate::corpora::Corpus;
use crate::daemon::one_thread;

/// Hands out each message.
pub(crate) fn messages(corpus: &Corpus, take: impl FnMut(OvpnMessage)) {
    decode(&mut OvpnCodec::new(), corpus, take);
}

fn decode(codec: &mut OvpnCodec, corpus: &Corpus, mut take: impl FnMut(OvpnMessage)) {
    let mut buffer = BytesMut::with_capacity(8 * 1024);
    for piece in corpus.pieces() {
        buffer.extend_from_slice(piece);
        while let Some(message) = codec.decode(&mut buffer).expect("a corpus it can read") {
            take(message);
        }
    }
}

fn unlimited() -> OvpnCodec {
    OvpnCodec::new().with_max_multi_line_lines(AccumulationLimit::Unlimited)
}

/// Reads the reply of `status 3`.
pub(crate) fn status(corpus: &Corpus) -> StatusResponse {
    let mut codec = unlimited();
    let command = OvpnCommand::Status(StatusFormat::V3);
    codec.encode(command, &mut BytesMut::new()).expect("a command it can write");
    let mut status = None;
    decode(&mut codec, corpus, |message| match message {
        OvpnMessage::MultiLine(lines) => status = parse_status(&lines).ok(),
        other => panic!("not the lines of a reply: {other:?}"),
    });
    status.expect("a status it can read")
}

/// The one who reads from a socket; there can be no other.
pub(crate) struct Reader {
    runtime: Runtime,
    framed: Framed<UnixStream, OvpnCodec>,
}

impl Reader {
    pub(crate) fn new(stream: StdUnixStream) -> Self {
        let runtime = one_thread();
        let mut framed = runtime.block_on(async {
            stream.set_nonblocking(true).expect("a socket");
            let stream = UnixStream::from_std(stream).expect("a socket");
            Framed::new(stream, OvpnCodec::new())
        });
        runtime.block_on(take(&mut framed, 1));
        Self { runtime, framed }
    }

    pub(crate) fn take(&mut self, messages: usize) {
        self.runtime.block_on(take(&mut self.framed, messages));
    }
}

async fn take<E: std::fmt::Debug>(
    mut framed: impl Stream<Item = Result<OvpnMessage, E>> + Unpin,
    messages: usize,
) {
    for _ in 0..messages {
        let message = framed.next().await.expect("the session lasts");
        std::hint::black_box(message.expect("a message it can read"));
    }
}

/// A session that has been greeted already.
pub(crate) fn session(stream: UnixStream) -> ManagementSession<UnixStream> {
    ManagementSession::new(Framed::new(stream, OvpnCodec::new()))
}

/// The number of lines in the reply to a command whose reply ends in `END`.
pub(crate) async fn block(stream: UnixStream, command: String) -> usize {
    let mut framed = Framed::new(stream, unlimited());
    framed.send(OvpnCommand::RawMultiLine(command)).await.expect("a command it can write");
    while let Some(message) = framed.next().await {
        if let OvpnMessage::MultiLine(lines) = message.expect("a message it can read") {
            return lines.len();
        }
    }
    0
}

/// So many lines of a reply without an `END`, of which it has no notion, one by one.
pub(crate) async fn counted(stream: UnixStream, command: String, wanted: usize) -> usize {
    let mut framed = Framed::new(stream, unlimited());
    framed.send(OvpnCommand::Raw(command)).await.expect("a command it can write");
    let mut lines = 0;
    while lines < wanted {
        match framed.next().await {
            Some(Ok(OvpnMessage::Unrecognized { .. })) => lines += 1,
            Some(Ok(_)) => {}
            _ => break,
        }
    }
    lines
}
