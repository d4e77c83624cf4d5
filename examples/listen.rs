//! Daemons dial in: shows the states of every OpenVPN that connects here.
//!
//! Run
//!
//! ```text
//! cargo run --example listen -- /run/openvpn/in.sock
//! ```
//!
//! and start as many OpenVPN clients as you like (as root, with configurations of your own):
//!
//! ```text
//! openvpn --config client.ovpn --management /run/openvpn/in.sock unix --management-client
//! ```
//!
//! A DAEMON THAT DIALED IN ENDS WITH ITS SESSION: Ctrl-C ends this program, and every VPN that it manages with it. Where that
//! must not be, let OpenVPN listen, and connect: `reconnect.rs`. The socket is the owner's alone, here root's.

use std::error::Error;
use std::fmt::Display;

use openvpn_mgmt::{Event, Item, Listener, Request, Session};
use tokio::sync::mpsc;

/// How many lines may wait to be printed.
const LINES: usize = 1000;

// `println!` may wait for whoever reads it. Here only this function waits then: daemons are served by tokio's own
// threads, and go on. With the flavor `current_thread` they would wait, too.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "/run/openvpn/in.sock".to_owned());
    let listener = Listener::bind(address).await?;
    println!("listening at {}", listener.endpoint());
    let (lines, mut printed) = mpsc::channel(LINES);
    let accepting = tokio::spawn(accept(listener, lines));
    let print = async {
        while let Some(line) = printed.recv().await {
            println!("{line}");
        }
    };
    tokio::select! {
        () = print => {}
        signal = tokio::signal::ctrl_c() => signal?,
    }
    // With it goes the listener, which removes its file.
    accepting.abort();
    accepting.await.ok();
    println!("the end, also of the daemons");
    Ok(())
}

/// Accepts daemons, and serves each in a task of its own.
async fn accept(mut listener: Listener, lines: mpsc::Sender<String>) {
    for number in 1.. {
        match listener.accept().await {
            Ok(session) => {
                tell(&lines, number, "has dialed in");
                tokio::spawn(serve(number, session, lines.clone()));
            }
            // One that was no daemon ends nothing.
            Err(refused) => tell(&lines, number, refused),
        }
    }
}

/// Shows the states of one daemon, from its hold to its end.
async fn serve(number: u32, mut session: Session, lines: mpsc::Sender<String>) {
    if let Some(dialer) = session.dialer() {
        tell(&lines, number, dialer);
    }
    if let Err(error) = session.client().state_on().await {
        tell(&lines, number, error);
    }
    while let Some(item) = session.next().await {
        match item {
            Ok(Item::Event(Event::State(state))) => tell(&lines, number, state),
            Ok(Item::Request(Request::Hold(hold))) => {
                if let Err(error) = hold.release().await {
                    tell(&lines, number, error);
                }
            }
            Ok(_) => {}
            Err(lagged) => tell(&lines, number, lagged), // told, and the loop goes on
        }
    }
    tell(&lines, number, format!("ended: {}", session.client().closed().await));
}

/// Where nobody reads, lines are lost. No daemon waits for them.
fn tell(lines: &mpsc::Sender<String>, number: u32, what: impl Display) {
    // Text from the other side, without what would drive the terminal.
    let what = what.to_string().replace(char::is_control, "\u{fffd}");
    lines.try_send(format!("daemon {number}: {what}")).ok();
}
