//! Prompts in forms that only some daemons send.

use crate::session::tests::*;

#[tokio::test(start_paused = true)]
async fn an_end_with_another_field_withdraws_the_clients_request() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 1, 2).await;
    let peer = next_client(&mut requests).await;
    daemon.says(">CLIENT:DISCONNECT,1,4\r\n>CLIENT:ENV,END\r\n").await;
    exchange(client.pid(), &mut daemon, "pid\n", "SUCCESS: pid=1\r\n").await.unwrap();
    assert!(matches!(peer.allow().await, Err(Error::Stale { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_hold_in_any_words_is_asked() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let d = &mut daemon;
    for words in ["", "on hold", "Waiting for hold release:soon"] {
        d.says(format!(">HOLD:{words}\r\n")).await;
        let asked = tokio::time::timeout(std::time::Duration::from_secs(60), requests.next()).await;
        let Ok(Some(Request::Hold(hold))) = asked else { panic!("{words}: {asked:?}") };
        assert_eq!(hold.seconds(), None);
        let ok = "SUCCESS: hold release succeeded\r\n";
        exchange(hold.release(), d, "hold release\n", ok).await.unwrap();
    }
}

const ENTERED: &str = "SUCCESS: 'Auth' password entered, but not yet verified\r\n";

#[tokio::test(start_paused = true)]
async fn a_password_alone_is_asked_with_its_static_challenge() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    daemon.says(">PASSWORD:Need 'Auth' password SC:1,Enter code\r\n").await;
    let Some(Request::PrivateKeyPassword(ask)) = requests.next().await else { panic!() };
    let challenge = ask.challenge().unwrap();
    assert_eq!((challenge.text(), challenge.echo()), (&"Enter code".into(), true));
    let refused = ask.answer("pw").await.unwrap_err();
    assert!(matches!(refused, Error::InvalidArgument { argument: "response", .. }), "{refused}");
    let Some(Request::PrivateKeyPassword(ask)) = requests.next().await else { panic!() };
    assert!(matches!(ask.respond("123").await, Err(Error::InvalidArgument { .. })));
    let Some(Request::PrivateKeyPassword(ask)) = requests.next().await else { panic!() };
    let wire = "password \"Auth\" \"SCRV1:cHc=:MTIz\"\n";
    let answer = ask.answer_with_response("pw", "123");
    exchange(answer, &mut daemon, wire, ENTERED).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_password_alone_after_a_dynamic_challenge_is_its_response() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    daemon.says(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R:id:Ym9i:PIN']\r\n").await;
    daemon.says(">PASSWORD:Need 'Private Key' password\r\n").await;
    let Some(Request::PrivateKeyPassword(ask)) = requests.next().await else { panic!() };
    assert!(ask.challenge().is_none());
    daemon.says(">PASSWORD:Need 'Auth' password SC:1,Enter code\r\n").await;
    let Some(Request::PrivateKeyPassword(ask)) = requests.next().await else { panic!() };
    let challenge = ask.challenge().unwrap();
    assert_eq!((challenge.text(), challenge.username()), (&"PIN".into(), Some(&"bob".into())));
    let wire = "password \"Auth\" \"CRV1::id::123\"\n";
    exchange(ask.respond("123"), &mut daemon, wire, ENTERED).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_may_have_another_answer() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    let need = ">NEED-OK:Need 'PERSIST_TUN_ACTION' confirmation MSG:\r\n";
    let ok = "SUCCESS: 'PERSIST_TUN_ACTION' needok-confirmation entered, but not yet verified\r\n";
    for answer in ["NOACTION", "OPEN_BEFORE_CLOSE", "a \"b\""] {
        daemon.says(need).await;
        let Some(Request::NeedOk(ask)) = requests.next().await else { panic!() };
        let wire = format!("needok \"PERSIST_TUN_ACTION\" \"{}\"\n", answer.replace('"', "\\\""));
        exchange(ask.answer(answer), &mut daemon, &wire, ok).await.unwrap();
    }
    let long = "x".repeat(128);
    for bad in ["", "new\nline", &long] {
        let refused = client.needok_with("PERSIST_TUN_ACTION", bad).await.unwrap_err();
        assert!(matches!(refused, Error::InvalidArgument { argument: "answer", .. }), "{refused}");
    }
}
