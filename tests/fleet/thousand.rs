//! A thousand daemons in one process, four of them hostile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications, Pid};
use openvpn_mgmt::{Builder, Error, Event, Fleet, MemberItem, Request, Result};
use openvpn_mgmt_test::FakeDaemon;
use openvpn_mgmt_test::scripted::{Daemon, STATES_ON, pipe, pipe_of};
use tokio::time::{Instant, sleep};

use crate::support::{Door, SECOND, cpu, log};

const GOOD: usize = 996;
const HOSTILE: [&str; 4] = ["deaf", "flood", "half a line", "half a reply"];
/// How long the members are listened to.
const TIME: Duration = Duration::from_secs(10);

/// How one has answered a command: with its process ID, or not, and after which time.
type Answered = (Option<u32>, Duration);

/// What came of one member, by the virtual time at which it did, and how it has answered.
#[derive(Debug, Default, PartialEq)]
struct Record {
    items: Vec<(Duration, String)>,
    answered: Option<Answered>,
}

#[derive(Default)]
struct Run {
    good: BTreeMap<String, Record>,
    hostile: BTreeMap<String, Record>,
    attached_after: Duration,
    lagged: u64,
}

fn builder() -> Builder {
    Builder::new().command_timeout(5 * SECOND).event_capacity(256)
}

fn set_up() -> [AnyCommand; 2] {
    let states = AnyCommand::new(Notifications::on(Channel::State));
    [states, AnyCommand::new(Bytecount::every(SECOND))]
}

/// A client of OpenVPN whose tunnel comes up and counts bytes.
fn add_good(fleet: &mut Fleet, number: usize) -> Arc<FakeDaemon> {
    let fake = Arc::new(FakeDaemon::v2_6().hold());
    let connect = Arc::clone(&fake);
    let link = builder().reconnect_with(move || std::future::ready(connect.connect()));
    fleet.add(format!("{number:03}"), link.ask_what_was_missed(false).set_up(set_up())).unwrap();
    fake
}

/// Does all that a link needs for a session.
async fn serves(daemon: &mut Daemon) {
    daemon.greets(5).await.gets_ready().await;
    daemon.hears("state on").await.says(STATES_ON).await;
    daemon.hears("bytecount 1").await.says("SUCCESS: bytecount interval changed\r\n").await;
}

async fn is_hostile(name: &str, mut daemon: Daemon) {
    serves(&mut daemon).await;
    match name {
        "deaf" => {}
        "flood" => {
            for number in 0..10_000 {
                let lines: String = (0..100).map(|line| log(&format!("{number} {line}"))).collect();
                if !daemon.can_say(lines).await {
                    return;
                }
                // Time is virtual, and passes where all wait.
                sleep(SECOND / 50).await;
            }
        }
        "half a line" => drop(daemon.says(">LOG:179533").await),
        _ => {
            daemon.hears("pid").await.says("SUCCESS: pi").await;
            return;
        }
    }
    std::future::pending::<()>().await;
}

fn add_hostile(fleet: &mut Fleet, name: &'static str) {
    // What is sent to one that does not read is not even written.
    let (ours, daemon) = if name == "deaf" { pipe_of(2) } else { pipe() };
    let door = Door::default();
    door.finds(ours);
    tokio::spawn(is_hostile(name, daemon));
    fleet.add(name, door.link_of(&builder()).set_up(set_up())).unwrap();
}

fn words(what: &MemberItem) -> Option<String> {
    match what {
        MemberItem::Event(Event::Log(_)) => None,
        MemberItem::Event(event) => Some(event.to_string()),
        MemberItem::Attached(attached) => Some(format!("attached {}", attached.number)),
        MemberItem::Detached(reason) => Some(format!("detached: {reason}")),
        MemberItem::Request(_) => Some("asks".to_owned()),
        other => Some(format!("{other:?}")),
    }
}

