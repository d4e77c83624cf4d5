//! The first program: lets a client out of its hold, and shows its states and its bytes.
//!
//! Start an OpenVPN client that waits for it (as root, with a configuration of your own):
//!
//! ```text
//! openvpn --config client.ovpn --management /run/openvpn/client.sock unix --management-hold
//! ```
//!
//! and run
//!
//! ```text
//! cargo run --example first -- /run/openvpn/client.sock
//! ```
//!
//! A client that asks for a user name and password (`--management-query-passwords`) needs
//! `credentials.rs`.

use std::error::Error;
use std::time::Duration;

use openvpn_mgmt::{Event, connect};

// `println!` may wait for whoever reads it. Here only this function waits then: the session is served by
// tokio's own threads, and goes on. With the flavor `current_thread` it would not.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "/run/openvpn/client.sock".to_owned());
    let (client, mut events, _) = connect(address).await?.split();
    client.state_on().await?;
    client.bytecount(Duration::from_secs(5)).await?;
    client.hold_release().await?;
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::State(state)) => println!("{state}"),
            Ok(Event::ByteCount(count)) => {
                println!("{} in, {} out", count.bytes_in, count.bytes_out);
            }
            Ok(_) => {}
            Err(lagged) => eprintln!("{lagged}"), // told, and the loop goes on
        }
    }
    println!("the connection ended: {}", client.closed().await);
    Ok(())
}
