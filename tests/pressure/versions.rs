//! What the daemon was told of this program's version is known, however it was told.
//!
//! A long password goes out as a block only where the daemon takes it for one: another runs its lines as commands.

use openvpn_mgmt::command::{Fence, ReplyShape};
use openvpn_mgmt::{Builder, Client};
use tokio::task::yield_now;

use openvpn_mgmt_test::scripted::{Daemon, beside, pipe};

const VERSION: &str = "OpenVPN Version: OpenVPN 2.7.2 x86_64 [SSL (OpenSSL)] [PKCS11] built\r\n\
                       Management Version: 6\r\nEND\r\n";

/// A client that knows its daemon's version, and has told it that it understands version 5.
async fn told_5() -> (Client, Daemon) {
    let (ours, mut daemon) = pipe();
    let attaching = Builder::new().requests(false);
    let (client, _events, _) =
        beside(attaching.attach(ours), daemon.greets(6)).await.unwrap().split();
    let asked = beside(client.version(), async {
        daemon.hears("version").await.says(VERSION).await;
    });
    asked.await.unwrap();
    let told = beside(client.announce_version(5), async {
        daemon.hears("version 5").await;
        daemon.says("SUCCESS: Management client version set to 5\r\n").await.passes_fence().await;
    });
    told.await.unwrap();
    (client, daemon)
}

/// Has a long password sent as soon as the daemon has answered what is before it.
async fn begins_a_long_password(client: Client) {
    tokio::spawn(async move { client.password("Auth", "x".repeat(300)).await });
    yield_now().await;
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_in_force_is_told_once() {
    let (client, mut daemon) = told_5().await;
    begins_a_long_password(client).await;
    daemon.hears("password \"Auth\"").await;
}

#[tokio::test(start_paused = true)]
async fn a_lower_version_is_known_as_soon_as_it_is_sent() {
    let (client, mut daemon) = told_5().await;
    tokio::select! {
        biased;
        told = client.announce_version(1) => panic!("{told:?}"),
        line = daemon.line() => assert_eq!(line, "version 1"),
    }
    begins_a_long_password(client).await;
    daemon.passes_fence().await.hears("version 5").await;
}

#[tokio::test(start_paused = true)]
async fn a_lower_version_is_known_from_a_raw_command() {
    let (client, mut daemon) = told_5().await;
    let told = beside(client.raw_command("version 1", ReplyShape::Fenced(Fence::AtOnce)), async {
        daemon.hears("version 1").await.passes_fence().await;
    });
    told.await.unwrap();
    begins_a_long_password(client).await;
    daemon.hears("version 5").await;
}
