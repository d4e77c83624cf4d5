//! The whole story: a server, a client, and the tunnel between them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use openvpn_mgmt::events::{ByteCount, ClientEvent, Env, Password, State};
use openvpn_mgmt::reply::{ClientStatistics, ServerStatus};
use openvpn_mgmt::{
    Cid, Client, CloseReason, Event, KillTarget, PeerConfig, Secret, StateName, Status,
};

use crate::side::{Side, last_words};
use crate::timeline::{Role, Timeline};
use lab::{ClientOptions, Lab, Process, ServerOptions};

const STEPS: [&str; 9] = [
    "Start a server and a client",
    "Connect to both management interfaces",
    "Release both from their hold",
    "Answer the client's request for credentials",
    "Decide about the client on the server",
    "Wait for the tunnel",
    "Count bytes, read both statuses",
    "End the client's session",
    "Shut both down",
];

/// A quote, a backslash and spaces: what a program that pastes lines together gets wrong.
pub(crate) const USER_NAME: &str = r#"alice "al\ice" smith"#;
pub(crate) const PASSWORD: &str = r#"pa"ss \word"#;

const COMMON_NAME: &str = "alice";
const ROUTE: (&str, &str) = ("10.99.0.0", "255.255.0.0");
const EVERY_SECOND: Duration = Duration::from_secs(1);

/// Gives the lines that sum the run up.
pub(crate) async fn run(lab: &Lab, timeline: &Arc<Timeline>) -> Result<Vec<String>> {
    timeline.plan(&STEPS);
    timeline.step();
    // Pings every second, so that there is something to count.
    let options = ServerOptions::new().line("keepalive 1 30");
    let mut server = lab.server(options).await?;
    let options = ClientOptions::to(&server).common_name(COMMON_NAME).up_down();
    let mut client = lab.client(options).await?;
    let port = server.port().unwrap_or_default();
    let server_is = format!("process {}, UDP port {port}, in {}", server.pid(), lab.network());
    timeline.fact(Role::Server, &server_is);
    timeline.fact(Role::Client, &format!("process {}", client.pid()));
    match drive(&mut server, &mut client, timeline).await {
        Ok(summary) => Ok(summary),
        Err(error) => {
            let mut daemons = [(Role::Server, &mut server), (Role::Client, &mut client)];
            Err(anyhow!("{error:#}{}", last_words(&mut daemons).await))
        }
    }
}

async fn drive(
    server_process: &mut Process,
    client_process: &mut Process,
    timeline: &Arc<Timeline>,
) -> Result<Vec<String>> {
    timeline.step();
    let mut server = Side::connect(Role::Server, server_process, timeline).await?;
    let mut client = Side::connect(Role::Client, client_process, timeline).await?;
    let handles = [server.client.clone(), client.client.clone()];
    let summary = tokio::select! {
        biased;
        summary = tunnel(&mut server, &mut client, timeline) => summary?,
        // Whichever of the two is waited for: without the other it would wait in vain.
        (role, reason) = either_ends(handles) => bail!("the {role}'s connection ended: {reason}"),
    };

    timeline.step();
    client.shut_down(client_process).await?;
    server.shut_down(server_process).await?;
    Ok(summary)
}

/// From the hold to the end of the session.
async fn tunnel(server: &mut Side, client: &mut Side, timeline: &Timeline) -> Result<Vec<String>> {
    greet(server).await?;
    greet(client).await?;

    timeline.step();
    server.call(".hold_release()", server.client.hold_release()).await?;
    server.event("CONNECTED", connected).await?;
    client.call(".hold_release()", client.client.hold_release()).await?;

    timeline.step();
    answer_credentials(client).await?;

    timeline.step();
    let cid = let_in(server).await?;

    timeline.step();
    let route = received_route(client).await?;
    let state = client.event("CONNECTED", connected_or_refused).await??;
    let address = state.local_ipv4().context("CONNECTED does not tell the tunnel's address")?;
    server.event("ESTABLISHED", established).await?;

    timeline.step();
    let count = client.event("BYTECOUNT", byte_count).await?;
    show_server_status(timeline, &server_status(server).await?);
    show_client_status(timeline, &client_status(client).await?);

    timeline.step();
    let total = end_session(server, client, cid).await?;
    Ok(vec![
        format!("tunnel {} as {address}, with {route}", state.name),
        format!("the client counted {} bytes in, {} out", count.bytes_in, count.bytes_out),
        total,
    ])
}

