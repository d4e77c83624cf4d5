//! The targets, one a file.

pub(crate) mod conversation;
pub(crate) mod demuxer;
pub(crate) mod encoder;
pub(crate) mod env;
pub(crate) mod event_lines;
pub(crate) mod event_values;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod status;

use bytes::Bytes;
use openvpn_mgmt::demux::{Demuxer, Item};
use openvpn_mgmt::events::{Assembler, Event};

/// The events of what was written, with the replies among them as `None`.
fn events_of(written: &[u8]) -> Vec<Option<Event>> {
    let (mut demuxer, mut assembler, mut events) = (Demuxer::new(), Assembler::new(), Vec::new());
    assembler.set_env_trusted(true);
    demuxer.feed(written);
    while let Some(item) = demuxer.next_item() {
        match item.expect("a line is shorter than the limit") {
            Item::Event(line) => assembler.push(&line, &mut |event| events.push(Some(event))),
            Item::Reply(_) | Item::PasswordPrompt => events.push(None),
        }
    }
    assembler.finish(&mut |event| events.push(Some(event)));
    events
}

/// Lines as a demuxer gives them: without their ends, and none that is blank.
fn lines_of(bytes: &[u8]) -> Vec<Bytes> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.is_empty()).map(Bytes::copy_from_slice).collect()
}

/// As `assert_eq!`, with the bytes as text.
#[track_caller]
fn assert_same(got: &[u8], expected: &[u8], what: &str) {
    assert!(
        got == expected,
        "{what}:\n     got {}\nexpected {}",
        got.escape_ascii(),
        expected.escape_ascii()
    );
}

/// A runtime of one thread whose clock goes on only when every task waits. Built with `tokio_unstable` it takes the
/// same turns for the same input.
fn paused_runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(b"fuzz"));
    builder.enable_time().start_paused(true).build().expect("a runtime of one thread")
}
