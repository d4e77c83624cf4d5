//! A program under test: it signs clients of simulated servers in, and has a session table beside.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use openvpn_mgmt::challenge::Crv1;
use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications, RawCommand};
use openvpn_mgmt::events::{ClientEvent, Env};
use openvpn_mgmt::peers::LivePeers;
use openvpn_mgmt::{
    Backoff, Builder, Client, ClientRequest, Event, Item, Link, PendingAuth, PendingClient,
    ReplyShape, Request, Session,
};
use openvpn_mgmt::{Fleet, LinkClient, MemberItem};
use openvpn_mgmt_test::{FakeDaemon, Personality};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How a server and its manager are set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) personality: Personality,
    pub(crate) client_auth: bool,
    /// A level of `env-filter`.
    pub(crate) env_filter: u32,
    pub(crate) requests: bool,
    /// How many events a subscriber may be behind.
    pub(crate) capacity: usize,
    /// Seconds between two byte counts; 0 for none.
    pub(crate) byte_count: u64,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            personality: Personality::V2_6,
            client_auth: true,
            env_filter: 0,
            requests: true,
            capacity: 1 << 16,
            byte_count: 1,
        }
    }
}

/// A simulated server that can be stopped and started, and a program that manages it.
pub(crate) struct Managed {
    pub(crate) name: &'static str,
    scene: Scene,
    fake: Arc<Mutex<Arc<FakeDaemon>>>,
    pid: u32,
    began: tokio::time::Instant,
    leave: Arc<Notify>,
    commands: LinkClient,
    program: Option<JoinHandle<Result<()>>>,
}

impl Scene {
    fn start(&self, pid: u32) -> FakeDaemon {
        let fake = FakeDaemon::of(self.personality).pid(pid);
        if self.client_auth { fake.server() } else { fake.server_without_client_auth() }
    }

    fn link(&self, fake: Arc<Mutex<Arc<FakeDaemon>>>) -> Link {
        let builder = Builder::new().requests(self.requests).event_capacity(self.capacity);
        let link = builder.reconnect_with(move || {
            let fake = Arc::clone(&fake.lock().unwrap());
            async move { fake.connect() }
        });
        let mut set_up = vec![
            AnyCommand::new(Notifications::on(Channel::State)),
            AnyCommand::new(Bytecount::every(Duration::from_secs(self.byte_count))),
        ];
        if self.env_filter > 0 || !self.requests {
            let filter = format!("env-filter {}", self.env_filter);
            set_up.push(AnyCommand::new(RawCommand::new(filter, ReplyShape::Line)));
        }
        let millisecond = Duration::from_millis(1);
        let backoff = Backoff::new(millisecond, millisecond).reset_after(Duration::ZERO);
        link.set_up(set_up).backoff(backoff)
    }
}

impl Managed {
    /// With a program of its own.
    pub(crate) fn new(name: &'static str, scene: Scene, peers: &LivePeers) -> Self {
        let (mut managed, link) = Self::alone(name, scene);
        let leave = Arc::clone(&managed.leave);
        let serving = run(link, name, scene.requests, peers.clone(), leave);
        managed.program = Some(tokio::spawn(serving));
        managed
    }

    /// As a member of a fleet.
    pub(crate) fn in_fleet(name: &'static str, scene: Scene, fleet: &mut Fleet) -> Self {
        let (managed, link) = Self::alone(name, scene);
        fleet.add(name, link).unwrap();
        managed
    }

    fn alone(name: &'static str, scene: Scene) -> (Self, Link) {
        let fake = Arc::new(Mutex::new(Arc::new(scene.start(1))));
        let link = scene.link(Arc::clone(&fake));
        let (leave, commands) = (Arc::new(Notify::new()), link.client());
        let began = tokio::time::Instant::now();
        (Self { name, scene, fake, pid: 1, began, leave, commands, program: None }, link)
    }

    /// Its connection is closed by the program.
    pub(crate) async fn close(&self) {
        self.commands.client().await.unwrap().close().await;
    }

    pub(crate) fn fake(&self) -> Arc<FakeDaemon> {
        Arc::clone(&self.fake.lock().unwrap())
    }

    /// The daemon is killed, and another takes its place.
    pub(crate) fn start_again(&mut self) {
        self.pid += 1;
        let next = self.scene.start(self.pid);
        // Its clock goes on.
        next.time_passes(self.began.elapsed() + Duration::from_secs(u64::from(self.pid)));
        *self.fake.lock().unwrap() = Arc::new(next);
    }

    /// The program drops its session, and gets another.
    pub(crate) fn reconnect(&self) {
        self.leave.notify_one();
    }

