//! Every command of `Client`: dropped at every poll, alone and behind another, one and several in flight.

use std::time::Duration;

use openvpn_mgmt::command::Pid;
use openvpn_mgmt::{
    AuthRetry, Builder, Cid, Client, EnvFilter, History, Kid, KillTarget, Peer, ProxyAction,
    RemoteAction, ReplyShape, Request, Signal, StatusFormat,
};
use openvpn_mgmt_test::FakeDaemon;

use crate::stepped::{Call, at_every_poll, polled};
use crate::world::World;

/// Who calls.
struct Caller {
    client: Client,
    peer: Option<Peer>,
}

impl Caller {
    fn peer(&self) -> &Peer {
        self.peer.as_ref().unwrap()
    }
}

/// A method, and a call of it whose result is told in words.
struct Command {
    name: &'static str,
    call: fn(Caller) -> Call<String>,
}

/// Lists methods of `Client` with their arguments: the name that counts as tested is that of what is called.
macro_rules! commands {
    ($list:ident |$caller:ident| $($method:ident($($argument:expr),*);)*) => {
        const $list: &[Command] = &[$(Command {
            name: concat!("Client::", stringify!($method)),
            call: |$caller| Box::pin(async move {
                format!("{:?}", $caller.client.$method($($argument),*).await)
            }),
        }),*];
    };
}

const CID: Cid = Cid(0);
const KID: Kid = Kid(1);
const MINUTE: Duration = Duration::from_secs(60);
const WEB_AUTH: &str = "WEB_AUTH::https://sso.example/";
const CONFIG: [&str; 2] =
    ["push \"route 10.1.0.0 255.255.0.0\"", "push \"route 10.2.0.0 255.255.0.0\""];
const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

const UPDATED: &str = "SUCCESS: 1 client(s) updated";
const OK_ENTERED: &str =
    "SUCCESS: 'token-insertion-request' needok-confirmation entered, but not yet verified";
const TEXT_ENTERED: &str =
    "SUCCESS: 'pkcs11-id-request' needstr-string entered, but not yet verified";

commands! { ANYWHERE |caller|
    send(&Pid);
    raw_command("pid", ReplyShape::Line);
    pid();
    version();
    announce_version(4);
    help();
    net();
    signal(Signal::Sigusr1);
    network_change(false);
    verb();
    set_verb(4);
    mute();
    set_mute(3);
    test(20);
    daemon_version();
    hold();
    hold_on();
    hold_off();
    hold_release();
    state();
    state_on();
    state_off();
    state_history(History::All);
    state_on_with_history(History::All);
    log_on();
    log_off();
    log_history(20);
    log_on_with_history(History::All);
    echo_on();
    echo_off();
    echo_history(History::All);
    echo_on_with_history(History::All);
    bytecount(Duration::from_secs(5));
    bytecount_off();
    status();
    status_with_peers();
    status_format(StatusFormat::V2);
    load_stats();
    nclients();
    auth_retry();
    set_auth_retry(AuthRetry::None);
    forget_passwords();
    pkcs11_id_count();
    pkcs11_id_get(0);
}

commands! { OF_SERVERS |caller|
    client_auth(CID, KID, CONFIG);
    client_auth_nt(CID, KID);
    client_deny(CID, KID, "not on the list", Some("ask your admin"));
    client_kill(caller.peer());
    client_kill_with(caller.peer(), "HALT,bye");
    client_kill_and_wait(caller.peer(), MINUTE);
    client_kill_unchecked(CID);
    client_kill_with_unchecked(CID, "RESTART,later");
    client_pending_auth(CID, KID, WEB_AUTH, MINUTE);
    env_filter(EnvFilter::All);
    kill(&KillTarget::CommonName("alice".into()));
}

commands! { FROM_2_7_ON |caller|
    push_update_broad("route 10.3.0.0 255.255.0.0");
    push_update_cid(caller.peer(), "route 10.3.0.0 255.255.0.0");
    push_update_cid_unchecked(CID, "route 10.3.0.0 255.255.0.0");
}

commands! { UNTIL_2_5 |caller|
    client_pf(caller.peer(), ["[CLIENTS ACCEPT]", "-bob", "[SUBNETS DROP]", "[END]"]);
}

