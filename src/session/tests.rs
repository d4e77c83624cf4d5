//! Requests and answers with a scripted daemon.

mod answers;
mod clients;
mod handed_over;
mod lenient;
mod prompts;
mod races;
mod sources;
mod unsent;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use crate::challenge::{ClientPassword, Crv1};
use crate::client::Events;
use crate::error::{CloseReason, Error};
use crate::events::Event;
use crate::requests::{DroppedRequest, PendingAuth, Request, Requests};
use crate::session::{Builder, Session};
use crate::types::Secret;

const GREETING: &[u8] =
    b">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";

const ON: &[u8] = b"SUCCESS: real-time state notification set to ON\r\n";

const FILTER: &[u8] = b"SUCCESS: env_filter_level=0\r\n";

struct Daemon(DuplexStream);

impl Daemon {
    /// Says this and expects that, as the daemon.
    async fn says(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.0.write_all(bytes.as_ref()).await.unwrap();
        self
    }

    /// Where it hears nothing it ends, at once in paused time.
    async fn hears(&mut self, bytes: &str) -> &mut Self {
        let mut got = vec![0; bytes.len()];
        let read = self.0.read_exact(&mut got);
        let read = tokio::time::timeout(std::time::Duration::from_secs(3600), read).await;
        read.expect(bytes).unwrap();
        assert_eq!(String::from_utf8_lossy(&got), bytes);
        self
    }

    /// The fence behind a raw command.
    async fn passes_fence(&mut self) -> &mut Self {
        self.hears("signal fence-").await;
        let mut name = String::new();
        while !name.ends_with('\n') {
            name.push(char::from(self.0.read_u8().await.unwrap()));
        }
        let name = name.trim_end();
        self.says(format!("ERROR: signal 'fence-{name}' is not a known signal type\r\n")).await
    }

    /// What every connection begins with.
    async fn gets_ready(&mut self) {
        self.hears("env-filter 0\n").await.says(FILTER).await;
        self.hears("state on\n").await.says(ON).await;
    }

    async fn connect(&mut self, kind: &str, cid: u64, key: u32) -> &mut Self {
        self.says(format!(
            ">CLIENT:{kind},{cid},{key}\r\n>CLIENT:ENV,username=al ice\r\n\
             >CLIENT:ENV,password=hunter2\r\n>CLIENT:ENV,END\r\n"
        ))
        .await
    }
}

async fn start(builder: Builder) -> (Session, Daemon) {
    let (ours, theirs) = duplex(64 * 1024);
    let mut daemon = Daemon(theirs);
    daemon.says(GREETING).await;
    let (session, ()) = tokio::join!(builder.attach(ours), daemon.gets_ready());
    (session.unwrap(), daemon)
}

/// As [`start`], with a daemon that does not know `env-filter`.
async fn start_without_filter(builder: Builder) -> (Session, Daemon) {
    let (ours, theirs) = duplex(64 * 1024);
    let mut daemon = Daemon(theirs);
    daemon.says(GREETING).await;
    let (session, ()) = tokio::join!(builder.attach(ours), async {
        daemon.hears("env-filter 0\n").await.says("ERROR: unknown command\r\n").await;
        daemon.hears("state on\n").await.says(ON).await;
    });
    (session.unwrap(), daemon)
}

/// Where nobody is asked it ends, at once in paused time.
async fn next_client(requests: &mut Requests) -> crate::requests::ClientRequest {
    match tokio::time::timeout(std::time::Duration::from_secs(100), requests.next()).await {
        Ok(Some(Request::ClientConnect(client) | Request::ClientReauth(client))) => client,
        other => panic!("not a client: {other:?}"),
    }
}

/// Runs an answer against what the daemon is to hear and say.
async fn exchange<T>(
    answer: impl Future<Output = T>,
    daemon: &mut Daemon,
    hears: &str,
    says: &str,
) -> T {
    let (answered, ()) = tokio::join!(answer, async {
        daemon.hears(hears).await.says(says).await;
    });
    answered
}

