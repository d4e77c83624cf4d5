//! Another Rust crate for the management interface, `openvpn-mgmt-codec`, and `openvpn-mgmt` beside it: the same
//! scenarios with a fake daemon, and what came of each.
//!
//! ```text
//! cargo run -p openvpn-mgmt-test --example peer
//! ```
//!
//! `replies.rs`, `received.rs`, `sent.rs` and `sessions.rs` hold the scenarios, `sides.rs` how each crate is connected. What
//! `should` be is what a user asked for, as the daemon understands it. Nothing is said of a crate but what it did
//! here: `seen.txt` is what this prints, and a test holds it against a new run.
//!
//! The two promise different things. The codec gives commands and messages, and leaves timeouts, restarts and who may
//! answer what to its user; `openvpn-mgmt` takes them on.

mod received;
mod replies;
mod sent;
mod sessions;
mod sides;

use std::fmt::Write as _;

use anyhow::Result;

use crate::sides::Seen;

// Its time is paused: a minute without an answer takes none.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<()> {
    print!("{}", table(&all().await?));
    Ok(())
}

async fn all() -> Result<Vec<Seen>> {
    let mut seen = replies::all().await?;
    seen.append(&mut received::all().await?);
    seen.append(&mut sent::all().await?);
    seen.append(&mut sessions::all().await?);
    Ok(seen)
}

fn table(all: &[Seen]) -> String {
    let mut text = String::new();
    for (number, seen) in (1..).zip(all) {
        let Seen { what, should, codec, sdk } = seen;
        let _ = writeln!(text, "{number:2}. {what}\n    should be           {should}");
        for (name, came) in [("openvpn-mgmt-codec", codec), ("openvpn-mgmt", sdk)] {
            let came = if came == should { "as it should" } else { came };
            let _ = writeln!(text, "    {name:18}  {came}");
        }
    }
    let codec = all.iter().filter(|seen| seen.codec == seen.should).count();
    let sdk = all.iter().filter(|seen| seen.sdk == seen.should).count();
    let _ = writeln!(
        text,
        "As it should, of {}: openvpn-mgmt-codec 1.0.0-rc.4 {codec}, openvpn-mgmt {} {sdk}",
        all.len(),
        env!("CARGO_PKG_VERSION"),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_written_down_is_seen() {
        let seen = table(&all().await.unwrap());
        assert_eq!(seen, include_str!("seen.txt"), "{seen}");
    }
}
