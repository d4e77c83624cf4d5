//! A program that is killed while clients wait for its decision; another test starts it.

use std::io::Write as _;

use openvpn_mgmt::{Builder, Item, Request};

/// The variable that names the socket of its daemon.
pub(crate) const SOCKET: &str = "LINK_SOCKET";

#[tokio::test]
#[ignore = "another test starts it, and kills it"]
async fn asks_nobody() {
    let Ok(socket) = std::env::var(SOCKET) else { return };
    let mut link = Builder::new().reconnect(socket.as_str());
    let mut session = link.next().await.unwrap().session;
    let mut waiting = Vec::new();
    while let Some(item) = session.next().await {
        match item.unwrap() {
            Item::Request(Request::Hold(hold)) => hold.release().await.unwrap(),
            Item::Request(Request::ClientConnect(client)) => {
                waiting.push(client);
                tell(waiting.len());
            }
            _ => {}
        }
    }
}

fn tell(waiting: usize) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{waiting} wait").unwrap();
    output.flush().unwrap();
}
