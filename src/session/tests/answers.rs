//! What becomes of a request behind each way an answer to it can go, and of one that is left or handed on.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::requests::{ClientRequest, CredentialsRequest};
use crate::session::tests::unsent::poll_once;
use crate::session::tests::*;

const MINUTE: Duration = Duration::from_secs(60);
const USERNAME: &str = "username \"Auth\" \"alice\"\n";
const HOLD: &str = ">HOLD:Waiting for hold release:0\r\n";

async fn next(requests: &mut Requests) -> Request {
    tokio::time::timeout(MINUTE, requests.next()).await.expect("nothing is asked").unwrap()
}

async fn credentials(requests: &mut Requests) -> (bool, CredentialsRequest) {
    let request = next(requests).await;
    let is_again = request.is_again();
    let Request::Credentials(ask) = request else { panic!("{request:?}") };
    (is_again, ask)
}

#[tokio::test(start_paused = true)]
async fn credentials_whose_user_name_has_no_reply_come_again_once() {
    let (session, mut daemon) = start(Builder::new().reply_timeout(Duration::from_secs(1))).await;
    let (_client, _, mut requests) = session.split();
    daemon.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
    for times_before in 0..2 {
        let (is_again, ask) = credentials(&mut requests).await;
        assert_eq!(is_again, times_before > 0);
        let (answered, ()) = tokio::join!(ask.answer("alice", "hunter2"), async {
            daemon.hears(USERNAME).await.passes_fence().await;
        });
        assert!(matches!(answered, Err(Error::NoReply { .. })), "{answered:?}");
    }
    daemon.says(HOLD).await;
    assert!(matches!(next(&mut requests).await, Request::Hold(_)), "nobody is asked a third time");
}

#[tokio::test(start_paused = true)]
async fn credentials_whose_user_name_is_refused_do_not_come_again() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    daemon.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
    let (_, ask) = credentials(&mut requests).await;
    let error = "ERROR: No username is currently needed at this time\r\n";
    let answered = exchange(ask.answer("alice", "hunter2"), &mut daemon, USERNAME, error).await;
    assert!(matches!(answered, Err(Error::Refused { .. })), "{answered:?}");
    daemon.says(HOLD).await;
    assert!(matches!(next(&mut requests).await, Request::Hold(_)));
}

#[tokio::test(start_paused = true)]
async fn a_client_for_whom_waiting_is_refused_comes_again_and_one_that_was_decided_about_does_not()
{
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let d = &mut daemon;
    d.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    let wire = "client-pending-auth 0 1 \"CR_TEXT:R:code\" 60\n";
    let what = PendingAuth::cr_text("code", false);
    let error = "ERROR: client-pending-auth command failed\r\n";
    let refused = exchange(peer.pending(&what, MINUTE), d, wire, error).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    let again = next_client(&mut requests).await;
    assert!(again.handle().is_again());
    let error = "ERROR: client-auth command failed\r\n";
    let refused = exchange(again.allow(), d, "client-auth-nt 0 1\n", error).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    d.says(HOLD).await;
    assert!(matches!(next(&mut requests).await, Request::Hold(_)));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_not_asked_for_is_refused_before_anything_is_sent() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let dynamic = ">PASSWORD:Verification Failed: 'Auth' ['CRV1:R:id:Ym9i:PIN']\r\n";
    for before in ["", dynamic] {
        daemon.says(format!("{before}>PASSWORD:Need 'Auth' username/password\r\n")).await;
        let (_, ask) = credentials(&mut requests).await;
        assert_eq!(ask.challenge().is_some(), !before.is_empty());
        let refused = ask.answer_with_response("alice", "hunter2", "123").await;
        let is_refused =
            matches!(refused, Err(Error::InvalidArgument { argument: "response", .. }));
        assert!(is_refused, "{refused:?}");
        let (is_again, _) = credentials(&mut requests).await;
        assert!(is_again);
    }
}

/// One line of each prompt that nothing is sent for where it is declined.
const LEFT: [&str; 8] = [
    HOLD,
    ">PASSWORD:Need 'Auth' username/password\r\n",
    ">PASSWORD:Need 'Private Key' password\r\n",
    ">PASSWORD:Need 'Auth' username\r\n",
    ">NEED-STR:Need 'x' string MSG:y\r\n",
    ">NEED-CERTIFICATE:x\r\n",
    ">PK_SIGN:YWJj\r\n",
    ">INFOMSG:CR_TEXT:R:x\r\n",
];