#[tokio::test(start_paused = true)]
async fn each_prompt_has_its_own_answer() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let d = &mut daemon;
    d.says(">HOLD:Waiting for hold release:10\r\n").await;
    let Some(Request::Hold(hold)) = requests.next().await else { panic!() };
    assert_eq!(hold.seconds(), Some(10));
    let ok = "SUCCESS: hold release succeeded\r\n";
    exchange(hold.release(), d, "hold release\n", ok).await.unwrap();

    d.says(">PASSWORD:Need 'Private Key' password\r\n").await;
    let Some(Request::PrivateKeyPassword(ask)) = requests.next().await else { panic!() };
    let ok = "SUCCESS: 'Private Key' password entered, but not yet verified\r\n";
    let wire = "password \"Private Key\" \"a\\\"b\"\n";
    exchange(ask.answer("a\"b"), d, wire, ok).await.unwrap();

    d.says(">PASSWORD:Need 'Auth' username\r\n").await;
    let Some(Request::Username(ask)) = requests.next().await else { panic!() };
    let ok = "SUCCESS: 'Auth' username entered, but not yet verified\r\n";
    exchange(ask.answer("bob"), d, "username \"Auth\" \"bob\"\n", ok).await.unwrap();

    d.says(">NEED-OK:Need 'token' confirmation MSG:Please insert\r\n").await;
    let Some(Request::NeedOk(ask)) = requests.next().await else { panic!() };
    assert_eq!((ask.name(), ask.message()), (&"token".into(), &"Please insert".into()));
    let ok = "SUCCESS: 'token' needok-confirmation entered, but not yet verified\r\n";
    exchange(ask.ok(), d, "needok \"token\" ok\n", ok).await.unwrap();

    d.says(">NEED-STR:Need 'id' string MSG:Which\r\n").await;
    let Some(Request::NeedStr(ask)) = requests.next().await else { panic!() };
    let ok = "SUCCESS: 'id' needstr-string entered, but not yet verified\r\n";
    exchange(ask.answer("x y"), d, "needstr \"id\" \"x y\"\n", ok).await.unwrap();

    d.says(">NEED-CERTIFICATE:hint\r\n").await;
    let Some(Request::Certificate(ask)) = requests.next().await else { panic!() };
    let pem = "-----BEGIN CERTIFICATE-----\r\nYWJj\r\n-----END CERTIFICATE-----\r\n";
    let wire = "certificate\n-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\nEND\n";
    let ok = "SUCCESS: certificate command succeeded\r\n";
    exchange(ask.answer(pem), d, wire, ok).await.unwrap();

    d.says(">PK_SIGN:YWJj,ECDSA\r\n").await;
    let Some(Request::Sign(ask)) = requests.next().await else { panic!() };
    assert_eq!(ask.data(), b"abc");
    let ok = "SUCCESS: pk-sign command succeeded\r\n";
    exchange(ask.answer(b"sig"), d, "pk-sig\nc2ln\nEND\n", ok).await.unwrap();

    d.says(">RSA_SIGN:YWJj\r\n").await;
    let Some(Request::Sign(ask)) = requests.next().await else { panic!() };
    let ok = "SUCCESS: rsa-sign command succeeded\r\n";
    exchange(ask.answer(b"sig"), d, "rsa-sig\nc2ln\nEND\n", ok).await.unwrap();

    d.says(">REMOTE:vpn.example.com,1194,udp\r\n").await;
    let Some(Request::Remote(ask)) = requests.next().await else { panic!() };
    let ok = "SUCCESS: remote command succeeded\r\n";
    exchange(ask.modify("::1", 443), d, "remote MOD \"::1\" 443\n", ok).await.unwrap();

    d.says(">PROXY:1,TCP,vpn.example.com\r\n").await;
    let Some(Request::Proxy(ask)) = requests.next().await else { panic!() };
    let ok = "SUCCESS: proxy command succeeded\r\n";
    exchange(ask.http("p", 8080, true), d, "proxy HTTP \"p\" 8080 nct\n", ok).await.unwrap();

    d.says(">INFOMSG:CR_TEXT:R:Code\r\n").await;
    let Some(Request::Challenge(ask)) = requests.next().await else { panic!() };
    assert!(ask.response_required() && !ask.echo());
    let ok = "SUCCESS: command succeeded\r\n";
    exchange(ask.answer("123456"), d, "cr-response MTIzNDU2\n", ok).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn challenges_are_folded_in() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let d = &mut daemon;
    let user = "SUCCESS: 'Auth' username entered, but not yet verified\r\n";
    let pass = "SUCCESS: 'Auth' password entered, but not yet verified\r\n";

    for (flags, wire) in [("1", "SCRV1:cHc=:MTIz"), ("2", "pw123")] {
        d.says(format!(">PASSWORD:Need 'Auth' username/password SC:{flags},PIN, please\r\n")).await;
        let Some(Request::Credentials(ask)) = requests.next().await else { panic!() };
        let challenge = ask.challenge().unwrap();
        assert_eq!(challenge.text(), &"PIN, please");
        assert_eq!(challenge.echo(), flags == "1");
        assert!(challenge.response_required());
        let (answered, ()) = tokio::join!(ask.answer_with_response("u", "pw", "123"), async {
            d.hears("username \"Auth\" \"u\"\n").await.says(user).await;
            d.hears(&format!("password \"Auth\" \"{wire}\"\n")).await.says(pass).await;
        });
        answered.unwrap();
    }

    d.says(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R:st4te:Y3Ix:Enter PIN']\r\n").await;
    d.says(">STATE:1,RECONNECTING,auth-failure,,,,,\r\n").await;
    d.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
    let Some(Request::Credentials(ask)) = requests.next().await else { panic!() };
    assert_eq!(ask.challenge().unwrap().username(), Some(&"cr1".into()));
    let (answered, ()) = tokio::join!(ask.respond("8675309"), async {
        d.hears("username \"Auth\" \"cr1\"\n").await.says(user).await;
        d.hears("password \"Auth\" \"CRV1::st4te::8675309\"\n").await.says(pass).await;
    });
    answered.unwrap();

    // It was for one prompt only, and a prompt with a challenge takes no plain answer.
    d.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
    let Some(Request::Credentials(ask)) = requests.next().await else { panic!() };
    assert!(ask.challenge().is_none());
    assert!(matches!(ask.respond("x").await, Err(Error::InvalidArgument { .. })));
    assert!(matches!(requests.next().await, Some(Request::Credentials(_))), "it comes again");
    d.says(">PASSWORD:Need 'Auth' username/password SC:0,PIN\r\n").await;
    let Some(Request::Credentials(ask)) = requests.next().await else { panic!() };
    assert!(matches!(ask.answer("u", "p").await, Err(Error::InvalidArgument { .. })));
}

