//! Shows all that a client's OpenVPN tells, with the time: its log, its states, its bytes.
//!
//! Start an OpenVPN client with a management socket (as root, with a configuration of your own):
//!
//! ```text
//! openvpn --config client.ovpn --management /run/openvpn/client.sock unix
//! ```
//!
//! and run
//!
//! ```text
//! cargo run --example events -- /run/openvpn/client.sock
//! ```
//!
//! A client in its hold (`--management-hold`) is let out of it. To see what a subscriber is told that
//! falls behind, stop the output for a while: Ctrl-S, then Ctrl-Q.

use std::error::Error;
use std::fmt::Display;
use std::time::{Duration, Instant};

use openvpn_mgmt::{Event, connect};

const EVERY: Duration = Duration::from_secs(1);

// `println!` may wait for whoever reads it. Here only this function waits then: the session is served by
// tokio's own threads, and goes on. With the flavor `current_thread` it would not.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "/run/openvpn/client.sock".to_owned());
    let began = Instant::now();
    let (client, mut events, _) = connect(address).await?.split();
    client.log_on().await?;
    client.state_on().await?;
    client.bytecount(EVERY).await?;
    client.hold_release().await?;
    while let Some(event) = events.next().await {
        let time = began.elapsed().as_secs_f64();
        match event {
            Ok(event) => println!("{time:9.3}  {:<9}  {}", name(&event), harmless(&event)),
            // Events came faster than they were printed. Some are lost, here alone; how many is told.
            Err(lagged) => println!("{time:9.3}  {lagged}"),
        }
    }
    println!("the connection ended: {}", client.closed().await);
    Ok(())
}

/// What an event is called on the wire.
fn name(event: &Event) -> &'static str {
    match event {
        Event::Log(_) => "LOG",
        Event::State(_) => "STATE",
        Event::ByteCount(_) => "BYTECOUNT",
        Event::Hold(_) => "HOLD",
        Event::Info(_) => "INFO",
        Event::InfoMsg(_) => "INFOMSG",
        Event::Password(_) => "PASSWORD",
        Event::UpDown(_) => "UPDOWN",
        Event::Echo(_) => "ECHO",
        Event::Notify(_) => "NOTIFY",
        Event::Fatal(_) => "FATAL",
        // A newer OpenVPN may send what this crate does not know, or cannot read: it is kept as it came.
        Event::Unknown(_) => "UNKNOWN",
        Event::Malformed(_) => "MALFORMED",
        _ => "EVENT",
    }
}

/// Text from the other side, without what would drive the terminal.
fn harmless(text: impl Display) -> String {
    text.to_string().replace(char::is_control, "\u{fffd}")
}