/// Listens to all of them, and has each answer a command meanwhile.
async fn run(hostile: &[&'static str]) -> Run {
    let mut fleet = Fleet::new();
    let (begin, mut run) = (Instant::now(), Run::default());
    let clock = std::time::Instant::now();
    for name in hostile {
        add_hostile(&mut fleet, name);
        run.hostile.insert((*name).to_owned(), Record::default());
    }
    let fakes: Vec<_> = (0..GOOD).map(|number| add_good(&mut fleet, number)).collect();
    let client = fleet.client();
    let asking = tokio::spawn(async move {
        sleep(2 * SECOND + SECOND / 2).await;
        let (begin, mut answers) = (Instant::now(), Vec::new());
        let mut outcomes = client.all(&Pid);
        while let Some((name, outcome)) = outcomes.next().await {
            answers.push((name.to_string(), outcome, begin.elapsed()));
        }
        answers
    });
    let mut attached = 0;
    let reading = async {
        while let Some(item) = fleet.next().await {
            let name = item.member.name().to_owned();
            let records =
                if run.hostile.contains_key(&name) { &mut run.hostile } else { &mut run.good };
            let record = records.entry(name).or_default();
            record.items.extend(words(&item.what).map(|words| (begin.elapsed(), words)));
            if matches!(item.what, MemberItem::Attached(_)) {
                attached += 1;
                if attached == GOOD + hostile.len() {
                    run.attached_after = clock.elapsed();
                }
            }
            if let MemberItem::Request(Request::Hold(hold)) = item.what {
                tokio::spawn(hold.release());
            }
        }
    };
    assert!(tokio::time::timeout(TIME, reading).await.is_err(), "some are left");
    assert_eq!(attached, GOOD + hostile.len());
    for (name, outcome, took) in asking.await.unwrap() {
        check(&name, &outcome);
        let records = if HOSTILE.contains(&&*name) { &mut run.hostile } else { &mut run.good };
        records.get_mut(&name).unwrap().answered = Some((outcome.ok(), took));
    }
    let good = fleet.members().into_iter().filter(|member| !HOSTILE.contains(&&*member.name));
    run.lagged = good.map(|member| member.lagged).sum();
    drop(fakes);
    run
}

fn check(name: &str, outcome: &Result<u32>) {
    let is_as_expected = match name {
        "deaf" | "half a line" | "flood" => matches!(outcome, Err(Error::Timeout { .. })),
        "half a reply" => matches!(outcome, Err(Error::Closed(_))),
        _ => outcome.is_ok(),
    };
    assert!(is_as_expected, "{name}: {outcome:?}");
}

/// What came, when, and how long each command took, in virtual time: the same as without the hostile ones.
#[tokio::test(start_paused = true)]
async fn four_hostile_ones_change_nothing_for_the_others() {
    let before = cpu();
    let alone = run(&[]).await;
    let between = cpu();
    let beside = run(&HOSTILE).await;
    println!(
        "{GOOD} members attached after {:.1?}, beside {} hostile ones after {:.1?}; \
         {} ms of the processor, and {} ms",
        alone.attached_after,
        HOSTILE.len(),
        beside.attached_after,
        between - before,
        cpu() - between,
    );
    assert_eq!((alone.good.len(), alone.lagged), (GOOD, 0));
    assert_eq!((beside.good.len(), beside.lagged), (GOOD, 0));
    for (name, record) in &alone.good {
        assert_eq!(Some(record), beside.good.get(name), "{name}");
        let count = |what| record.items.iter().filter(|(_, words)| words.contains(what)).count();
        assert_eq!((count("CONNECTED"), count("attached")), (1, 1), "{record:?}");
        assert!(count(" in, ") >= 8, "{record:?}");
        assert!(record.answered.is_some_and(|(pid, took)| pid.is_some() && took < SECOND));
    }
    let answered = |name: &str| beside.hostile[name].answered.unwrap();
    for name in &HOSTILE[..3] {
        assert_eq!(answered(name), (None, 5 * SECOND), "{name}");
    }
    assert!(answered("half a reply").1 < SECOND);
}