#[tokio::test(start_paused = true)]
async fn both_credentials_are_checked_before_the_first_is_sent() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    daemon.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
    let Some(Request::Credentials(ask)) = requests.next().await else { panic!() };
    assert!(matches!(ask.answer("u", "p\n").await, Err(Error::InvalidArgument { .. })));
    exchange(client.pid(), &mut daemon, "pid\n", "SUCCESS: pid=1\r\n").await.unwrap();
    // The daemon still waits, so the request comes again.
    let Some(Request::Credentials(ask)) = requests.next().await else { panic!() };
    let (answered, ()) = tokio::join!(ask.answer("u", "p"), async {
        let ok = "SUCCESS: 'Auth' username entered, but not yet verified\r\n";
        daemon.hears("username \"Auth\" \"u\"\n").await.says(ok).await;
        let ok = "SUCCESS: 'Auth' password entered, but not yet verified\r\n";
        daemon.hears("password \"Auth\" \"p\"\n").await.says(ok).await;
    });
    answered.unwrap();
}

#[tokio::test(start_paused = true)]
async fn clients_are_allowed_denied_and_told_to_wait() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let d = &mut daemon;
    let auth = "SUCCESS: client-auth command succeeded\r\n";
    let deny = "SUCCESS: client-deny command succeeded\r\n";

    d.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    assert_eq!(peer.username(), Ok(Some("al ice".into())));
    let plain = ClientPassword::Plain(Secret::from("hunter2"));
    assert_eq!(peer.password(), Ok(Some(plain)));
    exchange(peer.allow(), d, "client-auth-nt 0 1\n", auth).await.unwrap();

    d.connect("REAUTH", 0, 3).await;
    let peer = next_client(&mut requests).await;
    let wire = "client-auth 0 3\npush \"route 10.1.0.0 255.255.0.0\"\nEND\n";
    let lines = ["push \"route 10.1.0.0 255.255.0.0\""];
    exchange(peer.allow_with(lines), d, wire, auth).await.unwrap();

    d.connect("CONNECT", 1, 1).await;
    let peer = next_client(&mut requests).await;
    let wire = "client-deny 1 1 \"not on the list\" \"ask your admin\"\n";
    exchange(peer.deny("not on the list", Some("ask your admin")), d, wire, deny).await.unwrap();

    d.connect("CONNECT", 2, 1).await;
    let peer = next_client(&mut requests).await;
    let challenge = Crv1::new("id", "u", "PIN").unwrap();
    let wire = "client-deny 2 1 \"challenge\" \"CRV1:R,E:id:dQ==:PIN\"\n";
    exchange(peer.challenge(&challenge), d, wire, deny).await.unwrap();

    d.connect("CONNECT", 3, 1).await;
    let peer = next_client(&mut requests).await;
    let wire = "client-pending-auth 3 1 \"CR_TEXT:R:Code\" 60\n";
    let ok = "SUCCESS: client-pending-auth command succeeded\r\n";
    let what = PendingAuth::cr_text("Code", false);
    let minute = std::time::Duration::from_secs(60);
    drop(exchange(peer.pending(&what, minute), d, wire, ok).await.unwrap());
    d.says(">CLIENT:CR_RESPONSE,3,1,MTIz\r\n>CLIENT:ENV,END\r\n").await;
    let Some(Request::ClientResponse(response)) = requests.next().await else { panic!() };
    assert_eq!(response.response().unwrap(), Secret::from("123"));
    exchange(response.allow(), d, "client-auth-nt 3 1\n", auth).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_after_a_restart_is_stale_and_sends_nothing() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 0, 1).await;
    let first = next_client(&mut requests).await;
    daemon.says(">STATE:1,RECONNECTING,SIGUSR1,,,,,\r\n").await;
    daemon.connect("CONNECT", 0, 1).await;
    // Not even read by the time of the answer, which looks again before it goes out.
    assert!(matches!(first.allow().await, Err(Error::Stale { command: "client-auth-nt" })));
    let second = next_client(&mut requests).await;
    assert_eq!(second.epoch(), 1);
    exchange(client.pid(), &mut daemon, "pid\n", "SUCCESS: pid=1\r\n").await.unwrap();
    let ok = "SUCCESS: client-auth command succeeded\r\n";
    exchange(second.allow(), &mut daemon, "client-auth-nt 0 1\n", ok).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_left_or_asks_anew_makes_the_old_request_stale() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 0, 1).await;
    let gone = next_client(&mut requests).await;
    daemon.connect("CONNECT", 1, 1).await;
    let stays = next_client(&mut requests).await;
    daemon.says(">CLIENT:DISCONNECT,0\r\n>CLIENT:ENV,END\r\n").await;
    assert!(matches!(gone.allow().await, Err(Error::Stale { .. })));
    assert!(stays.is_open());
    daemon.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
    let Some(Request::Credentials(old)) = requests.next().await else { panic!() };
    daemon.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
    assert!(matches!(requests.next().await, Some(Request::Credentials(_))));
    assert!(matches!(old.answer("u", "p").await, Err(Error::Stale { .. })));
}

