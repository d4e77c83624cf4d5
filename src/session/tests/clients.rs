//! Which client a decision is about.

use crate::client::PeerEnd;
use crate::command::{EnvFilter, KillTarget, ReplyShape, Transport};
use crate::events::{BadField, ClientEvent};
use crate::requests::Overflow;
use crate::session::tests::*;

const PENDING: &str = "SUCCESS: client-pending-auth command succeeded\r\n";
const AUTH: &str = "SUCCESS: client-auth command succeeded\r\n";
const KILL: &str = "SUCCESS: client-kill command succeeded\r\n";
const RESTART: &str = ">STATE:1,RECONNECTING,SIGUSR1,,,,,\r\n";
const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

impl Daemon {
    async fn responds(&mut self, cid: u64, key: u32) -> &mut Self {
        self.says(format!(">CLIENT:CR_RESPONSE,{cid},{key},MQ==\r\n>CLIENT:ENV,END\r\n")).await
    }

    async fn leaves(&mut self, cid: u64) -> &mut Self {
        self.says(format!(">CLIENT:DISCONNECT,{cid}\r\n>CLIENT:ENV,END\r\n")).await
    }
}

/// Asserts that nothing is asked: the next request is about a client that connects only now.
async fn no_request(requests: &mut Requests, daemon: &mut Daemon) {
    daemon.connect("CONNECT", 99, 1).await;
    assert_eq!(next_client(requests).await.cid().0, 99);
}

fn responses(events: &mut Events) -> usize {
    let mut count = 0;
    while let Some(event) = events.try_next() {
        count += usize::from(matches!(event, Ok(Event::Client(ClientEvent::CrResponse { .. }))));
    }
    count
}

#[tokio::test(start_paused = true)]
async fn a_response_nobody_asked_for_is_an_event_alone() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, mut events, mut requests) = session.split();
    let d = &mut daemon;
    d.connect("CONNECT", 0, 1).await.responds(0, 1).await;
    let peer = next_client(&mut requests).await;
    no_request(&mut requests, d).await;

    // Asked to open a page, it may not answer either.
    let page = PendingAuth::web_auth("https://x");
    let wire = "client-pending-auth 0 1 \"WEB_AUTH::https://x\" 60\n";
    let pending = exchange(peer.pending(&page, MINUTE), d, wire, PENDING).await.unwrap();
    d.responds(0, 1).await;
    no_request(&mut requests, d).await;

    // Nor after a denial.
    let deny = "SUCCESS: client-deny command succeeded\r\n";
    let wire = "client-deny 0 1 \"no\"\n";
    exchange(pending.resume().deny("no", None), d, wire, deny).await.unwrap();
    d.responds(0, 1).await;
    no_request(&mut requests, d).await;
    assert_eq!(responses(&mut events), 3);
}

#[tokio::test(start_paused = true)]
async fn one_response_answers_one_challenge_and_settles_nothing_by_being_dropped() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _events, mut requests) = session.split();
    let d = &mut daemon;
    d.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    let wire = "client-pending-auth 0 1 \"CR_TEXT:R:Code\" 60\n";
    let text = PendingAuth::cr_text("Code", false);
    let pending = exchange(peer.pending(&text, MINUTE), d, wire, PENDING).await.unwrap();

    // Of another key, then twice of the right one.
    d.responds(0, 7).await.responds(0, 1).await.responds(0, 1).await;
    let Some(Request::ClientResponse(response)) = requests.next().await else { panic!() };
    no_request(&mut requests, d).await;
    drop(response);
    let peer = pending.resume();
    assert!(peer.is_open());

    // Asked by a plain command, a response is a request too, and can be decided by.
    let kind = client.client_pending_auth(0.into(), 1.into(), "CR_TEXT:R:Code", MINUTE);
    exchange(kind, d, wire, PENDING).await.unwrap();
    drop(peer);
    d.responds(0, 1).await;
    let Some(Request::ClientResponse(response)) = requests.next().await else { panic!() };
    exchange(response.allow(), d, "client-auth-nt 0 1\n", AUTH).await.unwrap();
    d.responds(0, 1).await;
    no_request(&mut requests, d).await;
}

