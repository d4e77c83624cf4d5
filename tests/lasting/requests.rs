//! What the daemon asks, where the reply to an answer is missing or odd.

use std::time::Duration;

use openvpn_mgmt::{
    Builder, Cid, DroppedRequest, EnvFilter, Error, Kid, PendingAuth, ReplyShape, Request, Requests,
};
use tokio::time::timeout;

use openvpn_mgmt_test::scripted::{Daemon, UNFILTERED, beside, pipe_of, with_requests};

const MINUTE: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(200);

async fn connects(daemon: &mut Daemon, cid: u64) {
    let lines =
        format!(">CLIENT:CONNECT,{cid},1\r\n>CLIENT:ENV,common_name=x\r\n>CLIENT:ENV,END\r\n");
    daemon.says(lines).await;
}

async fn next(requests: &mut Requests) -> Request {
    timeout(MINUTE, requests.next()).await.expect("a request in time").expect("a request")
}

async fn next_client(requests: &mut Requests) -> openvpn_mgmt::ClientRequest {
    match next(requests).await {
        Request::ClientConnect(client) => client,
        other => panic!("{other:?}"),
    }
}

/// The password was never sent, so the daemon waits on.
#[tokio::test(start_paused = true)]
async fn half_an_answer_whose_reply_is_missing_or_odd_is_asked_for_again() {
    for odd in ["", "SUCCESS: odd\r\n"] {
        let (session, mut daemon) = with_requests(Builder::new()).await;
        let (_client, _events, requests) = session.split();
        let mut requests = requests.with_timeout(LONG);
        daemon.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
        let Request::Credentials(ask) = next(&mut requests).await else { panic!() };
        let answered = beside(ask.answer("alice", "s3cret"), async {
            daemon.hears("username \"Auth\" \"alice\"").await.says(odd).await.passes_fence().await;
        });
        let error = answered.await.unwrap_err();
        assert!(
            matches!(error, Error::NoReply { .. } | Error::UnexpectedReply { .. }),
            "{error:?}"
        );
        // Asked again, but not without end: nobody makes the daemon say what fits.
        let Request::Credentials(ask) = next(&mut requests).await else { panic!("{odd:?}") };
        let answered = beside(ask.answer("alice", "s3cret"), async {
            daemon.hears("username \"Auth\" \"alice\"").await.says(odd).await.passes_fence().await;
        });
        assert!(answered.await.is_err());
        assert!(timeout(MINUTE, requests.next()).await.is_err(), "{odd:?}");
    }
}

/// A client that is not told to wait is still to be decided about.
#[tokio::test(start_paused = true)]
async fn a_client_that_could_not_be_told_to_wait_is_asked_about_again() {
    for said in ["", "SUCCESS: odd\r\n", "ERROR: client-pending-auth command failed\r\n"] {
        let (session, mut daemon) = with_requests(Builder::new()).await;
        let (_client, _events, requests) = session.split();
        let mut requests = requests.with_timeout(LONG);
        connects(&mut daemon, 0).await;
        let client = next_client(&mut requests).await;
        let text = PendingAuth::cr_text("code", true);
        let told = beside(client.pending(&text, MINUTE), async {
            daemon.line().await;
            daemon.says(said).await;
            if !said.starts_with("ERROR") {
                daemon.passes_fence().await;
            }
        });
        assert!(told.await.is_err());
        let again = next_client(&mut requests).await;
        let told = beside(again.pending(&text, MINUTE), async {
            daemon.line().await;
            daemon.says(said).await;
            if !said.starts_with("ERROR") {
                daemon.passes_fence().await;
            }
        });
        assert!(told.await.is_err());
        if said.starts_with("ERROR") {
            // Nobody will get it right, and a client is not left to wait.
            daemon.hears("client-deny 0 1 \"nobody answered\"").await;
        } else {
            // It may wait with the text that it was sent.
            daemon.says(">CLIENT:CR_RESPONSE,0,1,MTIz\r\n>CLIENT:ENV,END\r\n").await;
            assert!(matches!(next(&mut requests).await, Request::ClientResponse(_)));
        }
    }
}

/// It may have been asked all the same.
#[tokio::test(start_paused = true)]
async fn the_response_of_a_client_is_a_request_unless_asking_it_was_refused() {
    for (said, asked) in [("", true), ("SUCCESS: odd\r\n", true), ("ERROR: no\r\n", false)] {
        let (session, mut daemon) = with_requests(Builder::new()).await;
        let (client, _events, mut requests) = session.split();
        connects(&mut daemon, 0).await;
        let _waits = next_client(&mut requests).await;
        let client = client.with_timeout(LONG);
        let told = client.client_pending_auth(Cid(0), Kid(1), "CR_TEXT:R,E:code", MINUTE);
        let told = beside(told, async {
            daemon.line().await;
            daemon.says(said).await;
            if !said.starts_with("ERROR") {
                daemon.passes_fence().await;
            }
        });
        assert!(told.await.is_err());
        daemon.says(">CLIENT:CR_RESPONSE,0,1,MTIz\r\n>CLIENT:ENV,END\r\n").await;
        let response = timeout(MINUTE, requests.next()).await;
        assert_eq!(matches!(response, Ok(Some(Request::ClientResponse(_)))), asked, "{said:?}");
    }
}

