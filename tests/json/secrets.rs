//! Secrets in every place that an event has, requests on and off: none is in any JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openvpn_mgmt::{Builder, Event, Item, Request};
use openvpn_mgmt_test::scripted::{client, with_requests};

/// In no line by chance, nor one of its forms.
const SECRET: &str = "Zqhunter2IsNoWordOfOurs";

/// Lines that hold it where OpenVPN has secrets, and some that cannot be read.
fn lines() -> Vec<String> {
    let base64 = STANDARD.encode(SECRET);
    vec![
        format!(">PASSWORD:Auth-Token:{SECRET}"),
        format!(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:{SECRET}:dQ==:PIN']"),
        format!(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:{SECRET}']"),
        format!(">PASSWORD:Verification Failed: 'Auth' ['server says CRV1:{SECRET}']"),
        format!(">PASSWORD:{SECRET}"),
        format!(">PASSWORD:Need 'Auth' {SECRET}"),
        format!(">INFOMSG:WEB_AUTH:hidden:https://sso.example.com/{SECRET}"),
        format!(">INFOMSG:WEB_AUTH:proxy=p.example.com;8080;dXNlcg==;{base64}:https://x/"),
        format!(">INFOMSG:WEB_AUTH:proxy=unreadable;{SECRET}:https://x/"),
        format!(">INFOMSG:WEB_AUTH:{SECRET}"),
        format!(">INFOMSG:OPEN_URL:https://sso.example.com/{SECRET}"),
        format!(">INFOMSG:NEWS OPEN_URL:{SECRET}"),
        format!(">CLIENT:CONNECT,0,1,{SECRET}\r\n>CLIENT:ENV,password={SECRET}\r\n>CLIENT:ENV,END"),
        format!(
            ">CLIENT:REAUTH,0,2\r\n>CLIENT:ENV,auth_token={SECRET}\r\n>CLIENT:ENV,{SECRET}\r\n>CLIENT:ENV,END"
        ),
        format!(">CLIENT:CR_RESPONSE,0,2,{base64}\r\n>CLIENT:ENV,otp={SECRET}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:ESTABLISHED,0,{SECRET}\r\n>CLIENT:ENV,x_pin={SECRET}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:ADDRESS,0,10.8.0.2,1,{SECRET}"),
        format!(">CLIENT:DISCONNECT,0,{SECRET}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:CR_RESPONSE,x,1,{SECRET}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:FUTURE,1,{SECRET}\r\n>CLIENT:ENV,x={SECRET}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,password={SECRET}\r\n>CLIENT:CONNECT,x"),
        format!(">CLIENT:ENV,END\r\n>UPDOWN:UP\r\n>UPDOWN:ENV,secret={SECRET}\r\n>UPDOWN:ENV,END"),
        format!(">LOG:1,D,MANAGEMENT: CMD 'cr-response {base64}'"),
        format!(">LOG:1,D,SENT CONTROL [x]: 'AUTH_FAILED,CRV1:R:{SECRET}:dQ==:PIN' (status=1)"),
        format!(">FATAL:unknown command: password \"Auth\" \"{SECRET}\""),
        format!(">INFO:password \"Auth\" \"{SECRET}\""),
        format!(">HOLD:CRV1:{SECRET}"),
        format!(">ECHO:1,auth-token {SECRET}"),
        format!(">STATE:1,EXITING,CRV1:{SECRET},,,,,"),
        format!(">STATE:1,WAIT,,CRV1:{SECRET},,,,,CRV1:{SECRET}"),
        format!(">NOTIFY:info,x,CRV1:{SECRET}"),
        format!(">AUTH-TOKEN:{SECRET}"),
        format!(">NEWS:Auth-Token:{SECRET}"),
        format!(">{SECRET}"),
        SECRET.to_owned(),
        format!("SUCCESS: {SECRET}"),
        format!("ERROR: unknown command [{SECRET}], enter 'help' for more options"),
    ]
}

/// The forms in which it would be found: as it is, and in base64 at each offset.
fn is_in(json: &str) -> bool {
    let shifted = (0..3).map(|offset| {
        let whole = STANDARD.encode([&[0; 2][..offset], SECRET.as_bytes()].concat());
        whole[4..whole.len() - 4].to_owned()
    });
    shifted.chain([SECRET.to_owned()]).any(|form| json.contains(&form))
}

#[tokio::test]
async fn no_event_and_no_request_has_one() {
    let (mut session, mut daemon) = with_requests(Builder::new()).await;
    let (mut events, mut requests) = (0, Vec::new());
    for line in lines() {
        daemon.says(format!("{line}\r\n>BYTECOUNT:1,2\r\n")).await;
        loop {
            let json = match session.next().await.unwrap().unwrap() {
                Item::Event(Event::ByteCount(_)) => break,
                Item::Event(event) => {
                    events += 1;
                    serde_json::to_string(&event).unwrap()
                }
                Item::Request(request) => {
                    let json = serde_json::to_string(&request).unwrap();
                    requests.push(request);
                    json
                }
                other => panic!("{other:?}"),
            };
            assert!(!is_in(&json), "{json}");
        }
    }
    assert!(events >= lines().len(), "{events}");
    let is_wanted = |request: &&Request| {
        let tells = matches!(request, Request::AuthToken(_) | Request::WebAuth(_));
        tells || matches!(request, Request::ClientConnect(_) | Request::ClientReauth(_))
    };
    assert!(requests.iter().filter(is_wanted).count() >= 6, "{requests:?}");
}

#[tokio::test]
async fn without_requests_no_event_shows_what_it_holds() {
    for line in lines() {
        let (_client, mut events, mut daemon) = client(Builder::new()).await;
        daemon.says(format!("{line}\r\n")).await;
        drop(daemon);
        let mut told = 0;
        while let Some(event) = events.next().await {
            let json = serde_json::to_string(&event.unwrap()).unwrap();
            assert!(!is_in(&json), "{line}: {json}");
            told += 1;
        }
        assert!(told > 0, "{line}");
    }
}

#[tokio::test]
async fn a_line_of_no_reply_is_its_name() {
    let (_client, mut events, mut daemon) = client(Builder::new()).await;
    daemon.says("PROTECTFD: fd '7' sent to be protected\r\n").await;
    let stray = loop {
        if let event @ Event::Stray(_) = events.next().await.unwrap().unwrap() {
            break event;
        }
    };
    let json = serde_json::to_string(&stray).unwrap();
    assert_eq!(json, r#"{"event":"stray","line":"PROTECTFD:","withheld":28}"#);
}

#[test]
fn it_would_be_found() {
    for before in ["", "a", "ab", "abc"] {
        assert!(is_in(&STANDARD.encode(format!("{before}{SECRET}::x"))));
    }
    assert!(is_in(&format!("{{\"x\":\"{SECRET}\"}}")));
}