#[tokio::test(start_paused = true)]
async fn an_answer_after_the_end_is_stale_or_closed() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    drop(daemon);
    assert!(matches!(client.closed().await, CloseReason::Remote));
    assert!(requests.next().await.is_none());
    assert!(matches!(peer.allow().await, Err(Error::Closed(_) | Error::Stale { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_client_is_denied_where_that_is_set() {
    let builder = Builder::new().dropped_request(DroppedRequest::Deny);
    let (session, mut daemon) = start(builder).await;
    let (_client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 0, 1).await;
    let client = next_client(&mut requests).await;
    let begun = tokio::time::Instant::now();
    drop(client);
    daemon.hears("client-deny 0 1 \"nobody answered\"\n").await;
    assert!(begun.elapsed().is_zero(), "not when something else wakes the driver");
}

#[tokio::test(start_paused = true)]
async fn a_client_dropped_by_a_panic_is_denied_always() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    let handler = tokio::spawn(async move {
        let _peer = peer;
        panic!("a bug of the handler");
    });
    assert!(handler.await.unwrap_err().is_panic());
    daemon.hears("client-deny 0 1 \"nobody answered\"\n").await;
}

#[tokio::test(start_paused = true)]
async fn an_invalid_answer_leaves_the_client_to_the_drop_policy() {
    let builder = Builder::new().dropped_request(DroppedRequest::Deny);
    let (session, mut daemon) = start(builder).await;
    let (_client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    assert!(matches!(peer.allow_with(["END"]).await, Err(Error::InvalidArgument { .. })));
    daemon.hears("client-deny 0 1 \"nobody answered\"\n").await;
}

#[tokio::test(start_paused = true)]
async fn a_decision_by_plain_command_counts() {
    let (session, mut daemon) = start(Builder::new().request_limit(1)).await;
    let (client, _, mut requests) = session.split();
    let ok = "SUCCESS: client-auth command succeeded\r\n";
    for cid in 0..4 {
        daemon.connect("CONNECT", cid, 1).await;
        let peer = next_client(&mut requests).await;
        let wire = format!("client-auth-nt {cid} 1\n");
        let deciding = client.client_auth_nt(peer.cid(), peer.kid());
        exchange(deciding, &mut daemon, &wire, ok).await.unwrap();
        assert!(!peer.is_open());
    }
    for (cid, line) in [(4, "client-auth-nt 4 1"), (5, "client-deny 5 \"1\" \"no\"")] {
        daemon.connect("CONNECT", cid, 1).await;
        let peer = next_client(&mut requests).await;
        let deciding = client.raw_command(line, crate::command::ReplyShape::Line);
        exchange(deciding, &mut daemon, &format!("{line}\n"), ok).await.unwrap();
        daemon.passes_fence().await;
        assert!(matches!(peer.allow().await, Err(Error::Stale { .. })), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn states_are_shown_only_when_the_user_wants_them() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, mut events, _requests) = session.split();
    let state = ">STATE:1,WAIT,,,,,,\r\n>BYTECOUNT:1,2\r\n";
    let seen = async |events: &mut Events| loop {
        match events.next().await.unwrap().unwrap() {
            Event::State(_) => return true,
            Event::ByteCount(_) => return false,
            _ => {}
        }
    };
    daemon.says(state).await;
    assert!(!seen(&mut events).await);
    let on = std::str::from_utf8(ON).unwrap();
    exchange(client.state_on(), &mut daemon, "state on\n", on).await.unwrap();
    daemon.says(state).await;
    assert!(seen(&mut events).await);
    client.state_off().await.unwrap();
    assert!(matches!(events.next().await, Some(Ok(Event::ByteCount(_)))));
    daemon.says(state).await;
    assert!(!seen(&mut events).await);
    let off = client.raw_command("state off", crate::command::ReplyShape::Line).await;
    assert!(matches!(off, Err(Error::InvalidArgument { .. })));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_requests_opts_out() {
    let (session, mut daemon) = start(Builder::new().request_limit(1)).await;
    let (client, mut events, requests) = session.split();
    drop(requests);
    for cid in 0..3 {
        daemon.connect("CONNECT", cid, 1).await;
    }
    for _ in 0..4 {
        assert!(events.next().await.is_some());
    }
    exchange(client.pid(), &mut daemon, "pid\n", "SUCCESS: pid=1\r\n").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn declining_does_the_harmless_thing() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let d = &mut daemon;
    for (asks, hears, says) in [
        (">NEED-OK:Need 'x' confirmation MSG:y", "needok \"x\" cancel\n", "SUCCESS: 'x'\r\n"),
        (">REMOTE:h,1,udp", "remote ACCEPT\n", "SUCCESS: remote command succeeded\r\n"),
        (">PROXY:1,TCP,h", "proxy NONE\n", "SUCCESS: proxy command succeeded\r\n"),
    ] {
        d.says(format!("{asks}\r\n")).await;
        let request = requests.next().await.unwrap();
        exchange(request.decline(), d, hears, says).await.unwrap();
    }
    d.connect("CONNECT", 0, 1).await;
    let request = requests.next().await.unwrap();
    let ok = "SUCCESS: client-deny command succeeded\r\n";
    exchange(request.decline(), d, "client-deny 0 1 \"declined\"\n", ok).await.unwrap();
    for asks in [
        ">HOLD:Waiting for hold release:0",
        ">PASSWORD:Need 'Auth' username/password",
        ">PASSWORD:Need 'Private Key' password",
        ">PASSWORD:Need 'Auth' username",
        ">NEED-STR:Need 'x' string MSG:y",
        ">NEED-CERTIFICATE:x",
        ">PK_SIGN:YWJj",
        ">INFOMSG:CR_TEXT::x",
    ] {
        d.says(format!("{asks}\r\n")).await;
        requests.next().await.unwrap().decline().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn responses_that_nobody_takes_do_not_pile_up() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 0, 1).await;
    for response in ["MQ==", "Mg==", "Mw=="] {
        daemon.says(format!(">CLIENT:CR_RESPONSE,0,1,{response}\r\n>CLIENT:ENV,END\r\n")).await;
    }
    exchange(client.pid(), &mut daemon, "pid\n", "SUCCESS: pid=1\r\n").await.unwrap();
    let peer = next_client(&mut requests).await;
    // Nobody asked for these; of those that come after one was, one is kept.
    let ok = "SUCCESS: client-pending-auth command succeeded\r\n";
    let wire = "client-pending-auth 0 1 \"CR_TEXT:R:Code\" 60\n";
    let minute = std::time::Duration::from_secs(60);
    let ask = client.client_pending_auth(0.into(), 1.into(), "CR_TEXT:R:Code", minute);
    exchange(ask, &mut daemon, wire, ok).await.unwrap();
    for response in ["NA==", "NQ==", "Ng=="] {
        daemon.says(format!(">CLIENT:CR_RESPONSE,0,1,{response}\r\n>CLIENT:ENV,END\r\n")).await;
    }
    let Some(Request::ClientResponse(response)) = requests.next().await else { panic!() };
    assert_eq!(response.response().unwrap(), Secret::from("4"));
    daemon.says(">HOLD:Waiting for hold release:0\r\n").await;
    assert!(matches!(requests.next().await, Some(Request::Hold(_))));
    assert!(peer.is_open());
}

#[tokio::test(start_paused = true)]
async fn a_hold_lasts_until_its_release_is_accepted() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, mut events, requests) = session.split();
    drop(requests);
    assert!(!client.is_in_hold());
    daemon.says(">HOLD:Waiting for hold release:0\r\n").await;
    while !matches!(events.next().await, Some(Ok(Event::Hold(_)))) {}
    assert!(client.is_in_hold());
    exchange(client.hold_release(), &mut daemon, "hold release\n", "ERROR: no\r\n")
        .await
        .unwrap_err();
    assert!(client.is_in_hold());
    // The daemon restarts at once, and holds again: what came last counts.
    let again = "SUCCESS: hold release succeeded\r\n>HOLD:Waiting for hold release:0\r\n";
    exchange(client.hold_release(), &mut daemon, "hold release\n", again).await.unwrap();
    while !matches!(events.next().await, Some(Ok(Event::Hold(_)))) {}
    assert!(client.is_in_hold());
    let released = "SUCCESS: hold release succeeded\r\n";
    exchange(client.hold_release(), &mut daemon, "hold release\n", released).await.unwrap();
    assert!(!client.is_in_hold());
}

#[tokio::test(start_paused = true)]
async fn any_request_tells_that_it_was_taken_back() {
    let (mut session, mut daemon) = start(Builder::new()).await;
    daemon.says(">NEED-OK:Need 'token' confirmation MSG:Insert it\r\n").await;
    let request = session.requests_mut().next().await.unwrap();
    let withdrawn = request.withdrawn();
    tokio::pin!(withdrawn);
    assert!(unsent::poll_once(withdrawn.as_mut()).is_pending());
    daemon.says(">STATE:1700000000,RECONNECTING,SIGUSR1,,,,,\r\n").await;
    withdrawn.await;
}

#[tokio::test(start_paused = true)]
async fn without_requests_their_stream_is_at_its_end() {
    let (ours, theirs) = duplex(1024);
    let mut daemon = Daemon(theirs);
    daemon.says(GREETING).await.says(">HOLD:Waiting for hold release:0\r\n").await;
    let session = Builder::new().requests(false).attach(ours).await.unwrap();
    let (client, mut events, mut requests) = session.split();
    assert!(requests.next().await.is_none());
    assert!(matches!(events.next().await, Some(Ok(Event::Info(_)))));
    assert!(matches!(events.next().await, Some(Ok(Event::Hold(_)))));
    exchange(client.pid(), &mut daemon, "pid\n", "SUCCESS: pid=1\r\n").await.unwrap();
}
