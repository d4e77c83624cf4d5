//! Whatever gives one thing after another: dropped at every poll, it loses none and gives none twice.

use std::time::Duration;

use openvpn_mgmt::command::Pid;
use openvpn_mgmt::peers::{Changes, LivePeers};
use openvpn_mgmt::{
    Builder, Event, Events, Fleet, Item, Lagged, MemberItem, Outcomes, Request, Requests, Session,
    attach,
};
use openvpn_mgmt_test::{Client, Daemon, FakeDaemon};

use crate::called::called;
use crate::stepped::{MOST, at_every_poll, no_task_is_left, polled};
use crate::world::World;

/// How many polls a call has before it is dropped.
const POLLS: [usize; 4] = [1, 2, 3, usize::MAX];

/// Takes so many items, each call dropped where it has none after so many polls, and made again.
macro_rules! taken {
    ($count:expr, $polls:expr, $call:expr) => {{
        let (mut items, mut dropped) = (Vec::new(), 0);
        while items.len() < $count {
            match polled($polls, $call).await {
                Some(item) => items.push(item.expect("there are more")),
                None => {
                    dropped += 1;
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
            }
            assert!(dropped < MOST, "{items:?}");
        }
        items
    }};
}

/// Says lines of the log, one at a time.
fn says_lines(fake: FakeDaemon, count: usize) -> tokio::task::JoinHandle<FakeDaemon> {
    tokio::spawn(async move {
        for line in 0..count {
            fake.with(|daemon| daemon.says(&format!(">LOG:1795332237,,{line}")));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        fake
    })
}

fn line(event: Result<Event, Lagged>) -> Option<String> {
    match event.unwrap() {
        Event::Log(log) => Some(log.text.to_string()),
        _ => None,
    }
}

fn lines(count: usize) -> Vec<String> {
    (0..count).map(|line| line.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn no_event_is_lost() {
    for polls in POLLS {
        let World { fake, client, mut events, requests, .. } =
            World::of(FakeDaemon::v2_6(), &Builder::new()).await;
        let fake = says_lines(fake, 10);
        let mut told = Vec::new();
        while told.len() < 10 {
            told.extend(taken!(1, polls, called!(Events: events.next())).pop().and_then(line));
        }
        assert_eq!(told, lines(10), "{polls} polls");
        drop((client, events, requests, fake.await.unwrap()));
        no_task_is_left("events").await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_request_is_lost() {
    for polls in POLLS {
        let server = FakeDaemon::v2_6().server();
        let World { fake, client, events, mut requests, .. } =
            World::of(server, &Builder::new()).await;
        fake.until(Daemon::serves_a_manager).await.unwrap();
        let fake = tokio::spawn(async move {
            for number in 0..10 {
                fake.connects(Client::new(&format!("client {number}"))).unwrap();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            fake
        });
        let asked = taken!(10, polls, called!(Requests: requests.next()));
        let cids: Vec<_> = asked
            .iter()
            .map(|request| match request {
                Request::ClientConnect(client) => client.cid().0,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(cids, (0..10).collect::<Vec<_>>(), "{polls} polls");
        drop((client, events, requests, asked, fake.await.unwrap()));
        no_task_is_left("requests").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_loses_neither() {
    for polls in POLLS {
        let fake = FakeDaemon::v2_6();
        let mut session = attach(fake.connect().unwrap()).await.unwrap();
        let fake = tokio::spawn(async move {
            for number in 0..10 {
                // A second one would take the place of one that nobody has taken.
                let line = match number {
                    5 => ">HOLD:Waiting for hold release:5".to_owned(),
                    _ => format!(">LOG:1795332237,,{number}"),
                };
                fake.with(|daemon| daemon.says(&line));
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            fake
        });
        let mut told = Vec::new();
        while told.len() < 10 {
            match taken!(1, polls, called!(Session: session.next())).pop().unwrap().unwrap() {
                Item::Event(event) => told.extend(line(Ok(event))),
                Item::Request(Request::Hold(hold)) => {
                    told.push(hold.seconds().unwrap().to_string());
                    hold.decline();
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(told, lines(10), "{polls} polls");
        drop((session, fake.await.unwrap()));
        no_task_is_left("a session").await;
    }
}

/// The kinds of change of a table in which three clients come, and one leaves.
async fn changes(polls: usize) -> Vec<String> {
    let fake = FakeDaemon::v2_6().server_without_client_auth();
    let World { fake, client, events, requests, .. } = World::of(fake, &Builder::new()).await;
    fake.until(Daemon::serves_a_manager).await.unwrap();
    let peers = LivePeers::builder().interval(Duration::from_millis(500)).build();
    let mut changes: Changes = peers.changes();
    peers.follow("udp", &client);
    let fake = tokio::spawn(async move {
        for name in ["alice", "bob", "carol"] {
            fake.connects(Client::new(name)).unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        fake.leaves("bob").unwrap();
        fake
    });
    let mut told = Vec::new();
    while told.iter().filter(|change: &&String| change.starts_with("Left")).count() == 0 {
        let change = taken!(1, polls, called!(Changes: changes.next())).pop().unwrap().unwrap();
        told.push(format!("{change:?}").split([' ', '(']).next().unwrap().to_owned());
    }
    drop((client, events, requests, peers, changes, fake.await.unwrap()));
    no_task_is_left("a table").await;
    told
}

#[tokio::test(start_paused = true)]
async fn no_change_of_a_table_is_lost() {
    let whole = changes(usize::MAX).await;
    assert_eq!(whole.iter().filter(|change| *change == "Joined").count(), 3, "{whole:?}");
    for polls in POLLS {
        let told = changes(polls).await;
        let no_bytes = |told: &[String]| -> Vec<String> {
            told.iter().filter(|change| *change != "Bytes").cloned().collect()
        };
        assert_eq!(no_bytes(&told), no_bytes(&whole), "{polls} polls");
    }
}

/// As is documented: the daemon is asked all the same.
#[tokio::test(start_paused = true)]
async fn a_table_is_refreshed_also_where_nobody_waits_for_it() {
    at_every_poll("LivePeers::refresh", |polls| async move {
        let fake = FakeDaemon::v2_6().server_without_client_auth();
        let world = World::of(fake, &Builder::new()).await;
        let peers = LivePeers::new();
        peers.follow("udp", &world.client);
        // The first time is the table's own.
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.written.commands();
        let is_over = polled(polls, called!(LivePeers: peers.refresh("udp"))).await;
        is_over.as_ref().inspect(|refreshed| assert!(refreshed.is_ok()));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(world.client.pid().await.unwrap(), 4711);
        let asked: &[&str] = if polls == 0 { &["pid"] } else { &["status 3", "pid"] };
        assert_eq!(world.written.commands(), asked, "{polls} polls");
        drop(peers);
        world.ends("a table").await;
        is_over.is_some()
    })
    .await;
}

/// A fleet of three daemons, each with its number as its process ID.
async fn fleet() -> (Fleet, Vec<FakeDaemon>) {
    let (mut fleet, mut fakes) = (Fleet::new(), Vec::new());
    for number in 1..=3 {
        let fake = FakeDaemon::v2_6().pid(number);
        let session = attach(fake.connect().unwrap()).await.unwrap();
        fleet.add(number.to_string(), session).unwrap();
        fakes.push(fake);
    }
    for _ in 0..3 {
        while !matches!(fleet.next().await.unwrap().what, MemberItem::Attached(_)) {}
    }
    (fleet, fakes)
}

#[tokio::test(start_paused = true)]
async fn no_item_of_a_fleet_is_lost() {
    for polls in POLLS {
        let (mut fleet, fakes) = fleet().await;
        let fakes: Vec<_> = fakes.into_iter().map(|fake| says_lines(fake, 5)).collect();
        let mut told = [const { Vec::new() }; 3];
        while told.iter().flatten().count() < 15 {
            let item = taken!(1, polls, called!(Fleet: fleet.next())).pop().unwrap();
            let MemberItem::Event(event) = item.what else { continue };
            let member: usize = item.member.name().parse().unwrap();
            told[member - 1].extend(line(Ok(event)));
        }
        assert_eq!(told, [lines(5), lines(5), lines(5)], "{polls} polls");
        drop(fleet);
        for fake in fakes {
            drop(fake.await.unwrap());
        }
        no_task_is_left("a fleet").await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_outcome_is_lost() {
    for polls in POLLS {
        let (fleet, fakes) = fleet().await;
        let mut outcomes: Outcomes<'_, u32> = fleet.client().all(&Pid);
        let mut told = taken!(3, polls, called!(Outcomes<u32>: outcomes.next()));
        told.sort_by(|one, other| one.0.cmp(&other.0));
        let told: Vec<_> =
            told.into_iter().map(|(name, pid)| (name.to_string(), pid.unwrap())).collect();
        assert_eq!(told, [("1".into(), 1), ("2".into(), 2), ("3".into(), 3)], "{polls} polls");
        assert!(outcomes.next().await.is_none());
        drop((outcomes, fleet, fakes));
        no_task_is_left("outcomes").await;
    }
}

/// Each command of it is dropped as any other.
#[tokio::test(start_paused = true)]
async fn what_waits_for_all_outcomes_can_be_dropped() {
    at_every_poll("Outcomes::into_future", |polls| async move {
        let (fleet, fakes) = fleet().await;
        let outcomes: Outcomes<'_, u32> = fleet.client().all(&Pid);
        let all =
            polled(polls, called!(IntoFuture for Outcomes<u32>: outcomes.into_future())).await;
        all.as_ref().inspect(|all| assert_eq!(all.len(), 3));
        for number in 1..=3_u32 {
            let member = fleet.client().to(&number.to_string()).unwrap();
            assert_eq!(member.send(&Pid).await.unwrap(), number, "{polls} polls");
        }
        drop((fleet, fakes));
        no_task_is_left("outcomes").await;
        all.is_some()
    })
    .await;
}