    /// Waits until the table has what is so, and holds it against that; gives how many are there.
    pub(crate) async fn is_right(&self, peers: &LivePeers) -> usize {
        let refreshed = async {
            while let Err(error) = peers.refresh(self.name).await {
                let is_over = self.program.as_ref().is_some_and(JoinHandle::is_finished);
                assert!(!is_over, "{error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), refreshed).await.expect("no status");
        crate::truth::compare(peers, self.name, &self.fake())
    }
}

impl Drop for Managed {
    fn drop(&mut self) {
        self.program.iter().for_each(JoinHandle::abort);
    }
}

async fn run(
    mut link: Link,
    name: &'static str,
    requests: bool,
    peers: LivePeers,
    leave: Arc<Notify>,
) -> Result<()> {
    loop {
        let mut attached = link.next().await?;
        assert!(attached.refused.is_empty(), "{:?}", attached.refused);
        peers.attach(name, &attached);
        tokio::select! {
            served = serve(&mut attached.session, requests) => served?,
            () = leave.notified() => {}
        }
    }
}

/// A program that manages all members of a fleet.
pub(crate) async fn run_fleet(mut fleet: Fleet, peers: LivePeers) {
    let mut kept: Vec<PendingClient> = Vec::new();
    while let Some(item) = fleet.next().await {
        peers.note(&item);
        if let MemberItem::Request(request) = item.what {
            // A client, or the daemon, may have gone meanwhile.
            drop(asked(request, &mut kept).await);
        }
    }
}

async fn serve(session: &mut Session, requests: bool) -> Result<()> {
    let client = session.client().clone();
    let mut kept: Vec<PendingClient> = Vec::new();
    while let Some(item) = session.next().await {
        let decided = match item {
            Ok(Item::Request(request)) => asked(request, &mut kept).await,
            Ok(Item::Event(Event::Client(event))) if !requests => told(&client, &event).await,
            // Some are lost where the test wants it.
            Ok(_) | Err(_) => Ok(()),
        };
        // A client, or the daemon, may have gone meanwhile.
        drop(decided);
    }
    Ok(())
}

/// What is to be done with a client, by its password.
enum Decision {
    Allow(Vec<String>),
    Deny,
    Challenge(Crv1),
    Ask,
}

fn decide(env: &Env) -> Decision {
    let secret = env.secret("password").and_then(|secret| secret.expose_str());
    let user = env.get("username").unwrap_or_default().to_string();
    let digits: String = user.chars().filter(char::is_ascii_digit).collect();
    let network: u32 = digits.parse().unwrap_or_default();
    let config = match network % 4 {
        0 => vec![format!("iroute 10.{}.0.0 255.255.0.0", network / 4 % 250)],
        1 => vec!["iroute 192.0.2.9".to_owned()],
        _ => Vec::new(),
    };
    match secret {
        Some("challenge me") => Decision::Challenge(Crv1::new("state", user, "token").unwrap()),
        Some("ask me") => Decision::Ask,
        Some("wrong") => Decision::Deny,
        _ => Decision::Allow(config),
    }
}

async fn asked(request: Request, kept: &mut Vec<PendingClient>) -> openvpn_mgmt::Result<()> {
    match request {
        Request::ClientConnect(request) => connects(request, kept).await,
        Request::ClientReauth(request) => match decide(request.env()) {
            Decision::Deny => request.deny("moody", None).await,
            _ => request.allow().await,
        },
        Request::ClientResponse(response) => response.allow().await,
        other => other.decline().await,
    }
}

async fn connects(
    request: ClientRequest,
    kept: &mut Vec<PendingClient>,
) -> openvpn_mgmt::Result<()> {
    match decide(request.env()) {
        Decision::Allow(config) => request.allow_with(config).await,
        Decision::Deny => request.deny("wrong", None).await,
        Decision::Challenge(challenge) => request.challenge(&challenge).await,
        Decision::Ask => {
            let ask = PendingAuth::cr_text("code", true);
            kept.push(request.pending(&ask, Duration::from_secs(60)).await?);
            Ok(())
        }
    }
}

/// The same by commands alone, without requests.
async fn told(client: &Client, event: &ClientEvent) -> openvpn_mgmt::Result<()> {
    let (ClientEvent::Connect { cid, kid, env, .. } | ClientEvent::Reauth { cid, kid, env, .. }) =
        event
    else {
        return Ok(());
    };
    match decide(env) {
        Decision::Deny => client.client_deny(*cid, *kid, "wrong", None).await,
        Decision::Challenge(challenge) => {
            client.client_deny(*cid, *kid, "more", Some(&challenge.encode())).await
        }
        Decision::Allow(config) => client.client_auth(*cid, *kid, config).await,
        Decision::Ask => client.client_auth_nt(*cid, *kid).await,
    }
}

/// Lets simulated time pass.
pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