/// The daemon has ended its last request before it asks the next.
#[tokio::test(start_paused = true)]
async fn a_signature_is_given_to_a_new_prompt_though_the_last_had_no_reply() {
    for odd in ["", "SUCCESS: signature taken\r\n"] {
        let (session, mut daemon) = with_requests(Builder::new()).await;
        let (_client, _events, requests) = session.split();
        let mut requests = requests.with_timeout(LONG);
        let prompt = ">PK_SIGN:AQID,RSA_PKCS1_PADDING\r\n";
        let block = async |daemon: &mut Daemon| {
            daemon.hears("pk-sig").await.hears("AQID").await.hears("END").await;
        };
        daemon.says(prompt).await;
        let Request::Sign(ask) = next(&mut requests).await else { panic!() };
        let signed = beside(ask.answer([1, 2, 3]), async {
            block(&mut daemon).await;
            daemon.says(odd).await.passes_fence().await;
        });
        assert!(signed.await.is_err());
        daemon.says(">STATE:1,RECONNECTING,SIGUSR1,,,,,\r\n").await.says(prompt).await;
        let Request::Sign(ask) = next(&mut requests).await else { panic!() };
        let signed = beside(ask.answer([1, 2, 3]), async {
            block(&mut daemon).await;
            daemon.says("SUCCESS: pk-sign command succeeded\r\n").await;
        });
        signed.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_denial_that_a_restart_made_stale_leaves_the_next_its_turn() {
    let builder = Builder::new().dropped_request(DroppedRequest::Deny);
    let (session, mut daemon) = with_requests(builder.reply_timeout(Duration::MAX)).await;
    let (client, _events, mut requests) = session.split();
    let stuck = tokio::spawn(async move { client.with_timeout(Duration::MAX).hold().await });
    daemon.hears("hold").await;
    connects(&mut daemon, 0).await;
    drop(next_client(&mut requests).await);
    tokio::time::sleep(Duration::from_millis(1)).await;
    daemon.says(">STATE:1711000000,RECONNECTING,SIGUSR1,,,,,\r\n").await;
    connects(&mut daemon, 7).await;
    drop(next_client(&mut requests).await);
    tokio::time::sleep(Duration::from_millis(1)).await;
    daemon.says("SUCCESS: hold=0\r\n").await;
    stuck.await.unwrap().unwrap();
    daemon.hears("client-deny 7 1 \"nobody answered\"").await;
}

/// Who was dropped before the end was asked for is denied before it.
#[tokio::test(start_paused = true)]
async fn quit_lets_denials_go_first() {
    let (session, mut daemon) =
        with_requests(Builder::new().dropped_request(DroppedRequest::Deny)).await;
    let (client, _events, mut requests) = session.split();
    for cid in 0..3 {
        connects(&mut daemon, cid).await;
        drop(next_client(&mut requests).await);
    }
    let quit = beside(client.quit(), async {
        for cid in 0..3 {
            daemon.hears(&format!("client-deny {cid} 1 \"nobody answered\"")).await;
            daemon.says("SUCCESS: client-deny command succeeded\r\n").await;
        }
        daemon.hears("quit").await;
        drop(daemon);
    });
    quit.await.unwrap();
}

/// As many as were dropped, and no more: they must not keep the end away.
#[tokio::test(start_paused = true)]
async fn quit_waits_for_no_denial_of_later() {
    let (session, mut daemon) =
        with_requests(Builder::new().dropped_request(DroppedRequest::Deny)).await;
    let (client, _events, mut requests) = session.split();
    connects(&mut daemon, 0).await;
    drop(next_client(&mut requests).await);
    let quit = beside(client.quit(), async {
        daemon.hears("client-deny 0 1 \"nobody answered\"").await;
        for cid in 1..4 {
            connects(&mut daemon, cid).await;
            drop(next_client(&mut requests).await);
        }
        daemon.says("SUCCESS: client-deny command succeeded\r\n").await.hears("quit").await;
        drop(daemon);
    });
    quit.await.unwrap();
}

/// A decision by plain command does not pass the one that waits.
#[tokio::test(start_paused = true)]
async fn no_decision_passes_one_that_waits_for_events() {
    let (session, mut daemon) = with_requests(Builder::new()).await;
    let (client, _events, mut requests) = session.split();
    connects(&mut daemon, 0).await;
    let waits = next_client(&mut requests).await;
    daemon.says(">CLIENT:ESTABLISHED,1\r\n").await;
    let (denied, allowed, ()) =
        tokio::join!(waits.deny("no", None), client.client_auth_nt(Cid(0), Kid(1)), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            daemon.says(">CLIENT:ENV,END\r\n").await.hears("client-deny 0 1 \"no\"").await;
            daemon.says("SUCCESS: client-deny command succeeded\r\n").await;
            daemon.hears("client-auth-nt 0 1").await.says("ERROR: no\r\n").await;
        });
    denied.unwrap();
    assert!(allowed.is_err());
}

/// An answer of which nothing is out does not answer what the daemon asks next.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_out_is_taken_back_where_the_daemon_asks_anew() {
    let (ours, mut daemon) = pipe_of(16);
    let builder = Builder::new().pipeline(2);
    let session = beside(builder.attach(ours), async {
        daemon.greets(5).await.gets_ready().await;
    });
    let (client, _events, mut requests) = session.await.unwrap().split();
    let prompt = ">PASSWORD:Need 'Private Key' password\r\n";
    daemon.says(prompt).await;
    let Request::PrivateKeyPassword(ask) = next(&mut requests).await else { panic!() };
    // What fills the pipe to its last byte, so that the answer waits whole.
    let before = tokio::spawn(async move { client.raw_command("x", ReplyShape::Line).await });
    tokio::time::sleep(Duration::from_millis(1)).await;
    let answered = tokio::spawn(ask.answer("1234"));
    tokio::time::sleep(Duration::from_millis(1)).await;
    daemon.says(prompt).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    daemon.hears("x").await;
    let fence = daemon.hears_fence().await;
    daemon.says(format!("SUCCESS: y\r\n{fence}")).await;
    before.await.unwrap().unwrap();
    let stale = answered.await.unwrap();
    assert!(matches!(stale, Err(Error::Stale { .. })), "{stale:?}");
    assert!(matches!(next(&mut requests).await, Request::PrivateKeyPassword(_)));
}