commands! { OF_CLIENTS |caller|
    cr_response("123456");
    remote_entry_count();
    remote_entries();
    remote_entry_get(0, 1);
}

commands! { OF_CREDENTIALS |caller|
    username("Auth", "alice");
    password("Auth", "al ice's password");
}

commands! { OF_REMOTES |caller|
    remote(&RemoteAction::Accept);
}

commands! { OF_PROXIES |caller|
    proxy(&ProxyAction::None);
}

commands! { OF_TOKENS |caller|
    needok("token-insertion-request", true);
    needok_with("token-insertion-request", "cancel");
    needstr("pkcs11-id-request", "an identity");
}

commands! { OF_KEYS |caller|
    pk_sig([1; 60]);
    rsa_sig([1; 60]);
}

commands! { OF_CERTIFICATES |caller|
    certificate(PEM);
}

/// Those that no OpenVPN of Linux knows.
const REFUSED: &[&str] = &["Client::net", "Client::network_change"];

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let servers = [ANYWHERE, OF_SERVERS, FROM_2_7_ON, UNTIL_2_5];
    let clients =
        [OF_CLIENTS, OF_CREDENTIALS, OF_REMOTES, OF_PROXIES, OF_TOKENS, OF_KEYS, OF_CERTIFICATES];
    let lists = servers.into_iter().chain(clients);
    lists.flatten().map(|command| command.name)
}

/// What else is under way.
#[derive(Clone, Copy, Debug)]
struct Beside {
    /// A command of another caller that was called before.
    another: bool,
    pipeline: usize,
}

/// What came of a call: its result where it was over, and what was written of it.
struct Outcome {
    result: Option<String>,
    written: Vec<String>,
}

/// Drops a call after so many polls; the command called next has its own reply, and so has the one before.
async fn dropped_after(
    polls: usize,
    command: &Command,
    daemon: fn() -> FakeDaemon,
    beside: Beside,
) -> Outcome {
    let mut world = World::of(daemon(), &Builder::new().pipeline(beside.pipeline)).await;
    let mut kept: Option<(Peer, Request)> = None;
    if command.needs_peer() {
        kept = Some(world.peer().await);
    }
    world.written.commands();
    let another = beside.another.then(|| {
        let client = world.client.clone();
        tokio::spawn(async move { client.mute().await })
    });
    // It is called first.
    tokio::task::yield_now().await;
    let peer = kept.as_ref().map(|(peer, _)| peer.clone());
    let caller = Caller { client: world.client.clone(), peer };
    let result = polled(polls, (command.call)(caller)).await;
    assert_eq!(world.client.pid().await.unwrap(), 4711, "{} after {polls}", command.name);
    if let Some(another) = another {
        another.await.unwrap().unwrap();
    }
    let mut written = world.written.commands();
    assert_eq!(written.pop().as_deref(), Some("pid"));
    if beside.another {
        assert_eq!(written.remove(0), "mute");
    }
    drop(kept);
    world.ends(command.name).await;
    Outcome { result, written }
}

/// Dropped behind a command whose reply is awaited, nothing of it is ever sent.
async fn withdrawn_while_it_waits(command: &Command, daemon: fn() -> FakeDaemon) {
    for polls in [0, 1, 2, 20] {
        let mut world = World::of(daemon().answers("mute", &[]), &Builder::new()).await;
        let mut kept: Option<(Peer, Request)> = None;
        if command.needs_peer() {
            kept = Some(world.peer().await);
        }
        let client = world.client.clone();
        let stuck = tokio::spawn(async move { client.mute().await });
        world.fake.hears("mute").await.unwrap();
        let peer = kept.as_ref().map(|(peer, _)| peer.clone());
        let caller = Caller { client: world.client.clone(), peer };
        let result = polled(polls, (command.call)(caller)).await;
        // It may be refused here, or there may be nothing to send.
        assert!(result.is_none() || polls > 0, "{result:?}");
        world.fake.with(|daemon| daemon.says("SUCCESS: mute=0"));
        assert_eq!(stuck.await.unwrap().unwrap(), 0, "{}", command.name);
        assert_eq!(world.client.pid().await.unwrap(), 4711, "{}", command.name);
        let written = world.written.commands();
        assert_eq!(written, ["mute", "pid"], "{} after {polls} polls", command.name);
        drop(kept);
        world.ends(command.name).await;
    }
}

