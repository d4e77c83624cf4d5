//! What holds for every prompt, whatever it asks.

use std::time::Duration;

use crate::session::tests::*;

/// One line of each that waits for an answer.
const PROMPTS: [&str; 11] = [
    ">HOLD:Waiting for hold release:0",
    ">PASSWORD:Need 'Auth' username/password",
    ">PASSWORD:Need 'Private Key' password",
    ">PASSWORD:Need 'Auth' username",
    ">NEED-OK:Need 'x' confirmation MSG:y",
    ">NEED-STR:Need 'x' string MSG:y",
    ">NEED-CERTIFICATE:x",
    ">PK_SIGN:YWJj",
    ">REMOTE:h,1,udp",
    ">PROXY:1,TCP,h",
    ">INFOMSG:CR_TEXT::x",
];

/// By the method of its own type where that has one.
async fn withdrawn(request: &Request) {
    match request {
        Request::Hold(request) => request.withdrawn().await,
        Request::Credentials(request) => request.withdrawn().await,
        Request::PrivateKeyPassword(request) => request.withdrawn().await,
        Request::Username(request) => request.withdrawn().await,
        Request::Challenge(request) => request.withdrawn().await,
        Request::WebAuth(request) => request.withdrawn().await,
        Request::AuthToken(request) => request.withdrawn().await,
        Request::Sign(request) => request.withdrawn().await,
        other => other.withdrawn().await,
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_is_withdrawn_by_a_restart_and_not_before() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let handed_over = [">INFOMSG:OPEN_URL:https://a/", ">PASSWORD:Auth-Token:one"];
    for (asked, asks) in PROMPTS.into_iter().chain(handed_over).enumerate() {
        daemon.says(format!("{asks}\r\n")).await;
        let request = requests.next().await.unwrap();
        assert_eq!(request.needs_answer(), !handed_over.contains(&asks), "{asks}");
        assert_eq!(request.epoch(), Some(asked as u64), "{asks}");
        for own in [true, false] {
            let early =
                async { if own { withdrawn(&request).await } else { request.withdrawn().await } };
            let early = tokio::time::timeout(Duration::from_secs(100), early).await;
            assert!(early.is_err(), "{asks}");
        }
        daemon.says(">STATE:1,RECONNECTING,SIGUSR1,,,,,\r\n").await;
        let late = tokio::time::timeout(Duration::from_secs(100), withdrawn(&request)).await;
        assert!(late.is_ok(), "{asks}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_prompt_is_not_answered_behind_a_newer_one_though_nobody_takes_that() {
    for asks in PROMPTS {
        let (session, mut daemon) = start(Builder::new()).await;
        let (client, mut events, mut requests) = session.split();
        daemon.says(format!("{asks}\r\n")).await;
        let request = requests.next().await.unwrap();
        drop(requests);
        daemon.says(format!("{asks}\r\n>NOTIFY:info,x,y\r\n")).await;
        while !matches!(events.next().await, Some(Ok(Event::Notify(_)))) {}
        let is_withdrawn =
            tokio::time::timeout(Duration::from_secs(100), withdrawn(&request)).await.is_ok();
        // A hold that is said again is the same.
        assert_eq!(is_withdrawn, !matches!(request, Request::Hold(_)), "{asks}");
        // While it lives the connection does.
        drop(client);
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_behind_a_refusal_tells_of_it() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    for (realm, asks) in
        [("Auth", "username/password"), ("Private Key", "password"), ("Auth", "username")]
    {
        for is_refused in [false, true] {
            if is_refused {
                daemon.says(format!(">PASSWORD:Verification Failed: '{realm}'\r\n")).await;
            }
            daemon.says(format!(">PASSWORD:Need '{realm}' {asks}\r\n")).await;
            let request = requests.next().await.unwrap();
            let refusal = match &request {
                Request::Credentials(request) => request.refusal(),
                Request::PrivateKeyPassword(request) => request.refusal(),
                Request::Username(request) => request.refusal(),
                other => panic!("{other:?}"),
            };
            assert_eq!(refusal.is_some(), is_refused, "{realm} {asks}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_show_what_becomes_of_those_that_are_dropped() {
    let (session, _daemon) = start(Builder::new()).await;
    let (_client, _, requests) = session.split();
    assert_eq!(format!("{requests:?}"), "Requests { dropped: Warn, .. }");
}

#[tokio::test(start_paused = true)]
async fn a_prompt_tells_what_the_daemon_said() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    daemon
        .says(">NEED-STR:Need 'id' string MSG:Which one\r\n>NEED-CERTIFICATE:subject:o=x\r\n")
        .await;
    daemon.says(">INFOMSG:CR_TEXT:R:Code\r\n").await;
    let Some(Request::NeedStr(need)) = requests.next().await else { panic!() };
    let said = (need.name().to_string(), need.message().to_string());
    assert_eq!(said, ("id".into(), "Which one".into()));
    let Some(Request::Certificate(need)) = requests.next().await else { panic!() };
    assert_eq!(need.hint().to_string(), "subject:o=x");
    daemon.says(">PROXY:1,TCP,vpn.example.com\r\n>PK_SIGN:YWJj,ECDSA\r\n").await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(match requests.next().await.unwrap() {
            Request::Challenge(asked) => format!("{} {}", asked.text(), asked.response_required()),
            Request::Proxy(asked) => asked.host().to_string(),
            Request::Sign(asked) => asked.algorithm().unwrap().to_string(),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(seen, ["Code true", "vpn.example.com", "ECDSA"]);
    daemon.says(">INFOMSG:CR_TEXT:E:Read this\r\n").await;
    let Some(Request::Challenge(asked)) = requests.next().await else { panic!() };
    assert!(!asked.response_required() && asked.echo());
}
