//! Events that are read from a file and written again.

use std::io::Write as _;

use anyhow::Result;
use openvpn_mgmt::demux::{Demuxer, Item};
use openvpn_mgmt::events::{Assembler, Event};
use zeroize::Zeroizing;

use crate::observed::{Observed, secret};
use crate::program::{holds, tell};

/// The variable that names the file.
const FILE: &str = "WIPED_FILE";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the other test starts it"]
async fn writes() {
    let Some(file) = std::env::var_os(FILE) else { return };
    // It is read in one piece, which is wiped.
    let bytes = Zeroizing::new(std::fs::read(file).unwrap());
    let events = read(&bytes);
    drop(bytes);
    let mut out = Zeroizing::new(Vec::new());
    for event in &events {
        event.write(&mut out).unwrap();
    }
    drop(events);
    holds("written");
    drop(out);
    tell("over");
    // The process is looked into before it ends.
    holds("end");
}

fn read(bytes: &[u8]) -> Vec<Event> {
    let mut demuxer = Demuxer::new().keep_apart(Assembler::may_hold_secret);
    let (mut assembler, mut events) = (Assembler::new(), Vec::new());
    demuxer.feed(bytes);
    while let Some(item) = demuxer.next_item() {
        let Item::Event(line) = item.unwrap() else { panic!("no event") };
        assembler.push(&line, &mut |event| events.push(event));
    }
    events
}

#[tokio::test]
async fn an_event_that_is_written() -> Result<()> {
    let secrets = [secret(), secret(), secret(), secret()];
    let [password, token, link, challenge] = &secrets;
    let mut file = tempfile::NamedTempFile::new()?;
    write!(file, ">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,password={password}\r\n")?;
    // So much that what is written grows again and again.
    for n in 0..200 {
        write!(file, ">CLIENT:ENV,name_{n}=value\r\n")?;
    }
    write!(file, ">CLIENT:ENV,END\r\n>PASSWORD:Auth-Token:{token}\r\n")?;
    write!(file, ">INFOMSG:WEB_AUTH:hidden:https://x/{link}\r\n")?;
    write!(file, ">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:{challenge}:dQ==:PIN']\r\n")?;
    let name = "an_event_that_is_written";
    let mut program = Observed::of(name, "written::writes", FILE, file.path())?;
    program.holds("written", &secrets).await?;
    program.forgets("written event", &secrets).await
}