/// The question failed, and nobody takes the request once more; the response is there all the same.
#[tokio::test(start_paused = true)]
async fn a_response_decides_though_the_request_that_asked_for_it_was_dropped() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _events, mut requests) = session.split();
    let d = &mut daemon;
    d.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await;
    let text = PendingAuth::cr_text("Code", false);
    let asking = tokio::spawn(async move { peer.pending(&text, MINUTE).await.map(drop) });
    d.hears("client-pending-auth 0 1 \"CR_TEXT:R:Code\" 60\n").await.responds(0, 1).await;
    let Some(Request::ClientResponse(response)) = requests.next().await else { panic!() };
    // Nobody is asked any more.
    drop(requests);
    d.says("ERROR: client-pending-auth command failed\r\n").await;
    assert!(matches!(asking.await.unwrap(), Err(Error::Refused { .. })));
    exchange(response.allow(), d, "client-auth-nt 0 1\n", AUTH).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_challenge_that_was_refused_or_withdrawn_is_answered_by_nobody() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _events, mut requests) = session.split();
    let d = &mut daemon;
    let wire = "client-pending-auth 0 1 \"CR_TEXT:R:Code\" 60\n";
    let ask = || client.client_pending_auth(0.into(), 1.into(), "CR_TEXT:R:Code", MINUTE);
    let refused = exchange(ask(), d, wire, "ERROR: client-pending-auth command failed\r\n").await;
    assert!(matches!(refused, Err(Error::Refused { .. })));
    d.responds(0, 1).await;
    no_request(&mut requests, d).await;
    for ends in ["DISCONNECT", "CONNECT", "RECONNECTING"] {
        exchange(ask(), d, wire, PENDING).await.unwrap();
        match ends {
            "DISCONNECT" => d.leaves(0).await,
            "CONNECT" => d.connect("CONNECT", 0, 2).await,
            _ => d.says(RESTART).await,
        };
        if ends == "CONNECT" {
            assert_eq!(next_client(&mut requests).await.kid().0, 2);
        }
        d.responds(0, 1).await;
        no_request(&mut requests, d).await;
    }
}

