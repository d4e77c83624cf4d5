//! Our own process is killed while real clients wait for its decision, and another takes its place.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{Process, Program, until, within};
use nix::sys::signal::Signal;
use openvpn_mgmt::events::ClientEvent;
use openvpn_mgmt::reply::{Admission, StatusClient};
use openvpn_mgmt::{ClientRequest, Event, Item, OrphanPolicy, Request, Session};
use tokio::time::Instant;

use crate::program::SOCKET;
use crate::scene::{Scene, names, next};

/// How far apart the successor's two sightings are.
const GRACE: Duration = Duration::from_secs(3);
/// What two `status` and five `client-kill` may take, on a busy machine.
const COMMANDS: Duration = Duration::from_secs(30);

/// Who waits; of these nobody may let in the last two.
const WAITING: [&str; 5] = ["alice", "bob", "carol", "mallory-1", "mallory-2"];

/// A program that waits with five clients undecided, and is killed.
async fn predecessor(scene: &Scene) -> Result<Vec<Process>> {
    let arguments = ["--exact", "program::asks_nobody", "--ignored", "--nocapture"];
    let mut program = Program::with(std::env::current_exe()?, &arguments, |command| {
        command.env(SOCKET, scene.server.socket()).stdin(Stdio::null());
    })?;
    let mut clients = Vec::new();
    for (number, name) in WAITING.into_iter().enumerate() {
        clients.push(scene.client(name).await?);
        program.sees(&format!("{} wait", number + 1)).await?;
    }
    let end = program.stop(Signal::SIGKILL).await?;
    ensure!(!end.status.success(), "{}", end.output);
    Ok(clients)
}

/// What the successor decided, by user name: whether it let that one in, and how often it was asked.
#[derive(Default)]
struct Decisions(BTreeMap<String, (bool, u32)>);

impl Decisions {
    async fn decide(&mut self, client: ClientRequest) -> Result<()> {
        let name = client.username()?.context("it has no name")?.to_string();
        let is_known = !name.starts_with("mallory");
        self.0.entry(name).or_insert((is_known, 0)).1 += 1;
        if is_known {
            return Ok(client.allow().await?);
        }
        Ok(client.deny("not on the list", None).await?)
    }

    fn let_in(&self) -> impl Iterator<Item = &String> {
        self.0.iter().filter(|(_, (is_in, _))| *is_in).map(|(name, _)| name)
    }
}

/// Serves a session until so many are decided about, and those of them that may are in.
async fn decide(session: &mut Session, decisions: &mut Decisions, clients: usize) -> Result<()> {
    let mut established = 0;
    while decisions.0.len() < clients || established < decisions.let_in().count() {
        match session.next().await.context("the session has ended")?? {
            Item::Request(Request::ClientConnect(client)) => decisions.decide(client).await?,
            Item::Event(Event::Client(ClientEvent::Established { .. })) => established += 1,
            _ => {}
        }
    }
    Ok(())
}

/// The clients that are in, and no others.
async fn who_is_in(session: &Session) -> Result<Vec<String>> {
    let status = session.client().status().await?;
    let rows = &status.as_server().context("no status of a server")?.clients;
    let are_in: Vec<StatusClient> =
        rows.iter().filter(|row| row.admission() != Admission::Waiting).cloned().collect();
    Ok(names(&are_in))
}

#[tokio::test]
async fn who_waited_for_a_killed_program_is_decided_about_by_the_next() -> Result<()> {
    let test = "who_waited_for_a_killed_program_is_decided_about_by_the_next";
    let Some(scene) = Scene::or_skip(test).await? else { return Ok(()) };
    let mut clients = predecessor(&scene).await?;
    // One comes while nobody is there.
    clients.push(scene.client("dave").await?);
    // As a server logs who has said its name and password.
    let is_there = || Ok(scene.logged("peer info: IV_PROTO=") > WAITING.len());
    until("client", is_there).await.with_context(|| scene.server.log())?;

    let mut link = scene.link().orphans(OrphanPolicy::Kill { grace: GRACE });
    let mut attached = next(&mut link).await?;
    let begin = Instant::now();
    let orphans = attached.orphans();
    // One that comes now is announced to us.
    clients.push(scene.client("erin").await?);
    let mut decisions = Decisions::default();
    let mut session = attached.session;
    let looked = async {
        let found = orphans.await?;
        anyhow::Ok((found, begin.elapsed()))
    };
    let deciding = within("decisions", decide(&mut session, &mut decisions, 7));
    let (looked, decided) = tokio::join!(looked, deciding);
    decided??;
    let (found, after) = looked?;
    let all_back = begin.elapsed();
    println!("killed after {after:?}, all decided about after {all_back:?}");

    assert!((GRACE..GRACE + COMMANDS).contains(&after), "{after:?}");
    let killed: Vec<StatusClient> = found.iter().map(|found| found.orphan.client.clone()).collect();
    assert_eq!(names(&killed), ["alice", "bob", "carol", "dave", "mallory-1", "mallory-2"]);
    assert!(found.iter().all(|found| matches!(found.killed, Some(Ok(())))), "{found:?}");
    // Nobody is in who may not, and nobody was turned out who had come to us.
    assert_eq!(who_is_in(&session).await?, ["alice", "bob", "carol", "dave", "erin"]);
    assert_eq!(decisions.0.get("erin"), Some(&(true, 1)));
    drop((session, link));
    scene.ends(clients).await
}
