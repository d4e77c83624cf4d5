//! A line that has not ended yet when a demuxer is dropped.

use std::io::Write as _;

use anyhow::Result;
use openvpn_mgmt::demux::Demuxer;
use zeroize::Zeroizing;

use crate::observed::{Observed, secret};
use crate::program::{holds, tell};

/// The variable that names the file.
const FILE: &str = "WIPED_CUT_FILE";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the other test starts it"]
async fn drops() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let mut demuxer = Demuxer::new();
    demuxer.feed(&Zeroizing::new(std::fs::read(file).unwrap()));
    assert!(demuxer.next_item().is_none());
    holds("line");
    drop(demuxer);
    tell("over");
    // The process is looked into before it ends.
    holds("end");
}

#[tokio::test]
async fn a_line_that_never_ends() -> Result<()> {
    let secrets = [secret()];
    let mut file = tempfile::NamedTempFile::new()?;
    write!(file, ">PASSWORD:Auth-Token:{}", secrets[0])?;
    let mut program = Observed::of("a_line_that_never_ends", "cut::drops", FILE, file.path())?;
    program.holds("line", &secrets).await?;
    program.forgets("line", &secrets).await
}
