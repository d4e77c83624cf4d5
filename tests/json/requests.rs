//! The JSON of every kind of request, from a daemon that asks it.

use std::time::Duration;

use openvpn_mgmt::{Builder, Event, Item, Overflow, PendingAuth, Request};
use openvpn_mgmt_test::scripted::{beside, with_requests};

use crate::snapshots::Snapshots;

/// The requests that a daemon's lines ask.
async fn json_of(lines: &[String]) -> Vec<String> {
    let (mut session, mut daemon) = with_requests(Builder::new()).await;
    daemon.says(format!("{}\r\n>LOG:1,,the last\r\n", lines.join("\r\n"))).await;
    let mut requests = Vec::new();
    while let Some(item) = session.next().await {
        match item.unwrap() {
            Item::Request(request) => requests.push(request),
            Item::Event(Event::Log(_)) => break,
            _ => {}
        }
    }
    requests.iter().map(|request| serde_json::to_string(request).unwrap()).collect()
}

#[test]
fn every_request_is_as_it_was() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    Snapshots::read("requests.txt").check(|lines| runtime.block_on(json_of(lines)));
}

#[tokio::test]
async fn a_response_is_not_in_its_request() {
    let (session, mut daemon) = with_requests(Builder::new()).await;
    let (_client, _events, mut requests) = session.split();
    daemon.says(">CLIENT:CONNECT,7,1\r\n>CLIENT:ENV,username=alice\r\n>CLIENT:ENV,END\r\n").await;
    let Some(Request::ClientConnect(peer)) = requests.next().await else { panic!() };
    let text = PendingAuth::cr_text("Code", false);
    let waits = "SUCCESS: client-pending-auth command succeeded\r\n";
    let told = peer.pending(&text, Duration::from_secs(9));
    let pending = beside(told, daemon.answers("client-pending-auth", waits)).await.unwrap();
    let env = r#"{"trusted":true,"pairs":[["username","alice"]],"secrets":[],"unparsed":0}"#;
    let peer = format!(r#""cid":7,"kid":1,"epoch":0,"env":{env}}}"#);
    assert_eq!(serde_json::to_string(&pending).unwrap(), format!("{{{peer}"));
    daemon
        .says(
            ">CLIENT:CR_RESPONSE,7,1,MTIzNDU2\r\n>CLIENT:ENV,username=alice\r\n>CLIENT:ENV,END\r\n",
        )
        .await;
    let response = requests.next().await.unwrap();
    let json = serde_json::to_string(&response).unwrap();
    assert_eq!(json, format!(r#"{{"request":"client_response",{peer}"#));
}

#[test]
fn an_overflow_is_two_numbers() {
    let json = serde_json::to_string(&Request::Overflow(Overflow::default())).unwrap();
    assert_eq!(json, r#"{"request":"overflow","over_limit":0,"over_address_limit":0}"#);
}