/// Begins an answer that is not sent, and declines by the method of the request's own type.
fn begin_and_decline(request: Request) {
    macro_rules! each {
        ($($kind:ident),*) => {
            match request {
                $(Request::$kind(request) => {
                    request.handle().begin_with(Ok(())).unwrap();
                    request.decline();
                })*
                other => panic!("{other:?}"),
            }
        };
    }
    each!(Hold, Credentials, PrivateKeyPassword, Username, NeedStr, Certificate, Sign, Challenge);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_is_declined_does_not_come_again_though_its_answer_was_begun() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    for asks in LEFT {
        daemon.says(asks).await;
        begin_and_decline(next(&mut requests).await);
        daemon.says(">NEED-OK:Need 'x' confirmation MSG:y\r\n").await;
        let behind = next(&mut requests).await;
        assert!(matches!(behind, Request::NeedOk(_)), "{behind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_remote_is_skipped_and_a_proxy_may_be_one_of_socks() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let d = &mut daemon;
    d.says(">REMOTE:vpn.example.com,1194,udp\r\n").await;
    let Request::Remote(ask) = next(&mut requests).await else { panic!() };
    let ok = "SUCCESS: remote command succeeded\r\n";
    exchange(ask.skip(), d, "remote SKIP\n", ok).await.unwrap();
    d.says(">PROXY:1,TCP,vpn.example.com\r\n").await;
    let Request::Proxy(ask) = next(&mut requests).await else { panic!() };
    let ok = "SUCCESS: proxy command succeeded\r\n";
    exchange(ask.socks("p", 1080), d, "proxy SOCKS \"p\" 1080\n", ok).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_responds_may_be_let_in_with_a_configuration() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let d = &mut daemon;
    d.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    let wire = "client-pending-auth 0 1 \"CR_TEXT:R:code\" 60\n";
    let what = PendingAuth::cr_text("code", false);
    let ok = "SUCCESS: client-pending-auth command succeeded\r\n";
    let _pending = exchange(peer.pending(&what, MINUTE), d, wire, ok).await.unwrap();
    d.says(">CLIENT:CR_RESPONSE,0,1,MQ==\r\n>CLIENT:ENV,END\r\n").await;
    let Request::ClientResponse(response) = next(&mut requests).await else { panic!() };
    let wire = "client-auth 0 1\npush-reset\nEND\n";
    let ok = "SUCCESS: client-auth command succeeded\r\n";
    exchange(response.allow_with(["push-reset"]), d, wire, ok).await.unwrap();
}

/// A client whose answer was begun, and cannot be sent as the call before it has no reply yet.
async fn begun(daemon: &mut Daemon, requests: &mut Requests) -> ClientRequest {
    daemon.connect("CONNECT", 0, 1).await;
    let peer = next_client(requests).await;
    assert!(poll_once(pin!(peer.allow_by_ref())).is_pending());
    peer
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_left_or_handed_on_does_not_come_again_and_is_denied_where_that_was_chosen()
 {
    let leave: fn(ClientRequest) = |peer| Request::ClientConnect(peer).leave();
    let hand_on: fn(ClientRequest) = |peer| peer.hand_on();
    for gives_up in [leave, hand_on] {
        let builder = Builder::new().dropped_request(DroppedRequest::Deny);
        let (session, mut daemon) = start(builder).await;
        let (client, _, mut requests) = session.split();
        let mut stuck = pin!(client.pid());
        assert!(poll_once(stuck.as_mut()).is_pending());
        daemon.hears("pid\n").await;
        gives_up(begun(&mut daemon, &mut requests).await);
        daemon
            .says("SUCCESS: pid=1\r\n")
            .await
            .hears("client-deny 0 1 \"nobody answered\"\n")
            .await;
        daemon.says(HOLD).await;
        assert!(matches!(next(&mut requests).await, Request::Hold(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_is_withdrawn_by_the_daemon_and_not_by_an_answer() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    let d = &mut daemon;
    d.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    assert!(!peer.is_withdrawn());
    let ok = "SUCCESS: client-auth command succeeded\r\n";
    exchange(peer.allow_by_ref(), d, "client-auth-nt 0 1\n", ok).await.unwrap();
    assert!(!peer.is_open() && !peer.is_withdrawn());

    d.connect("CONNECT", 1, 1).await;
    let peer = next_client(&mut requests).await;
    d.says(">CLIENT:DISCONNECT,1\r\n>CLIENT:ENV,END\r\n").await;
    peer.withdrawn().await;
    assert!(!peer.is_open() && peer.is_withdrawn());
}

#[tokio::test(start_paused = true)]
async fn a_client_is_the_user_of_its_name_alone() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    daemon.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    assert_eq!(
        ["al ice", "al", "bob"].map(|name| peer.is_user(name).unwrap()),
        [true, false, false]
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_shows_whether_it_is_open() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    daemon.says(HOLD).await;
    let request = next(&mut requests).await;
    let shown = |open| format!("Handle {{ open: {open}, epoch: 0, .. }}");
    assert!(format!("{request:?}").contains(&shown(true)), "{request:?}");
    let state = Arc::clone(request.state().unwrap());
    state.settle();
    assert!(format!("{request:?}").contains(&shown(false)), "{request:?}");
}
