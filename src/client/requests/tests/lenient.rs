//! Prompts in forms that only some daemons send.

use super::*;

#[tokio::test]
async fn an_end_with_another_field_withdraws_the_clients_request() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 1, 2).await;
    let peer = next_client(&mut requests).await;
    daemon.says(">CLIENT:DISCONNECT,1,4\r\n>CLIENT:ENV,END\r\n").await;
    exchange(client.pid(), &mut daemon, "pid\n", "SUCCESS: pid=1\r\n").await.unwrap();
    assert!(matches!(peer.allow().await, Err(Error::Stale { .. })));
}

#[tokio::test]
async fn a_hold_in_any_words_is_asked() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let d = &mut daemon;
    for words in ["", "on hold", "Waiting for hold release:soon"] {
        d.says(format!(">HOLD:{words}\r\n")).await;
        let Some(Request::Hold(hold)) = requests.next().await else { panic!("{words}") };
        assert_eq!(hold.seconds(), None);
        let ok = "SUCCESS: hold release succeeded\r\n";
        exchange(hold.release(), d, "hold release\n", ok).await.unwrap();
    }
}