/// A driver that is gone takes the requests with it.
#[test]
fn requests_end_with_the_runtime_of_their_connection() {
    let driver = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (session, daemon) = driver.block_on(with_requests(Builder::new()));
    let (client, _events, mut requests) = session.split();
    driver.shutdown_background();
    let here = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    here.block_on(async {
        assert!(timeout(MINUTE, requests.next()).await.expect("an end in time").is_none());
        assert!(client.is_closed());
    });
    drop(daemon);
}

/// The next reply tells again what is in force.
#[tokio::test(start_paused = true)]
async fn a_filter_whose_reply_is_missing_or_odd_is_not_trusted_until_the_next() {
    for odd in ["", "libfoo: hello\r\n"] {
        let (session, mut daemon) = with_requests(Builder::new()).await;
        let (client, _events, mut requests) = session.split();
        let client = client.with_timeout(LONG);
        let set = beside(client.env_filter(EnvFilter::All), async {
            daemon.hears("env-filter 0").await.says(odd).await.passes_fence().await;
        });
        assert!(set.await.is_err());
        connects(&mut daemon, 0).await;
        assert!(!next_client(&mut requests).await.env().is_trusted());
        let set = beside(client.env_filter(EnvFilter::All), async {
            daemon.hears("env-filter 0").await.says(UNFILTERED).await;
        });
        set.await.unwrap();
        connects(&mut daemon, 1).await;
        assert!(next_client(&mut requests).await.env().is_trusted(), "{odd:?}");
    }
}

/// An answer waits for the rest of a block that may take it back; nobody else does.
#[tokio::test(start_paused = true)]
async fn an_answer_that_waits_for_events_holds_up_no_other_command() {
    let (session, mut daemon) = with_requests(Builder::new()).await;
    let (client, _events, mut requests) = session.split();
    connects(&mut daemon, 0).await;
    let waits = next_client(&mut requests).await;
    daemon.says(">CLIENT:DISCONNECT,1\r\n").await;
    let (allowed, pid, ()) = tokio::join!(waits.allow(), client.pid(), async {
        daemon.hears("pid").await.says("SUCCESS: pid=1\r\n").await;
        daemon.says(">CLIENT:ENV,END\r\n").await;
        daemon.hears("client-auth-nt 0 1").await;
        daemon.says("SUCCESS: client-auth command succeeded\r\n").await;
    });
    allowed.unwrap();
    assert_eq!(pid.unwrap(), 1);
}