async fn either_ends([server, client]: [Client; 2]) -> (Role, CloseReason) {
    tokio::select! {
        reason = server.closed() => (Role::Server, reason),
        reason = client.closed() => (Role::Client, reason),
    }
}

/// Makes a daemon tell what this story waits for.
pub(crate) async fn greet(side: &mut Side) -> Result<()> {
    let version = side.call(".version()", side.client.version()).await?;
    side.fact(&format!("{}, management version {}", version_name(&version), version.management));
    side.log_on().await?;
    side.call(".state_on()", side.client.state_on()).await?;
    side.call(".bytecount(1 s)", side.client.bytecount(EVERY_SECOND)).await?;
    side.event("HOLD", |event| matches!(event, Event::Hold(_)).then_some(())).await
}

fn version_name(version: &openvpn_mgmt::reply::Version) -> String {
    let number = version.version.as_ref().map(|number| format!("OpenVPN {number}"));
    number.unwrap_or_else(|| version.daemon.to_string())
}

/// Gives user name and password to the realm that asks.
pub(crate) async fn answer_credentials(client: &mut Side) -> Result<()> {
    let need = |event: &Event| match event {
        Event::Password(Password::NeedUserPass { realm, .. }) => Some(realm.clone()),
        _ => None,
    };
    let realm = client.event("the request for credentials", need).await?;
    let username = client.client.username(realm.as_bytes(), USER_NAME);
    client.call(&format!(".username(\"{realm}\", {USER_NAME:?})"), username).await?;
    let password = client.client.password(realm.as_bytes(), PASSWORD);
    client.call(&format!(".password(\"{realm}\", [redacted])"), password).await
}

/// Waits for the client to ask for entry, looks who it is, and lets it in with a route.
async fn let_in(server: &mut Side) -> Result<Cid> {
    let asks = |event: &Event| match event {
        Event::Client(ClientEvent::Connect { .. }) => Some(()),
        _ => None,
    };
    server.event("a client", asks).await?;
    let client = server.client_request().await?;
    let (cid, env) = (client.cid(), client.env().clone());
    if !is_alice(&env) {
        let deny = client.deny("wrong credentials", Some("who are you?"));
        server.call(&format!("client {cid}.deny(…)"), deny).await?;
        bail!("the credentials did not arrive as they were given: {env:?}");
    }
    server.fact(&format!("user name and password are right, CN {COMMON_NAME}"));
    let (network, netmask) = ROUTE;
    let config = PeerConfig::new().push(format!("route {network} {netmask}"))?;
    let call = format!("client {cid}.allow_with(push route {network} {netmask})");
    server.call(&call, client.allow_with(config)).await?;
    Ok(cid)
}

fn is_alice(env: &Env) -> bool {
    env.common_name().is_ok_and(|name| name.is_some_and(|name| name == COMMON_NAME))
        && env.username().is_ok_and(|name| name.is_some_and(|name| name == USER_NAME))
        && env.password() == Ok(Some(Secret::from(PASSWORD)))
}

fn connected(event: &Event) -> Option<State> {
    match event {
        Event::State(state) if state.name == StateName::Connected => Some(state.clone()),
        _ => None,
    }
}

fn connected_or_refused(event: &Event) -> Option<Result<State>> {
    match event {
        Event::Password(refused @ Password::VerificationFailed { .. }) => {
            Some(Err(anyhow!("the server refused the client: {refused}")))
        }
        event => connected(event).map(Ok),
    }
}

fn established(event: &Event) -> Option<()> {
    matches!(event, Event::Client(ClientEvent::Established { .. })).then_some(())
}

/// What the client's daemon counted, once there is something.
fn byte_count(event: &Event) -> Option<ByteCount> {
    match event {
        Event::ByteCount(count) if count.bytes_in > 0 => Some(*count),
        _ => None,
    }
}

