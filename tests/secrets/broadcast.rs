//! What subscribers get while requests are on, and without them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openvpn_mgmt::events::WebAuthFlag;
use openvpn_mgmt::{Builder, Event, PendingAuth, Request};

use crate::connection::Connection;
use crate::leak_check::{LeakCheck, has_traced, trace_something};
use crate::readable::readable;
use openvpn_mgmt_test::scripted::client;

/// Lines of each family, all of which hold this.
fn lines(secret: &str) -> Vec<String> {
    let base64 = STANDARD.encode(secret);
    vec![
        format!(">PASSWORD:Auth-Token:{secret}"),
        format!(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:{secret}:dQ==:PIN']"),
        format!(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:{secret}']"),
        format!(">PASSWORD:Verification Failed: 'Auth' ['server says CRV1:{secret}']"),
        format!(">INFOMSG:WEB_AUTH:hidden:https://sso.example.com/{secret}"),
        format!(">INFOMSG:WEB_AUTH:proxy=p.example.com;8080;dXNlcg==;{base64}:https://x/"),
        format!(">INFOMSG:WEB_AUTH:proxy=unreadable;{secret}:https://x/"),
        format!(">INFOMSG:OPEN_URL:https://sso.example.com/{secret}"),
        format!(">INFOMSG:NEWS OPEN_URL:{secret}"),
        format!(">CLIENT:CR_RESPONSE,0,1,{base64}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:CONNECT,0,1,{secret}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:ADDRESS,0,10.8.0.2,1,{secret}"),
    ]
}

/// Lines that cannot be read and hold this.
fn unreadable(secret: &str) -> Vec<String> {
    vec![
        format!(">PASSWORD:{secret}"),
        format!(">PASSWORD:Auth-Token {secret}"),
        format!(">PASSWORD:Need 'Auth' {secret}"),
        format!(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:{secret}"),
        format!(">INFOMSG:WEB_AUTH:{secret}"),
        format!(">INFOMSG:CR_TEXT:{secret}"),
        format!(">CLIENT:CR_RESPONSE,x,1,{secret}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:ENV,password={secret}"),
        format!(">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,password={secret}\r\n>CLIENT:CONNECT,x"),
        format!(
            ">CLIENT:ENV,END\r\n>CLIENT:FUTURE,1,{secret}\r\n>CLIENT:ENV,x={secret}\r\n>CLIENT:ENV,END"
        ),
        format!(">UPDOWN:{secret}\r\n>UPDOWN:ENV,END"),
        format!(">AUTH-TOKEN:{secret}"),
        format!(">{secret}"),
        format!(">NEWS:Auth-Token:{secret}"),
        secret.to_owned(),
        format!("SUCCESS: {secret}"),
        format!("password \"Auth\" \"{secret}\""),
        format!("ERROR: unknown command [{secret}], enter 'help' for more options"),
    ]
}

#[tokio::test]
async fn with_requests_subscribers_get_no_secret() {
    let mut connection = Connection::new().await;
    let secret = connection.leaks.plain("secret");
    let mut events = connection.client.subscribe();
    for line in lines(&secret).into_iter().chain(unreadable(&secret)) {
        connection.daemon.says(format!("{line}\r\n")).await;
    }
    // A command would take the lines that belong to no reply for its own.
    connection.daemon.says(">LOG:1,,the last\r\n").await;
    let mut seen = 0;
    loop {
        let event = events.next().await.unwrap().unwrap();
        if matches!(&event, Event::Log(line) if line.text == "the last") {
            break;
        }
        connection.leaks.broadcast(&event);
        seen += 1;
    }
    assert!(seen >= lines(&secret).len() + unreadable(&secret).len(), "{seen}");
    connection.ends().await;
}

#[tokio::test]
async fn without_requests_events_hold_secrets_and_hide_them() {
    let mut leaks = LeakCheck::new();
    let secret = leaks.plain("secret");
    for line in lines(&secret).into_iter().chain(unreadable(&secret)) {
        let (_client, mut events, mut daemon) = client(Builder::new()).await;
        daemon.says(format!("{line}\r\n")).await;
        drop(daemon);
        let mut read = String::new();
        while let Some(event) = events.next().await {
            let event = event.unwrap();
            leaks.event(&event);
            read.push_str(&readable(&event));
        }
        let base64 = STANDARD.encode(&secret);
        assert!(read.contains(&secret) || read.contains(&base64), "{line}");
    }
    trace_something();
    leaks.check();
}

#[tokio::test]
async fn a_cut_last_line_is_withheld() {
    for (start, told) in [
        (">PASSWORD:Auth-Token:", "PASSWORD:"),
        (">INFOMSG:WEB_AUTH::", "INFOMSG:"),
        (">CLIENT:ENV,password=", "CLIENT:ENV,"),
        (">CLIENT:CR_RESPONSE,0,1,", "CLIENT:CR_RESPONSE,"),
        ("password \"Auth\" ", ""),
    ] {
        let Connection { mut leaks, mut daemon, client, mut events, .. } = Connection::new().await;
        let secret = leaks.plain("secret");
        let line = format!("{start}{secret}");
        daemon.says(&line).await;
        drop(daemon);
        client.closed().await;
        let mut last = None;
        while let Some(event) = events.next().await {
            let event = event.unwrap();
            leaks.broadcast(&event);
            last = Some(event);
        }
        let (left, withheld) = match last.unwrap() {
            Event::Malformed(malformed) => (malformed.line().clone(), malformed.withheld()),
            Event::Stray(stray) => (stray.line().clone(), stray.withheld()),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (&*left, withheld),
            (told.as_bytes(), line.trim_start_matches('>').len() - told.len())
        );
        leaks.check();
    }
}

#[tokio::test]
async fn a_page_and_a_token_are_in_their_requests() {
    let mut connection = Connection::new().await;
    let (link, token) = (connection.leaks.plain("link"), connection.leaks.plain("token"));
    let proxy = connection.leaks.secret("proxy");
    let base64 = STANDARD.encode(&proxy);
    let asks = format!(
        ">INFOMSG:WEB_AUTH:hidden,proxy=p.example.com;8080;dXNlcg==;{base64}:https://x/{link}"
    );
    let Request::WebAuth(page) = connection.request(&asks).await else { panic!() };
    assert_eq!(page.url().expose_str(), Some(&*format!("https://x/{link}")));
    let [WebAuthFlag::Hidden, WebAuthFlag::Proxy(given)] = page.flags() else { panic!("{page:?}") };
    assert_eq!(given.password().expose_str(), Some(&*proxy));
    let Request::WebAuth(page) = connection.request(&format!(">INFOMSG:OPEN_URL:{link}")).await
    else {
        panic!()
    };
    assert_eq!(page.url().expose_str(), Some(&*link));
    assert!(page.flags().is_empty());
    let asks = format!(">PASSWORD:Auth-Token:{token}");
    let Request::AuthToken(given) = connection.request(&asks).await else { panic!() };
    assert_eq!(given.token().expose_str(), Some(&*token));
    // Nobody waits for an answer, so none is missed.
    drop(page);
    given.decline();
    for what in ["web-auth", "auth-token"] {
        assert!(!has_traced(&format!("request=\"{what}\"")));
    }
    connection.ends().await;
}

#[tokio::test]
async fn a_challenge_and_a_response_are_in_their_requests() {
    let mut connection = Connection::new().await;
    let (id, code) = (connection.leaks.plain("state"), connection.leaks.plain("code"));
    let failed = format!(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:{id}:dQ==:PIN']\r\n");
    let asks = format!("{failed}>PASSWORD:Need 'Auth' username/password");
    let Request::Credentials(ask) = connection.request(&asks).await else { panic!() };
    let (answered, sent) = tokio::join!(ask.respond("42"), async {
        connection.daemon.answers("username", "SUCCESS: 'Auth' username entered\r\n").await;
        connection.daemon.answers("password", "SUCCESS: 'Auth' password entered\r\n").await
    });
    answered.unwrap();
    assert!(sent.contains(&format!("CRV1::{id}::42")));
    // One that cannot be read is a refusal, in the server's own words.
    let failed = format!(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:{id}']\r\n");
    let asks = format!("{failed}>PASSWORD:Need 'Auth' username/password");
    let Request::Credentials(ask) = connection.request(&asks).await else { panic!() };
    let reason = ask.refusal().and_then(|refusal| refusal.reason.clone());
    assert_eq!(reason.unwrap(), *format!("CRV1:R,E:{id}"));

    let peer = connection.connect(0, "x").await;
    let text = PendingAuth::cr_text("Code", false);
    let waits = "SUCCESS: client-pending-auth command succeeded\r\n";
    let daemon = connection.daemon.answers("client-pending-auth", waits);
    let _pending = tokio::join!(peer.pending(&text, Duration::from_secs(9)), daemon).0.unwrap();
    let block = format!(">CLIENT:CR_RESPONSE,0,1,{}\r\n>CLIENT:ENV,END", STANDARD.encode(&code));
    let Request::ClientResponse(response) = connection.request(&block).await else { panic!() };
    assert_eq!(response.response().unwrap().expose_str(), Some(&*code));
    connection.ends().await;
}

#[tokio::test]
async fn no_link_is_shown() {
    let mut leaks = LeakCheck::new();
    let link = leaks.plain("link");
    leaks.show(&PendingAuth::web_auth(link.as_str()));
    leaks.show(&PendingAuth::open_url(link.as_str()));
    let connection = Connection::with(leaks).await;
    connection.ends().await;
}