#[tokio::test(start_paused = true)]
async fn openvpn_2_5_numbers_the_key_of_a_response_otherwise() {
    let greeting = ">INFO:OpenVPN Management Interface Version 3 -- type 'help' for more info\r\n";
    let (ours, theirs) = duplex(64 * 1024);
    let mut daemon = Daemon(theirs);
    daemon.says(greeting).await;
    let builder = Builder::new();
    let (session, ()) = tokio::join!(builder.attach(ours), daemon.gets_ready());
    let (_client, _events, mut requests) = session.unwrap().split();
    let d = &mut daemon;
    d.connect("CONNECT", 0, 5).await;
    let peer = next_client(&mut requests).await;
    let text = PendingAuth::cr_text("Code", false);

    // Its failures are a success by their first word.
    let wire = "client-pending-auth 0 \"CR_TEXT:R:Code\"\n";
    let failed =
        "SUCCESS: client-pending-auth command failed. Extra paramter might be too long\r\n";
    let refused = exchange(peer.pending(&text, MINUTE), d, wire, failed).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    // The client waits on, so it is asked about again.
    let again = next_client(&mut requests).await;
    let denied = "SUCCESS: client-deny command succeeded\r\n";
    exchange(again.deny("no", None), d, "client-deny 0 5 \"no\"\n", denied).await.unwrap();

    d.connect("CONNECT", 1, 5).await;
    let peer = next_client(&mut requests).await;
    let wire = "client-pending-auth 1 \"CR_TEXT:R:Code\"\n";
    let _pending = exchange(peer.pending(&text, MINUTE), d, wire, PENDING).await.unwrap();
    d.responds(1, 0).await;
    let Some(Request::ClientResponse(response)) = requests.next().await else { panic!() };
    assert_eq!(response.request().kid().0, 5);
    exchange(response.allow(), d, "client-auth-nt 1 5\n", AUTH).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_newer_connect_withdraws_the_older_requests_of_its_id() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (_client, _events, mut requests) = session.split();
    let d = &mut daemon;
    d.connect("CONNECT", 0, 1).await.connect("CONNECT", 1, 1).await;
    let dead = next_client(&mut requests).await;
    let other = next_client(&mut requests).await;
    d.connect("REAUTH", 0, 2).await.connect("CONNECT", 0, 3).await;
    let live = next_client(&mut requests).await;
    assert_eq!(live.kid().0, 3, "the older renewal is gone from the queue");
    dead.withdrawn().await;
    assert!(!dead.is_open() && live.is_open() && other.is_open());
    assert_ne!(dead.peer(), live.peer());
    assert!(matches!(dead.allow().await, Err(Error::Stale { .. })));
    exchange(live.allow(), d, "client-auth-nt 0 3\n", AUTH).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn either_request_of_a_repeated_hold_releases_it_once_and_neither_the_next() {
    let hold = ">HOLD:Waiting for hold release:0\r\n";
    for first_answers in [true, false] {
        let (session, mut daemon) = start(Builder::new()).await;
        let (_client, _events, mut requests) = session.split();
        let d = &mut daemon;
        d.says(hold).await;
        let Some(Request::Hold(first)) = requests.next().await else { panic!() };
        d.says(hold).await;
        let Some(Request::Hold(second)) = requests.next().await else { panic!() };
        let (answer, other) = if first_answers { (first, second) } else { (second, first) };
        let ok = "SUCCESS: hold release succeeded\r\n";
        exchange(answer.release(), d, "hold release\n", ok).await.unwrap();
        assert!(matches!(other.release().await, Err(Error::Stale { .. })));

        d.says(hold).await;
        let Some(Request::Hold(first)) = requests.next().await else { panic!() };
        d.says(hold).await;
        let Some(Request::Hold(second)) = requests.next().await else { panic!() };
        d.says(RESTART).await;
        first.withdrawn().await;
        assert!(matches!(first.release().await, Err(Error::Stale { .. })));
        assert!(matches!(second.release().await, Err(Error::Stale { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_is_said_again_before_it_is_released_is_released_once() {
    let hold = ">HOLD:Waiting for hold release:0\r\n";
    let (ours, theirs) = duplex("pid\n".len());
    let mut daemon = Daemon(theirs);
    let builder = Builder::new().pipeline(2);
    let (session, ()) = tokio::join!(builder.attach(ours), async {
        daemon.says(GREETING).await;
        daemon.gets_ready().await;
    });
    let (client, _, mut requests) = session.unwrap().split();
    let d = &mut daemon;
    d.says(hold).await;
    let Some(Request::Hold(first)) = requests.next().await else { panic!() };
    let pid = tokio::spawn({
        let client = client.clone();
        async move { client.pid().await }
    });
    let release = tokio::spawn(first.release());
    // It is let out by then, and has no room, as nothing is read.
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    d.says(hold).await;
    let Some(Request::Hold(second)) = requests.next().await else { panic!() };
    d.hears("pid\n").await.says("SUCCESS: pid=1\r\n").await;
    d.hears("hold release\n").await.says("SUCCESS: hold release succeeded\r\n").await;
    pid.await.unwrap().unwrap();
    release.await.unwrap().unwrap();
    assert!(matches!(second.release().await, Err(Error::Stale { .. })));
    d.says(hold).await;
    let Some(Request::Hold(_)) = requests.next().await else { panic!() };
}

#[tokio::test(start_paused = true)]
async fn a_state_that_cannot_be_read_may_be_a_restart() {
    for (line, restarts) in [
        (">STATE:1,RECONNECTING,SIGUSR1,,,,,", true),
        (">STATE:1,RECONNECTING", true),
        (">STATE:x,RECONNECTING,SIGHUP,no address,,,,", true),
        (">STATE:1,RECONNECTING,SIGHUP,,,extra", true),
        (">STATE:", true),
        (">STATE:1", true),
        (">STATE:1,,SIGHUP,,,,,", true),
        (">STATE:1,\u{e9},SIGHUP,,,,,x,", true),
        (">STATE:1,CONNECTED,SUCCESS,no address,,,,", false),
        (">STATE:1,CONNECTED", false),
        (">STATE:1,CONNECTED,SUCCESS,10.0.0.2,1.2.3.4,1194,,", false),
    ] {
        let (session, mut daemon) = start(Builder::new()).await;
        let (_client, _events, mut requests) = session.split();
        daemon.connect("CONNECT", 0, 1).await;
        let peer = next_client(&mut requests).await;
        daemon.says(line).await.says("\r\n").await;
        no_request(&mut requests, &mut daemon).await;
        assert_eq!(peer.is_open(), !restarts, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_state_on_fails_the_connection_with_what_to_do() {
    let (ours, theirs) = duplex(64 * 1024);
    let mut daemon = Daemon(theirs);
    daemon.says(GREETING).await;
    let builder = Builder::new();
    let (session, ()) = tokio::join!(builder.attach(ours), async {
        daemon.hears("env-filter 0\n").await.says("ERROR: unknown command\r\n").await;
        daemon.hears("state on\n").await.says("ERROR: not now\r\n").await;
    });
    let error = session.unwrap_err();
    assert!(matches!(error, Error::StatesRefused { .. }), "{error:?}");
    assert!(error.to_string().contains("Builder::requests(false)"), "{error}");
}

/// Whether the environment of a client that connects now is trusted, by all that tells so.
async fn trusted(d: &mut Daemon, requests: &mut Requests) -> bool {
    d.connect("CONNECT", 7, 1).await;
    let peer = next_client(requests).await;
    let is_trusted = peer.env().is_trusted();
    let username = peer.username();
    assert_eq!(username.is_ok(), is_trusted);
    assert_eq!(username.is_err_and(|error: BadField| error.is_untrusted()), !is_trusted);
    assert_eq!(peer.env().get("username"), Some("al ice".into()));
    is_trusted
}

#[tokio::test(start_paused = true)]
async fn an_environment_is_trusted_only_while_nothing_is_filtered() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _events, mut requests) = session.split();
    let d = &mut daemon;
    assert!(trusted(d, &mut requests).await);

    // From the sending of another level on, not from its reply.
    let (filtered, ()) = tokio::join!(client.env_filter(EnvFilter::Minimal), async {
        d.hears("env-filter 2\n").await;
        assert!(!trusted(d, &mut requests).await);
        d.says("SUCCESS: env_filter_level=2\r\n").await;
    });
    filtered.unwrap();
    assert!(!trusted(d, &mut requests).await);
    exchange(
        client.env_filter(EnvFilter::All),
        d,
        "env-filter 0\n",
        "SUCCESS: env_filter_level=0\r\n",
    )
    .await
    .unwrap();
    assert!(trusted(d, &mut requests).await);

    // Raw commands count, also one that is refused.
    for (line, reply) in [
        ("env-filter 1", "SUCCESS: env_filter_level=1\r\n"),
        ("\"env-filter\"  9", "ERROR: no\r\n"),
    ] {
        let raw = client.raw_command(line, ReplyShape::Line);
        let _ = exchange(raw, d, &format!("{line}\n"), reply).await;
        d.passes_fence().await;
        assert!(!trusted(d, &mut requests).await, "{line}");
        let raw = client.raw_command("env-filter", ReplyShape::Line);
        exchange(raw, d, "env-filter\n", "SUCCESS: env_filter_level=0\r\n").await.unwrap();
        d.passes_fence().await;
        assert!(trusted(d, &mut requests).await);
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_filter_is_refused_no_environment_is_trusted_and_the_connection_goes_on() {
    let (ours, theirs) = duplex(64 * 1024);
    let mut daemon = Daemon(theirs);
    daemon.says(GREETING).await;
    let builder = Builder::new();
    let (session, ()) = tokio::join!(builder.attach(ours), async {
        daemon.hears("env-filter 0\n").await.says("ERROR: unknown command\r\n").await;
        daemon.hears("state on\n").await;
        daemon.connect("CONNECT", 0, 1).await.says(ON).await;
    });
    let (client, _events, mut requests) = session.unwrap().split();
    let d = &mut daemon;
    assert!(!next_client(&mut requests).await.env().is_trusted());
    let ok = "SUCCESS: env_filter_level=0\r\n";
    exchange(client.env_filter(EnvFilter::All), d, "env-filter 0\n", ok).await.unwrap();
    d.connect("CONNECT", 1, 1).await;
    assert!(!next_client(&mut requests).await.env().is_trusted());
}

#[tokio::test(start_paused = true)]
async fn a_command_by_identity_reaches_nobody_else() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, mut events, mut requests) = session.split();
    let d = &mut daemon;
    let status = "TITLE\tOpenVPN 2.6\r\nEND\r\n";
    d.connect("CONNECT", 0, 1).await;
    let alice = next_client(&mut requests).await.peer().clone();
    while !matches!(events.next().await, Some(Ok(Event::Client(_)))) {}
    assert_eq!(events.peer(), Some(&alice));
    let (_, peers) = exchange(client.status_with_peers(), d, "status 3\n", status).await.unwrap();
    assert_eq!(peers.peer(0.into()), alice);
    let (unseen, never_seen) = (peers.peer(7.into()), peers.peer(9.into()));
    exchange(client.client_kill(&alice), d, "client-kill 0\n", KILL).await.unwrap();
    exchange(client.client_kill(&unseen), d, "client-kill 7\n", KILL).await.unwrap();

    // A newer client of the same number.
    d.connect("CONNECT", 0, 2).await;
    let mallory = next_client(&mut requests).await.peer().clone();
    let stale = client.client_kill_with(&alice, "HALT").await;
    assert!(matches!(stale, Err(Error::Stale { .. })));
    assert!(matches!(client.client_kill(&peers.peer(0.into())).await, Err(Error::Stale { .. })));
    exchange(client.client_kill(&mallory), d, "client-kill 0\n", KILL).await.unwrap();

    // One that was never seen to connect, and then does.
    d.connect("CONNECT", 7, 1).await;
    assert!(matches!(client.client_kill(&unseen).await, Err(Error::Stale { .. })));

    // After a restart, and on another connection.
    d.says(RESTART).await;
    d.connect("CONNECT", 0, 1).await;
    let eve = loop {
        let next = next_client(&mut requests).await;
        if next.epoch() == 1 {
            break next.peer().clone();
        }
    };
    assert!(matches!(client.client_kill(&mallory).await, Err(Error::Stale { .. })));
    assert!(matches!(client.client_kill(&never_seen).await, Err(Error::Stale { .. })));
    let (other, mut elsewhere) = start(Builder::new()).await;
    let (other, _events, mut other_requests) = other.split();
    elsewhere.says(RESTART).await.connect("CONNECT", 0, 1).await;
    let twin = next_client(&mut other_requests).await.peer().clone();
    assert_ne!(twin, eve);
    assert!(matches!(other.client_kill(&eve).await, Err(Error::Stale { .. })));
    exchange(other.client_kill(&twin), &mut elsewhere, "client-kill 0\n", KILL).await.unwrap();
}

/// Before OpenVPN 2.7 a row shows the address of an IPv6 client alone, which may be that of several.
#[tokio::test(start_paused = true)]
async fn an_ipv6_client_is_not_killed_by_a_port_that_nobody_sees() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _events, _requests) = session.split();
    let columns = "HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\t\
                   Bytes Received\tBytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\tClient ID\t\
                   Peer ID\tData Channel Cipher";
    let row = "CLIENT_LIST\talice\t2001:db8::1\t10.8.0.2\t\t1\t2\tthen\t1795332240\tUNDEF\t0\t0\tAES-256-GCM";
    let status = &format!("TITLE\tOpenVPN 2.6.14\r\n{columns}\r\n{row}\r\nEND\r\n");
    let ip = "2001:db8::1".parse().unwrap();
    let target = KillTarget::Address { transport: Transport::Udp, ip, port: 1194 };
    let refused = exchange(client.kill(&target), &mut daemon, "status 3\n", status).await;
    assert!(matches!(refused, Err(Error::InvalidArgument { .. })), "{refused:?}");
    client.close().await;
    let mut rest = Vec::new();
    daemon.0.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"", "nobody is killed");
}

#[tokio::test(start_paused = true)]
async fn a_kill_that_waits_tells_how_the_client_went() {
    let cut = [">CLIENT:DISCONNECT,0", ">CLIENT:CONNECT,0", ">STATE:179"];
    for ends in ["before", "after", "replaced", "restarted", "closed"].into_iter().chain(cut) {
        let (session, mut daemon) = start(Builder::new()).await;
        let (client, _events, mut requests) = session.split();
        daemon.connect("CONNECT", 0, 1).await;
        let peer = next_client(&mut requests).await.peer().clone();
        let (gone, daemon) = tokio::join!(client.client_kill_and_wait(&peer, MINUTE), async {
            let d = &mut daemon;
            d.hears("client-kill 0\n").await;
            if ends == "before" {
                d.leaves(1).await.leaves(0).await;
            }
            d.says(KILL).await;
            match ends {
                "after" => d.leaves(0).await,
                "replaced" => d.connect("CONNECT", 0, 2).await,
                "restarted" => d.says(RESTART).await,
                "closed" => return None,
                cut if cut.starts_with('>') => {
                    // A line that may go on.
                    d.says(cut).await;
                    return None;
                }
                _ => d,
            };
            Some(daemon)
        });
        let gone = gone.unwrap();
        let is_so = match ends {
            "replaced" => matches!(gone, PeerEnd::Replaced),
            "restarted" => matches!(gone, PeerEnd::Restarted),
            "before" | "after" => matches!(gone, PeerEnd::Disconnected),
            _ => matches!(gone, PeerEnd::Closed(CloseReason::Remote)),
        };
        assert!(is_so, "{ends}: {gone:?}");
        drop(daemon);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_go_is_told() {
    let (session, mut daemon) = start(Builder::new()).await;
    let (client, _events, mut requests) = session.split();
    daemon.connect("CONNECT", 0, 1).await;
    let peer = next_client(&mut requests).await.peer().clone();
    let kill = client.client_kill_and_wait(&peer, MINUTE);
    let stays = exchange(kill, &mut daemon, "client-kill 0\n", KILL).await;
    assert!(matches!(stays, Err(Error::StillConnected { after }) if after == MINUTE), "{stays:?}");
}

#[tokio::test(start_paused = true)]
async fn over_the_limit_the_newest_that_nobody_took_is_denied_and_told() {
    let (session, mut daemon) = start(Builder::new().request_limit(3)).await;
    let (_client, _events, mut requests) = session.split();
    let denied = "SUCCESS: client-deny command succeeded\r\n";
    let deny = |cid| format!("client-deny {cid} 1 \"too many clients wait for a decision\"\n");
    let d = &mut daemon;
    // The first is being decided about, the second was there before the flood.
    d.comes_from(0, "192.0.2.1").await;
    let taken = next_client(&mut requests).await;
    d.comes_from(1, "192.0.2.2").await;
    d.comes_from(2, "192.0.2.9").await;
    d.comes_from(3, "192.0.2.9").await.hears(&deny(3)).await.says(denied).await;
    let Some(Request::Overflow(Overflow { over_limit: 1, over_address_limit: 0 })) =
        requests.next().await
    else {
        panic!()
    };
    assert!(taken.is_open());
    assert_eq!(next_client(&mut requests).await.cid().0, 1);
    assert_eq!(next_client(&mut requests).await.cid().0, 2);
}

#[tokio::test(start_paused = true)]
async fn an_address_has_a_limit_of_its_own() {
    let (session, mut daemon) = start(Builder::new().request_limit_per_address(2)).await;
    let (_client, _events, mut requests) = session.split();
    let denied = "SUCCESS: client-deny command succeeded\r\n";
    let deny = "client-deny 2 1 \"too many clients wait for a decision\"\n";
    let d = &mut daemon;
    d.comes_from(0, "2001:db8::1").await;
    let _taken = next_client(&mut requests).await;
    // The same network, and another.
    d.comes_from(1, "2001:db8::2").await;
    d.comes_from(2, "2001:db8::3").await.hears(deny).await.says(denied).await;
    d.comes_from(3, "2001:db8:1::1").await;
    let Some(Request::Overflow(Overflow { over_limit: 0, over_address_limit: 1 })) =
        requests.next().await
    else {
        panic!()
    };
    assert_eq!(next_client(&mut requests).await.cid().0, 1);
    assert_eq!(next_client(&mut requests).await.cid().0, 3);
}

impl Daemon {
    async fn comes_from(&mut self, cid: u64, ip: &str) -> &mut Self {
        let name = if ip.contains(':') { "untrusted_ip6" } else { "untrusted_ip" };
        self.says(format!(
            ">CLIENT:CONNECT,{cid},1\r\n>CLIENT:ENV,{name}={ip}\r\n>CLIENT:ENV,END\r\n"
        ))
        .await
    }
}
