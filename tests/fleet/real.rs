//! Twenty real clients of one server, three of them ill-treated.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{ClientOptions, Lab, Process, ServerOptions};
use nix::sys::signal::Signal;
use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications, Pid, SetVerb};
use openvpn_mgmt::{
    Backoff, Builder, Error, Event, Fleet, FleetClient, MemberItem, Request, StateName,
};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

const CLIENTS: usize = 20;
/// Longer than a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(120);
/// What a stopped daemon costs its own command.
const COMMAND: Duration = Duration::from_secs(5);

/// What came of each member.
#[derive(Clone, Debug, Default)]
struct Heard {
    attached: u64,
    connected: u64,
    bytes: u64,
    logs: u64,
    away: u64,
}

type All = BTreeMap<String, Heard>;

fn link(process: &Process) -> openvpn_mgmt::Link {
    let states = AnyCommand::new(Notifications::on(Channel::State));
    let logs = AnyCommand::new(Notifications::on(Channel::Log));
    let counts = AnyCommand::new(Bytecount::every(Duration::from_secs(1)));
    Builder::new()
        .command_timeout(COMMAND)
        .reconnect(process.socket())
        .backoff(Backoff::new(Duration::from_millis(200), Duration::from_secs(2)))
        .set_up([states, logs, counts])
}

/// Notes what comes, and lets daemons out of their hold.
async fn listen(mut fleet: Fleet, heard: watch::Sender<All>) {
    while let Some(item) = fleet.next().await {
        let name = item.member.name().to_owned();
        heard.send_modify(|all| {
            let heard = all.entry(name).or_default();
            match &item.what {
                MemberItem::Attached(_) => heard.attached += 1,
                MemberItem::Event(Event::State(state)) if state.name == StateName::Connected => {
                    heard.connected += 1;
                }
                MemberItem::Event(Event::ByteCount(_)) => heard.bytes += 1,
                MemberItem::Event(Event::Log(_)) => heard.logs += 1,
                MemberItem::Away(_) => heard.away += 1,
                _ => {}
            }
        });
        if let MemberItem::Request(Request::Hold(hold)) = item.what {
            // One whose answer is lost comes again.
            tokio::spawn(hold.release());
        }
    }
}

/// Waits until something is so of all these members.
async fn until(
    heard: &mut watch::Receiver<All>,
    names: &[String],
    what: &str,
    is_so: impl Fn(&Heard) -> bool,
) -> Result<()> {
    let all = |all: &All| names.iter().all(|name| all.get(name).is_some_and(&is_so));
    let waited = timeout(PATIENCE, heard.wait_for(all)).await.map(|waited| waited.map(drop));
    match waited {
        Ok(waited) => Ok(waited?),
        Err(_) => anyhow::bail!("{what}: {:#?}", *heard.borrow()),
    }
}

/// Has all answer `pid`, and gives how long those with these names took, and what came of the others.
async fn ask(
    client: &FleetClient,
    names: &[String],
) -> Result<(Duration, BTreeMap<String, openvpn_mgmt::Result<u32>>)> {
    let (begin, mut last) = (Instant::now(), Duration::ZERO);
    let (mut others, mut answered) = (BTreeMap::new(), 0);
    let mut outcomes = client.all(&Pid);
    while let Some((name, outcome)) = outcomes.next().await {
        if names.contains(&name.to_string()) {
            outcome.with_context(|| name.to_string())?;
            (last, answered) = (begin.elapsed(), answered + 1);
        } else {
            others.insert(name.to_string(), outcome);
        }
    }
    ensure!(answered == names.len(), "{answered} have answered");
    Ok((last, others))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_clients_three_of_them_ill_treated() -> Result<()> {
    let test = "twenty_clients_three_of_them_ill_treated";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new().without_client_auth()).await?;
    let mut processes = Vec::new();
    for number in 0..CLIENTS {
        let options = ClientOptions::to(&server).common_name(&format!("client-{number:02}"));
        processes.push(lab.client(options.without_auth_user_pass()).await?);
    }
    let mut fleet = Fleet::new();
    fleet.add("server", link(&server))?;
    for (number, process) in processes.iter().enumerate() {
        fleet.add(format!("client-{number:02}"), link(process))?;
    }
    let (client, (tell, mut heard)) = (fleet.client(), watch::channel(All::new()));
    let listening = tokio::spawn(listen(fleet, tell));
    let names: Vec<_> = (0..CLIENTS).map(|number| format!("client-{number:02}")).collect();
    until(&mut heard, &names, "all come up", |heard| heard.connected > 0).await?;
    until(&mut heard, &names, "all count bytes", |heard| heard.bytes > 1).await?;
    let (took, others) = ask(&client, &names).await?;
    ensure!(others.len() == 1 && others["server"].is_ok(), "{others:?}");
    println!("{CLIENTS} clients and their server answer within {took:.1?}");

    // One is stopped, one says all it can, and one is killed while it is asked.
    processes[0].signal(Signal::SIGSTOP)?;
    client.to(&names[1])?.send(&SetVerb(11)).await?;
    let good = names[3..].to_vec();
    let dying = client.to(&names[2])?;
    let asking = tokio::spawn(async move { while dying.send(&Pid).await.is_ok() {} });
    processes[2].signal(Signal::SIGKILL)?;
    asking.await?;
    let before = heard.borrow().clone();
    let (took, others) = ask(&client, &good).await?;
    println!("beside three that are ill-treated, {} answer within {took:.1?}", good.len());
    ensure!(took < COMMAND, "they wait for others: {took:?}");
    ensure!(matches!(others[&names[0]], Err(Error::Timeout { .. })), "{others:?}");
    // At this level a daemon logs what it does to log, and may never come to answer.
    let loud = &others[&names[1]];
    ensure!(matches!(loud, Ok(_) | Err(Error::Timeout { .. })), "{loud:?}");
    ensure!(matches!(others[&names[2]], Err(Error::Away { .. } | Error::Closed(_))), "{others:?}");
    // All others go on counting.
    for name in &good {
        let bytes = before[name].bytes + 3;
        until(&mut heard, std::slice::from_ref(name), "it goes on", |heard| heard.bytes >= bytes)
            .await?;
    }
    until(&mut heard, &names[2..3], "it is told to be away", |heard| heard.away > 0).await?;
    let flood = heard.borrow()[&names[1]].logs;
    println!("{flood} lines of the log of the loud one");
    // It has the machine to itself no longer.
    processes[1].signal(Signal::SIGSTOP)?;

    // They come back.
    processes[0].signal(Signal::SIGCONT)?;
    lab.start_again(&mut processes[2]).await?;
    until(&mut heard, &names[2..3], "it is back", |heard| {
        heard.attached == 2 && heard.connected > 1
    })
    .await?;
    let quiet: Vec<_> = names.iter().filter(|name| **name != names[1]).cloned().collect();
    ask(&client, &quiet).await?;
    listening.abort();
    for process in &mut processes {
        ensure!(process.is_running()?);
    }
    Ok(())
}
