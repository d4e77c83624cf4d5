//! A client whose name is too long for the daemon's `status`, which blinds a table and nothing else.

use std::sync::Arc;
use std::time::Duration;

use openvpn_mgmt::peers::LivePeers;
use openvpn_mgmt::{Attached, Builder, Cid, Error, Kid, Link};
use openvpn_mgmt_test::{Client, FakeDaemon, Personality};
use tokio::time::{Instant, sleep};

/// As long as the table waits for anything here.
const SOON: Duration = Duration::from_secs(2);

fn server() -> Arc<FakeDaemon> {
    Arc::new(FakeDaemon::of(Personality::V2_6).server())
}

fn link_to(fake: &Arc<FakeDaemon>, pipeline: usize) -> Link {
    let fake = Arc::clone(fake);
    let builder = Builder::new().pipeline(pipeline);
    builder.reconnect_with(move || {
        let fake = Arc::clone(&fake);
        async move { fake.connect() }
    })
}

fn long(name: &str) -> Client {
    Client::new(name).with(&"u".repeat(480), "secret")
}

async fn attach(link: &mut Link, peers: &LivePeers) -> Attached {
    let attached = link.next().await.unwrap();
    peers.attach("udp", &attached);
    attached
}

async fn until(peers: &LivePeers, what: impl Fn(&openvpn_mgmt::peers::Peers) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(200);
    while !peers.with(&what) {
        assert!(Instant::now() < deadline, "{:?}", peers.snapshot());
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_attaches_and_its_table_goes_on_by_events() {
    let (fake, peers) = (server(), LivePeers::new());
    fake.connects(long("mallory")).unwrap();
    let began = Instant::now();
    let attached = attach(&mut link_to(&fake, 1), &peers).await;
    assert!(attached.now.status.is_none() && attached.now.status_is_broken_off);
    assert!(attached.now.load_stats.is_some() && began.elapsed() < SOON);
    assert!(peers.snapshot().blind().eq(["udp"]), "known from the begin on");

    fake.connects(Client::new("alice")).unwrap();
    until(&peers, |peers| peers.by_name("alice").next().is_some()).await;
    let error = peers.refresh("udp").await.unwrap_err();
    assert!(matches!(error, Error::BrokenOff { command: "status", lines: 3 }), "{error:?}");
    assert!(peers.with(|peers| peers.is_blind("udp") && peers.wants_status("udp")));

    fake.leaves("mallory").unwrap();
    until(&peers, |peers| !peers.is_blind("udp") && !peers.wants_status("udp")).await;
    assert_eq!(peers.snapshot().blind().count(), 0);
}

/// However much is missing, `status` is asked at its intervals alone: each holds up other commands.
#[tokio::test(start_paused = true)]
async fn a_blind_table_does_not_ask_without_end() {
    let (fake, peers) = (server(), LivePeers::new());
    fake.connects(long("mallory")).unwrap();
    fake.connects(Client::new("alice")).unwrap();
    let attached = attach(&mut link_to(&fake, 1), &peers).await;
    let client = attached.session.client();
    client.client_auth_nt(Cid(1), Kid(1)).await.unwrap();
    client.bytecount(Duration::from_secs(1)).await.unwrap();
    for _ in 0..40 {
        // Told of one of which nothing is known.
        fake.with(|daemon| daemon.client_traffic("alice", 10, 10)).unwrap();
        sleep(Duration::from_secs(1)).await;
    }
    assert!(fake.conversation().matches(">BYTECOUNT_CLI:").count() > 30);
    let conversation = fake.conversation();
    let asked = conversation.lines().filter(|line| line.contains("status 3")).count();
    assert!((3..=7).contains(&asked), "{asked} in 40 s:\n{conversation}");
    assert!(peers.with(|peers| peers.is_blind("udp")));
}

/// What is sent beside a `status` without end is not taken for its rest.
#[tokio::test(start_paused = true)]
async fn replies_behind_it_are_their_own_commands() {
    let (fake, peers) = (server(), LivePeers::new());
    fake.connects(long("mallory")).unwrap();
    let attached = attach(&mut link_to(&fake, 8), &peers).await;
    let client = attached.session.client();
    let began = Instant::now();
    let (first, pid, states, second, load) = tokio::join!(
        client.status(),
        client.pid(),
        client.state(),
        client.status(),
        client.load_stats(),
    );
    assert!(matches!(first, Err(Error::BrokenOff { .. })), "{first:?}");
    assert!(matches!(second, Err(Error::BrokenOff { .. })), "{second:?}");
    pid.unwrap();
    states.unwrap();
    load.unwrap();
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}
