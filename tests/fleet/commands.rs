//! Commands to one, some and all.

use std::io;
use std::time::Duration;

use openvpn_mgmt::command::{Pid, SetVerb};
use openvpn_mgmt::{Builder, Error, Fleet, FleetClient, WhileAway};
use openvpn_mgmt_test::scripted::{Daemon, beside, connected};
use tokio::time::{Instant, sleep};

use crate::support::{Door, SECOND, next};

/// A fleet of members that answer `pid` with their number, but for the last, which answers nothing; each has five
/// seconds.
async fn fleet(count: usize) -> (Fleet, Vec<Daemon>) {
    let (mut fleet, mut daemons) = (Fleet::new(), Vec::new());
    for number in 0..count {
        let builder = Builder::new().command_timeout(5 * SECOND);
        let (session, daemon) = connected(builder).await;
        fleet.add(format!("{number}"), session).unwrap();
        daemons.push(daemon);
    }
    let mut attached = 0;
    while attached < count {
        attached += usize::from(next(&mut fleet).await.ends_with("attached 1"));
    }
    (fleet, daemons)
}

/// Answers one `pid`, each later than the one before it.
async fn answer(daemons: &mut [Daemon], but: usize) {
    for (number, daemon) in daemons.iter_mut().enumerate() {
        daemon.hears("pid").await;
        if number != but {
            sleep(SECOND / 10).await;
            daemon.says(format!("SUCCESS: pid={number}\r\n")).await;
        }
    }
}

fn client_of(fleet: &Fleet) -> FleetClient {
    fleet.client()
}

#[tokio::test(start_paused = true)]
async fn all_are_asked_at_the_same_time_and_told_as_they_answer() {
    let (fleet, mut daemons) = fleet(5).await;
    let client = client_of(&fleet);
    let begin = Instant::now();
    let mut outcomes = client.all(&Pid);
    let collecting = async {
        let mut told = Vec::new();
        while let Some((name, outcome)) = outcomes.next().await {
            told.push((name.to_string(), outcome, begin.elapsed()));
        }
        told
    };
    let told = beside(collecting, answer(&mut daemons, 1)).await;
    let names: Vec<_> = told.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["0", "2", "3", "4", "1"]);
    for (name, outcome, took) in &told[..4] {
        assert_eq!(outcome.as_ref().unwrap().to_string(), *name);
        assert!(*took < SECOND, "{name} waits for another: {took:?}");
    }
    let (_, dead, took) = &told[4];
    assert!(matches!(dead, Err(Error::Timeout { sent: true, .. })), "{dead:?}");
    assert!((5 * SECOND..6 * SECOND).contains(took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn awaited_they_are_a_map() {
    let (fleet, mut daemons) = fleet(3).await;
    let client = client_of(&fleet);
    let all = beside(async { client.all(&Pid).await }, answer(&mut daemons, 9)).await;
    let all: Vec<_> = all.into_iter().map(|(name, pid)| (name.to_string(), pid.unwrap())).collect();
    assert_eq!(all, [("0".to_owned(), 0), ("1".to_owned(), 1), ("2".to_owned(), 2)]);
    // And some of them.
    let even = |member: &openvpn_mgmt::MemberStatus| member.name.parse::<u32>().unwrap() % 2 == 0;
    let some = beside(async { client.some(even, &SetVerb(4)).await }, async {
        for number in [0, 2] {
            daemons[number].hears("verb 4").await.says("SUCCESS: verb level changed\r\n").await;
        }
        daemons[1].hears_nothing_for(SECOND).await;
    });
    let some: Vec<_> = some.await.into_keys().map(|name| name.to_string()).collect();
    assert_eq!(some, ["0", "2"]);
    // One by its name.
    let one = client.to("1").unwrap();
    let pid = beside(one.send(&Pid), async {
        daemons[1].hears("pid").await.says("SUCCESS: pid=77\r\n").await;
    });
    assert_eq!(pid.await.unwrap(), 77);
    let nobody = client.to("9").unwrap_err();
    assert!(matches!(&nobody, Error::NoSuchMember { name } if name == "9"), "{nobody}");
}

#[tokio::test(start_paused = true)]
async fn who_is_away_fails_at_once_or_is_waited_for() {
    let (door, mut fleet) = (Door::default(), Fleet::new());
    door.error(io::ErrorKind::NotFound);
    fleet.add("away", door.link()).unwrap();
    assert!(next(&mut fleet).await.starts_with("away (0): away"));
    let client = fleet.client();
    let at_once = client.all(&Pid).await;
    let error = at_once.get("away").unwrap().as_ref().unwrap_err();
    assert!(matches!(error, Error::Away { .. }), "{error}");

    let patient = client.while_away(WhileAway::Wait);
    let waits = async { patient.all(&Pid).await };
    let answers = async {
        sleep(100 * SECOND).await;
        let mut daemon = door.daemon().await;
        daemon.hears("pid").await.says("SUCCESS: pid=3\r\n").await;
        daemon
    };
    let (pids, _daemon) = tokio::join!(waits, answers);
    assert_eq!(*pids.get("away").unwrap().as_ref().unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_is_removed_meanwhile_is_not_waited_for() {
    let (mut fleet, mut daemons) = fleet(2).await;
    let client = client_of(&fleet);
    let removing = async {
        daemons[0].hears("pid").await;
        daemons[1].hears("pid").await.says("SUCCESS: pid=1\r\n").await;
        sleep(SECOND).await;
        fleet.remove("0").unwrap();
    };
    let (all, ()) = tokio::join!(async { client.all(&Pid).await }, removing);
    assert!(matches!(all.get("0").unwrap(), Err(Error::Closed(_))));
    assert_eq!(*all.get("1").unwrap().as_ref().unwrap(), 1);
    // Nobody else is asked.
    assert_eq!(client.members().len(), 1);
    drop(fleet);
    assert!(client.members().is_empty());
    assert!(client.all(&Pid).await.is_empty());
}

/// What was not sent never is.
#[tokio::test(start_paused = true)]
async fn dropped_outcomes_withdraw_what_was_not_sent() {
    let (fleet, mut daemons) = fleet(2).await;
    let client = client_of(&fleet);
    let first = client.to("0").unwrap();
    let busy = tokio::spawn(async move { first.send(&Pid).await });
    daemons[0].hears("pid").await;
    let mut outcomes = client.all(&SetVerb(4));
    assert!(tokio::time::timeout(Duration::from_millis(1), outcomes.next()).await.is_err());
    daemons[1].hears("verb 4").await;
    drop(outcomes);
    daemons[0].says("SUCCESS: pid=1\r\n").await.hears_nothing_for(SECOND).await;
    assert_eq!(busy.await.unwrap().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn outcomes_that_are_dropped_at_every_poll_come_once_each() {
    let (fleet, mut daemons) = fleet(20).await;
    let client = client_of(&fleet);
    let mut outcomes = client.all(&Pid);
    let serving = tokio::spawn(async move {
        answer(&mut daemons, 99).await;
        daemons
    });
    let mut told = Vec::new();
    while told.len() < 20 {
        let mut next = Box::pin(outcomes.next());
        let polled =
            std::future::poll_fn(|cx| std::task::Poll::Ready(next.as_mut().poll(cx))).await;
        drop(next);
        match polled {
            std::task::Poll::Ready(outcome) => told.push(outcome.unwrap().1.unwrap()),
            std::task::Poll::Pending => sleep(SECOND / 100).await,
        }
    }
    assert!(outcomes.next().await.is_none());
    assert_eq!(told, (0..20).collect::<Vec<u32>>());
    drop(serving.await.unwrap());
}
