//! What comes from a daemon that means to fill the memory.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;

use allocation_counter::measure;
use openvpn_mgmt::demux::Demuxer;
use openvpn_mgmt::{Builder, CloseReason, Error, History, Lagged};

use crate::setup::{
    GROWING, KIB, LINE, MIB, PID, REST, Says, Setup, check, line, log, newest, peak, reading,
};

const ENV: usize = 256 * KIB;
const UNREAD: usize = 4 * MIB;
const REPLY: usize = MIB;

/// How many long lines come; together they are many times what may be held.
const LINES: usize = 64;

/// Half as long as the daemons' own.
const SHORT: usize = 32;

/// The floods by the length of their lines.
const FLOODS: [(usize, Says); 3] = [
    (LINE, |stream| flood(stream, LINE)),
    (KIB, |stream| flood(stream, KIB)),
    (SHORT, |stream| flood(stream, SHORT)),
];

fn builder() -> Builder {
    Builder::new().env_limit(ENV).event_memory(UNREAD).reply_limit(REPLY)
}

/// 45 KB of ENV lines, of a block that stays open, with long lines between.
fn open_block(stream: &mut UnixStream) -> io::Result<()> {
    let (env, log) = (line(">CLIENT:ENV,name=", 45_000 / LINES), log(LINE));
    stream.write_all(b">CLIENT:CONNECT,0,1\r\n")?;
    for _ in 0..LINES {
        stream.write_all(&env)?;
        stream.write_all(&log)?;
    }
    stream.write_all(PID)
}

#[test]
fn an_open_block_holds_its_own_lines() {
    let bound = REST + reading(LINE) + GROWING * ENV;
    let setup = Setup::new(&builder(), open_block);
    check("an open block, one subscriber", setup.peak(), bound + UNREAD + newest(LINE));
    let setup = Setup::new(&builder(), open_block).without_subscriber();
    check("an open block, no subscriber", setup.peak(), bound);
}

/// A block of over its limit.
fn large_block(stream: &mut UnixStream) -> io::Result<()> {
    stream.write_all(b">CLIENT:CONNECT,0,1\r\n")?;
    let env = line(">CLIENT:ENV,name=", SHORT).repeat(ENV / SHORT);
    stream.write_all(&env)?;
    stream.write_all(PID)
}

#[test]
fn a_large_block_holds_its_limit() {
    let builder = builder().event_memory(0);
    let setup = Setup::new(&builder, large_block).without_subscriber();
    check("a large block", setup.peak(), REST + reading(SHORT) + GROWING * ENV);
}

/// A log of nearly as much as a reply may hold, with long lines between its own.
fn long_reply(stream: &mut UnixStream) -> io::Result<()> {
    let (row, log) = (line("1700000000,I,", REPLY / LINES - 64), log(LINE));
    for _ in 0..LINES {
        stream.write_all(&row)?;
        stream.write_all(&log)?;
    }
    stream.write_all(b"END\r\n")
}

#[test]
fn a_reply_holds_its_own_lines() {
    let setup = Setup::new(&builder(), long_reply).without_subscriber();
    let counted = measure(|| {
        let log = setup.runtime.block_on(setup.client.log_history(History::All)).unwrap();
        assert_eq!(log.len(), LINES);
    });
    check("a reply", peak(&counted), REST + reading(LINE) + GROWING * REPLY);
}

/// As many events of this length as are far more than may be held.
fn flood(stream: &mut UnixStream, length: usize) -> io::Result<()> {
    let lines = log(length).repeat((LINE / length).max(1));
    for _ in 0..LINES {
        stream.write_all(&lines)?;
    }
    stream.write_all(PID)
}

#[test]
fn an_idle_subscriber_holds_what_may_be_unread() {
    let bound = |line| REST + reading(line) + UNREAD + newest(line);
    for (length, says) in FLOODS {
        let mut setup = Setup::new(&builder(), says);
        check(&format!("an idle subscriber, lines of {length}"), setup.peak(), bound(length));
        let lost = setup.events.as_mut().unwrap().try_next().unwrap();
        assert!(matches!(lost, Err(Lagged(1..))), "{lost:?}");
    }
}

/// A line that does not end, byte by byte where it is fed so.
#[test]
fn a_line_without_an_end_holds_its_limit() {
    let counted = measure(|| {
        let mut demuxer = Demuxer::with_line_limit(LINE);
        demuxer.feed(b">");
        let is_whole = |demuxer: &mut Demuxer| {
            demuxer.feed(b"x");
            demuxer.next_item()
        };
        let end = (0..=LINE).find_map(|_| is_whole(&mut demuxer));
        assert!(matches!(end, Some(Err(error)) if error.limit == LINE));
    });
    check("a line byte by byte", peak(&counted), GROWING * (LINE + 1));
}

#[test]
fn a_session_ends_a_line_without_an_end() {
    let setup = Setup::new(&builder(), |stream| {
        loop {
            stream.write_all(&[b'x'; 64])?;
        }
    });
    let counted = measure(|| {
        let error = setup.runtime.block_on(setup.client.pid()).unwrap_err();
        assert!(matches!(error, Error::Closed(CloseReason::LineTooLong(LINE))), "{error}");
    });
    check("a line to a session", peak(&counted), REST + reading(LINE));
}