/// What the server pushed, as it arrived: the client's own word for it.
async fn received_route(client: &mut Side) -> Result<String> {
    let up = |event: &Event| match event {
        Event::UpDown(change) if change.is_up() => Some(change.env.clone()),
        _ => None,
    };
    let env = client.event("UPDOWN", up).await?;
    let value = |name| env.get(name).map(|text| text.to_string()).unwrap_or_default();
    let (network, netmask) = (value("route_network_1"), value("route_netmask_1"));
    if (network.as_str(), netmask.as_str()) != ROUTE {
        bail!("the pushed route did not arrive: {env:?}");
    }
    client.fact(&format!("pushed route arrived: {network} {netmask}"));
    Ok(format!("route {network} {netmask} pushed"))
}

async fn server_status(server: &Side) -> Result<ServerStatus> {
    match server.call(".status()", server.client.status()).await? {
        Status::Server(status) => Ok(status),
        other => bail!("this is no server's status: {other:?}"),
    }
}

async fn client_status(client: &Side) -> Result<ClientStatistics> {
    match client.call(".status()", client.client.status()).await? {
        Status::Client(status) => Ok(status),
        other => bail!("this is no client's status: {other:?}"),
    }
}

fn show_server_status(timeline: &Timeline, status: &ServerStatus) {
    let clients = status.clients.iter().map(|client| {
        vec![
            client.cid().map(|cid| cid.to_string()).unwrap_or_default(),
            client.common_name().map(|text| text.to_string()).unwrap_or_default(),
            client.username().map(|text| text.to_string()).unwrap_or_default(),
            client.real_address().to_string(),
            client.bytes_received().to_string(),
            client.bytes_sent().to_string(),
            client.cipher().map(|text| text.to_string()).unwrap_or_default(),
        ]
    });
    let heading = ["cid", "name", "user name", "from", "in", "out", "cipher"];
    timeline.table(&heading, &clients.collect::<Vec<_>>());
    let routes = status.routes.iter().map(|route| {
        let address = route.virtual_address().to_string();
        let name = route.common_name().map(|text| text.to_string()).unwrap_or_default();
        vec![address, name, route.last_ref().to_string()]
    });
    timeline.table(&["route", "to", "last used"], &routes.collect::<Vec<_>>());
}

fn show_client_status(timeline: &Timeline, status: &ClientStatistics) {
    let count = |bytes: Option<u64>| bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
    let row = vec![
        count(status.tcp_udp_read_bytes),
        count(status.tcp_udp_write_bytes),
        count(status.tun_tap_read_bytes),
        count(status.tun_tap_write_bytes),
        count(status.auth_read_bytes),
    ];
    let heading = ["link in", "link out", "device in", "device out", "authenticated"];
    timeline.table(&heading, &[row]);
}

/// Sends the client away and waits until it is gone on both sides.
async fn end_session(server: &mut Side, client: &mut Side, cid: Cid) -> Result<String> {
    let message = "RESTART,thank you";
    let peers = server.call(".status_with_peers()", server.client.status_with_peers()).await?.1;
    let peer = peers.peer(cid);
    let kill = server.client.client_kill_with(&peer, message);
    server.call(&format!(".client_kill_with({peer}, {message:?})"), kill).await?;
    client.event("HOLD", |event| matches!(event, Event::Hold(_)).then_some(())).await?;
    // The client has left, but the server keeps its session 5 s for stragglers.
    let target = KillTarget::CommonName(COMMON_NAME.to_owned());
    server.call(&format!(".kill({COMMON_NAME:?})"), server.client.kill(&target)).await?;
    let gone = |event: &Event| match event {
        Event::Client(ClientEvent::Disconnect { cid: left, env, .. }) if *left == cid => {
            Some(env.clone())
        }
        _ => None,
    };
    let env = server.event("DISCONNECT", gone).await?;
    let number = |number: Option<u64>| number.context("DISCONNECT does not tell what it should");
    let total = format!(
        "the server counted {} bytes in, {} out, in {} s",
        number(env.bytes_received()?)?,
        number(env.bytes_sent()?)?,
        number(env.time_duration()?)?
    );
    server.fact(&total);
    Ok(total)
}
