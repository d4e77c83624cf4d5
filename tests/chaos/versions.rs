//! Daemons of several versions side by side in one fleet: a command that differs by version reaches each as it reads it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Daemon, Lab, Process, ServerOptions, Version, skip, within};
use openvpn_mgmt::command::{
    ClientPendingAuth, Command, KillTarget, Pid, PushUpdate, Transport, Version as AskVersion,
};
use openvpn_mgmt::{Cid, Error, Fleet, FleetClient, Kid, MemberItem, Request, WhileAway};
use tokio::task::JoinHandle;

use crate::support::{amount, is_long, patient, soon};

/// One that runs, and what it is.
struct Member {
    name: String,
    version: Version,
    server: Process,
    // Ends after its server.
    _lab: Lab,
}

/// A server of each version there is; none where there are not two.
async fn servers(test: &str) -> Result<Vec<Member>> {
    let mut daemons = Daemon::matrix()?;
    if let Ok(installed) = Daemon::find() {
        if daemons.iter().all(|daemon| daemon.version() != installed.version()) {
            daemons.push(installed);
        }
    }
    if daemons.len() < 2 {
        skip(test, &"needs two versions; scripts/fetch-openvpn.sh fetches them");
        return Ok(Vec::new());
    }
    let mut members = Vec::new();
    for daemon in daemons {
        let (version, lab) = (daemon.version(), Lab::with(daemon)?);
        if let Err(error) = lab.can_serve() {
            skip(test, &error);
            return Ok(Vec::new());
        }
        let server = lab.server(ServerOptions::new()).await?;
        members.push(Member { name: version.to_string(), version, server, _lab: lab });
    }
    Ok(members)
}

/// Lets them out of their holds.
fn listen(mut fleet: Fleet) -> JoinHandle<()> {
    tokio::spawn(async move {
        while let Some(item) = fleet.next().await {
            if let MemberItem::Request(Request::Hold(hold)) = item.what {
                tokio::spawn(hold.release());
            }
        }
    })
}

/// What comes of a command to all, by member.
async fn all<C: Command>(
    fleet: &FleetClient,
    command: &C,
) -> Result<BTreeMap<String, openvpn_mgmt::Result<C::Reply>>> {
    let outcomes = within("outcomes", fleet.all(command).into_future()).await?;
    Ok(outcomes.into_iter().map(|(name, outcome)| (name.to_string(), outcome)).collect())
}

/// Sends to all what each refuses, as nobody is there; how each has read it, by its log.
async fn refused_by_all<C: Command>(
    fleet: &FleetClient,
    members: &[Member],
    command: &C,
    form: impl Fn(Version) -> String,
) -> Result<()> {
    let before: Vec<_> =
        members.iter().map(|member| read_as(member, &form(member.version))).collect();
    let outcomes = all(fleet, command).await?;
    for (member, before) in members.iter().zip(before) {
        let outcome = &outcomes[&member.name];
        ensure!(
            matches!(outcome, Err(Error::Refused { .. })),
            "{}: {:?}",
            member.name,
            outcome.as_ref().err()
        );
        let form = form(member.version);
        ensure!(
            read_as(member, &form) == before + 1,
            "{}: not `{form}`:\n{}",
            member.name,
            member.server.log()
        );
    }
    Ok(())
}

fn read_as(member: &Member, form: &str) -> usize {
    member.server.log().matches(&format!("MANAGEMENT: CMD '{form}'")).count()
}

fn pending_auth(version: Version) -> String {
    if version < Version::new(2, 6, 0) {
        "client-pending-auth 77 \"WEB_AUTH::https://example.org\"".to_owned()
    } else if version < Version::new(2, 6, 2) {
        "client-pending-auth 77 \"WEB_AUTH::https://example.org\" 60".to_owned()
    } else {
        "client-pending-auth 77 3 \"WEB_AUTH::https://example.org\" 60".to_owned()
    }
}

fn kill(version: Version) -> String {
    let transport = if version < Version::new(2, 7, 0) { "" } else { "udp:" };
    format!("kill {transport}192.0.2.7:5000")
}

/// Only 2.7 is sent it: the others would not know it.
async fn push_update(fleet: &FleetClient, members: &[Member]) -> Result<()> {
    let outcomes = all(fleet, &PushUpdate::cid(Cid(77), "route 10.1.0.0 255.255.0.0")).await?;
    for member in members {
        let (outcome, sent) =
            (&outcomes[&member.name], member.server.log().contains("CMD 'push-update"));
        let is_right = match outcome {
            Err(Error::Unsupported { .. }) => member.version < Version::new(2, 7, 0) && !sent,
            _ => member.version >= Version::new(2, 7, 0) && sent,
        };
        ensure!(is_right, "{}: {:?}, sent: {sent}", member.name, outcome.as_ref().err());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_version_of_a_fleet_reads_its_own_form() -> Result<()> {
    let members = servers("each_version_of_a_fleet_reads_its_own_form").await?;
    if members.is_empty() {
        return Ok(());
    }
    let mut fleet = Fleet::new();
    for member in &members {
        fleet.add(
            member.name.clone(),
            soon(patient().pipeline(4).reconnect(member.server.socket())),
        )?;
    }
    let (client, listening) = (fleet.client().while_away(WhileAway::Wait), listen(fleet));
    let address: SocketAddr = "192.0.2.7:5000".parse()?;
    let extra = "WEB_AUTH::https://example.org";
    let pending = ClientPendingAuth::new(Cid(77), Kid(3), extra, Duration::from_secs(60));
    for _ in 0..amount(3, 100) {
        let (versions, pids) = tokio::join!(all(&client, &AskVersion), all(&client, &Pid));
        let (versions, pids) = (versions?, pids?);
        for member in &members {
            let version = versions[&member.name].as_ref().map_err(Clone::clone)?;
            let text = format!("OpenVPN {}", member.version);
            ensure!(version.daemon.to_string().starts_with(&text), "{}: {version:?}", member.name);
            let pid = pids[&member.name].as_ref().map_err(Clone::clone)?;
            ensure!(*pid == member.server.pid(), "{}: another's pid", member.name);
        }
        refused_by_all(&client, &members, &pending, pending_auth).await?;
        refused_by_all(&client, &members, &KillTarget::from((Transport::Udp, address)), kill)
            .await?;
        push_update(&client, &members).await.context("push-update-cid")?;
    }
    if is_long() {
        let names: Vec<_> = members.iter().map(|member| member.name.as_str()).collect();
        println!("{} side by side: each has read its own forms 100 times", names.join(", "));
    }
    listening.abort();
    Ok(())
}