impl Command {
    fn needs_peer(&self) -> bool {
        let lists = [OF_SERVERS, FROM_2_7_ON, UNTIL_2_5];
        lists.into_iter().flatten().any(|other| other.name == self.name)
    }
}

/// Commands that this daemon takes, or refuses.
async fn holds(commands: &[Command], taken: bool, daemon: fn() -> FakeDaemon) {
    for command in commands {
        for (another, pipeline) in [(false, 1), (true, 1), (true, 8)] {
            hold(command, taken, daemon, Beside { another, pipeline }).await;
        }
    }
}

/// Whatever is written is a beginning of what is written of a call that is not dropped, in whole commands.
async fn hold(command: &Command, taken: bool, daemon: fn() -> FakeDaemon, beside: Beside) {
    let name = command.name;
    if beside.another && beside.pipeline == 1 {
        withdrawn_while_it_waits(command, daemon).await;
    }
    let whole = dropped_after(usize::MAX, command, daemon, beside).await;
    let result = whole.result.unwrap();
    assert_eq!(result.starts_with("Ok"), taken && !REFUSED.contains(&name), "{name}: {result}");
    let last = std::cell::Cell::new(0);
    at_every_poll(name, |polls| {
        let (whole, result, last) = (&whole.written, &result, &last);
        async move {
            let outcome = dropped_after(polls, command, daemon, beside).await;
            let what = format!("{name} after {polls} polls, beside {beside:?}");
            assert!(whole.starts_with(&outcome.written), "{what}: {:?}", outcome.written);
            assert!(polls > 0 || outcome.written.is_empty(), "{what}: {:?}", outcome.written);
            assert!(outcome.written.len() >= last.replace(outcome.written.len()), "{what}");
            let Some(told) = outcome.result else { return false };
            assert_eq!((&told, &outcome.written), (result, whole), "{what}");
            true
        }
    })
    .await;
}

fn with_alice(server: FakeDaemon) -> FakeDaemon {
    server.server().client_connects("alice", |client| client)
}

#[tokio::test(start_paused = true)]
async fn a_command_is_written_whole_or_not_at_all_and_shifts_no_reply() {
    holds(ANYWHERE, true, || FakeDaemon::v2_6().server()).await;
}

#[tokio::test(start_paused = true)]
async fn so_is_one_to_a_server() {
    holds(OF_SERVERS, true, || with_alice(FakeDaemon::v2_6())).await;
    holds(FROM_2_7_ON, true, || with_alice(FakeDaemon::v2_7()).answers("push-update-", &[UPDATED]))
        .await;
    holds(FROM_2_7_ON, false, || with_alice(FakeDaemon::v2_7())).await;
    holds(UNTIL_2_5, true, || with_alice(FakeDaemon::v2_5())).await;
    holds(UNTIL_2_5, false, || with_alice(FakeDaemon::v2_6())).await;
}

#[tokio::test(start_paused = true)]
async fn so_is_one_to_a_client() {
    holds(OF_CLIENTS, true, FakeDaemon::v2_6).await;
    holds(OF_CREDENTIALS, true, || FakeDaemon::v2_6().query_passwords()).await;
    holds(OF_REMOTES, true, || FakeDaemon::v2_6().query_remote()).await;
    holds(OF_PROXIES, true, || FakeDaemon::v2_6().query_proxy()).await;
    holds(OF_TOKENS, true, || {
        FakeDaemon::v2_6().answers("needok", &[OK_ENTERED]).answers("needstr", &[TEXT_ENTERED])
    })
    .await;
    holds(OF_TOKENS, false, FakeDaemon::v2_6).await;
}

#[tokio::test(start_paused = true)]
async fn so_is_one_with_a_block() {
    holds(OF_KEYS, true, || FakeDaemon::v2_6().external_key("pkcs1")).await;
    holds(OF_CERTIFICATES, true, || FakeDaemon::v2_6().external_cert("a hint")).await;
    // Refused, their lines run as commands of their own.
    holds(OF_KEYS, false, FakeDaemon::v2_6).await;
    holds(OF_CERTIFICATES, false, FakeDaemon::v2_6).await;
}
