//! Whole conversations with a scripted daemon.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "conversation/abandoned.rs"]
mod abandoned;
#[path = "conversation/endings.rs"]
mod endings;
#[path = "conversation/events.rs"]
mod events;
#[path = "conversation/greeting.rs"]
mod greeting;
#[path = "conversation/order.rs"]
mod order;
#[path = "conversation/replies.rs"]
mod replies;

use std::time::Duration;

use openvpn_mgmt::{Builder, CloseReason, Error, Event, Info, ReplyShape, Session};
use openvpn_mgmt_test::scripted::{STATES_ON, beside, client, pipe};

#[tokio::test]
async fn a_first_program() {
    let (ours, mut daemon) = pipe();
    let script = async move {
        daemon.greets(5).await.says(">HOLD:Waiting for hold release:0\r\n").await;
        daemon.hears("state on").await.says(STATES_ON).await;
        daemon.hears("bytecount 5").await;
        daemon.says(">LOG:1795332238,D,MANAGEMENT: CMD 'bytecount 5'\r\n").await;
        daemon.says("SUCCESS: bytecount interval changed\r\n").await;
        daemon.hears("hold release").await;
        daemon.says("SUCCESS: hold release succeeded\r\n>STATE:1795332239,WAIT,,,,,,\r\n").await;
    };
    let program = async {
        let session = Builder::new().requests(false).attach(ours).await.unwrap();
        let (client, events, _) = session.split();
        client.state_on().await.unwrap();
        client.bytecount(Duration::from_secs(5)).await.unwrap();
        client.hold_release().await.unwrap();
        assert!(matches!(client.closed().await, CloseReason::Remote));
        events
    };
    let mut events = beside(program, script).await;
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        seen.push(event.unwrap());
    }
    assert!(
        matches!(
            seen.as_slice(),
            [
                Event::Info(Info::Greeting { management_version: 5, .. }),
                Event::Hold(_),
                Event::Log(_),
                Event::State(_)
            ]
        ),
        "{seen:?}"
    );
}

/// Of the scripted daemon itself.
#[tokio::test(start_paused = true)]
async fn a_step_that_fails_shows_the_conversation() {
    for (command, why) in [
        (Some("verb"), "expected \"pid\", heard \"verb\""),
        (None, "could not hear a line within 600s"),
    ] {
        let (client, _events, mut daemon) = client(Builder::new()).await;
        let script = tokio::spawn(async move {
            daemon.hears("verb").await.says("SUCCESS: verb=3\r\n").await.hears("pid").await;
        });
        client.verb().await.unwrap();
        if let Some(command) = command {
            let _ = client.raw_command(command, ReplyShape::Line).await;
        }
        let panic = script.await.unwrap_err().into_panic();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.starts_with(why), "{message}");
        let said = "  client: verb\\n\n  daemon: SUCCESS: verb=3\\r\\n\n";
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn handles_and_values_move_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<openvpn_mgmt::Client>();
    shared::<openvpn_mgmt::Events>();
    shared::<openvpn_mgmt::Requests>();
    shared::<openvpn_mgmt::Request>();
    shared::<Session>();
    shared::<Builder>();
    shared::<Event>();
    shared::<Error>();
    shared::<openvpn_mgmt::demux::Demuxer>();
}
