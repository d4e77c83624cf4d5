//! Decisions that were taken before the connection was lost.

use std::time::Duration;

use openvpn_mgmt::{Attached, Backoff, Builder, Cid, Error, Event, Kid, Link, Picture};
use openvpn_mgmt_test::scripted::{Daemon, beside};

use crate::door::Door;
use crate::orphans::{row, status};

const CONNECTED: &str = "5,CONNECTED,SUCCESS,10.8.0.1,,,,";
const AGAIN: &str = "5,RECONNECTING,SIGUSR1,,,,,";

fn link(door: &Door) -> Link {
    door.link_of(&Builder::new())
        .ask_what_was_missed(true)
        .backoff(Backoff::default().reset_after(Duration::ZERO))
}

/// A session of a daemon with this process ID and history, at which client 1 waits and client 0 is in.
async fn attach(door: &Door, link: &mut Link, pid: u32, states: &[&str]) -> (Attached, Daemon) {
    let mut daemon = door.daemon();
    let history: String =
        states.iter().fold(String::new(), |said, state| said + state + "\r\n") + "END\r\n";
    let attached = beside(link.next(), async {
        daemon.greets(5).await.gets_ready().await;
        daemon.hears("state all").await.says(history).await;
        daemon.hears("pid").await.says(format!("SUCCESS: pid={pid}\r\n")).await;
        daemon.hears("status 3").await.says(status(&[row(0, 1, true), row(1, 2, false)])).await;
        daemon.hears("load-stats").await.says("SUCCESS: nclients=2,bytesin=0,bytesout=0\r\n").await;
    });
    (attached.await.unwrap(), daemon)
}

fn is_stale<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Stale { .. }))
}

#[tokio::test(start_paused = true)]
async fn a_client_that_surely_is_the_same_is_decided_about() {
    let door = Door::default();
    let mut link = link(&door);
    let (first, daemon) = attach(&door, &mut link, 7, &[CONNECTED]).await;
    // Nothing is known from before.
    assert!(is_stale(&first.resume(Cid(1), Kid(1))));
    drop((first, daemon));
    let (second, mut daemon) = attach(&door, &mut link, 7, &[CONNECTED]).await;
    // One that is in, and one that is not there.
    assert!(is_stale(&second.resume(Cid(0), Kid(1))));
    assert!(is_stale(&second.resume(Cid(2), Kid(1))));
    let waiting = second.resume(Cid(1), Kid(3)).unwrap();
    let allowed = beside(waiting.allow(), async {
        daemon
            .hears("client-auth-nt 1 3")
            .await
            .says("SUCCESS: client-auth command succeeded\r\n")
            .await;
    });
    allowed.await.unwrap();
    let waiting = second.resume(Cid(1), Kid(3)).unwrap();
    let denied = beside(waiting.deny("late", Some("too late")), async {
        daemon.hears("client-deny 1 3 \"late\" \"too late\"").await;
        daemon.says("ERROR: client-deny command failed\r\n").await;
    });
    assert!(matches!(denied.await, Err(Error::Refused { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_may_mean_another_client_is_not() {
    for (pid, states) in [
        (8, &[CONNECTED][..]),
        (7, &[CONNECTED, AGAIN, CONNECTED]),
        (7, &["9,CONNECTED,SUCCESS,,,,,"]),
    ] {
        let door = Door::default();
        let mut link = link(&door);
        drop(attach(&door, &mut link, 7, &[CONNECTED]).await);
        let (second, _daemon) = attach(&door, &mut link, pid, states).await;
        assert!(is_stale(&second.resume(Cid(1), Kid(1))), "{pid} {states:?}");
    }
}

/// Also where that comes between the proof and the decision.
#[tokio::test(start_paused = true)]
async fn a_restart_or_a_new_connect_meanwhile_makes_it_stale() {
    for news in
        [">STATE:9,RECONNECTING,SIGUSR1,,,,,\r\n", ">CLIENT:CONNECT,1,4\r\n>CLIENT:ENV,END\r\n"]
    {
        let door = Door::default();
        let mut link = link(&door);
        drop(attach(&door, &mut link, 7, &[CONNECTED]).await);
        let (second, mut daemon) = attach(&door, &mut link, 7, &[CONNECTED]).await;
        let waiting = second.resume(Cid(1), Kid(3)).unwrap();
        daemon.says(news).await;
        assert!(is_stale(&waiting.allow().await), "{news}");
        daemon.hears_nothing_for(Duration::from_secs(60)).await;
    }
}

/// One that takes the place of another program knows what that has kept.
#[tokio::test(start_paused = true)]
async fn a_successor_may_know_the_daemon() {
    let history = ["1,WAIT,,,,,,", CONNECTED];
    let states = history.map(|state| {
        let bytes = bytes::Bytes::from(format!("STATE:{state}"));
        let Event::State(state) = Event::parse(&bytes) else { panic!() };
        state
    });
    let [first, last] = states.clone();
    let one_second = [last.clone(), last.clone()];
    for (known, now, resumes) in [
        (Picture::kept(7, states), history, true),
        // Not all of them.
        (Picture::kept(7, [last]), history, false),
        // Any process of the same second has these.
        (Picture::kept(7, [first]), history, false),
        (Picture::kept(7, one_second.clone()), [CONNECTED, CONNECTED], false),
        (Picture::kept(7, one_second.clone()).seen_at(5), [CONNECTED, CONNECTED], false),
        (Picture::kept(7, one_second).seen_at(6), [CONNECTED, CONNECTED], true),
    ] {
        let door = Door::default();
        let mut link = link(&door).known(known);
        let (attached, _daemon) = attach(&door, &mut link, 7, &now).await;
        assert_eq!(attached.missed.restarted == Some(false), resumes, "{:?}", attached.missed);
        assert_eq!(attached.resume(Cid(1), Kid(1)).is_ok(), resumes);
    }
}
