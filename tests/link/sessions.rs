//! How sessions come about and end.

use std::io;
use std::time::Duration;

use openvpn_mgmt::command::{AnyCommand, SetVerb};
use openvpn_mgmt::{Backoff, Builder, CloseReason, Error, LinkStatus, Trouble};
use openvpn_mgmt_test::scripted::{PROMPT, beside};
use tokio::time::{Instant, timeout};

use crate::door::Door;

#[tokio::test(start_paused = true)]
async fn one_session_follows_another() {
    let door = Door::default();
    let mut link = door.link();
    let mut daemon = door.daemon();
    let first = beside(link.next(), daemon.greets(5)).await.unwrap();
    assert_eq!((first.number, door.knocks()), (1, 1));
    assert!(first.last_end.is_none() && first.refused.is_empty());
    assert!(matches!(link.status(), LinkStatus::Connected { number: 1, .. }));

    // As long as it lives there is no other.
    let mut second_daemon = door.daemon();
    assert!(timeout(Duration::from_secs(3600), link.next()).await.is_err());
    assert_eq!(door.knocks(), 1);

    // One that lived for long is followed at once.
    let before = Instant::now();
    drop(daemon);
    let second = beside(link.next(), second_daemon.greets(6)).await.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!((second.number, second.session.client().management_version()), (2, 6));
    assert!(matches!(second.last_end, Some(CloseReason::Remote)));
    assert!(first.session.client().is_closed());
}

#[tokio::test(start_paused = true)]
async fn one_that_ends_at_once_is_followed_after_a_pause() {
    let door = Door::default();
    let mut link = door.link();
    let mut last = Duration::ZERO;
    for number in 1..5 {
        let before = Instant::now();
        let mut daemon = door.daemon();
        let attached = beside(link.next(), daemon.greets(5)).await.unwrap();
        assert_eq!(attached.number, number);
        let pause = before.elapsed();
        assert!(pause >= last.min(Duration::from_secs(1) * (number > 1).into()), "{pause:?}");
        last = pause;
    }
    assert!(last >= Duration::from_secs(4), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn what_keeps_it_away_is_told() {
    let door = Door::default();
    let builder = Builder::new().requests(false).greeting_timeout(Duration::from_secs(2));
    let mut link = door.link_of(&builder).ask_what_was_missed(false);
    let mut watch = link.watch();
    assert!(matches!(watch.status(), LinkStatus::Idle));
    door.error(io::ErrorKind::NotFound);
    door.error(io::ErrorKind::PermissionDenied);
    door.error(io::ErrorKind::ConnectionRefused);
    let _silent = door.daemon();
    drop(door.daemon());
    let mut daemon = door.daemon();
    let troubles = async {
        let mut troubles = Vec::new();
        let mut attempts = Vec::new();
        loop {
            match watch.changed().await.unwrap() {
                LinkStatus::Waiting { trouble, until, error, .. } => {
                    assert!(until > Instant::now() && error.is_some());
                    troubles.extend(trouble);
                }
                LinkStatus::Connecting { attempt, .. } => attempts.push(attempt),
                LinkStatus::Connected { number, .. } => break (troubles, attempts, number),
                other => panic!("{other}"),
            }
        }
    };
    let (attached, told, _) = tokio::join!(link.next(), troubles, daemon.greets(5));
    let (troubles, attempts, number) = told;
    assert_eq!((attached.unwrap().number, number), (1, 1));
    assert_eq!(
        troubles,
        [Trouble::NoSuchPath, Trouble::Permission, Trouble::Refused, Trouble::Busy, Trouble::Gone]
    );
    // Those that fail at once are seen as what comes of them.
    assert_eq!(attempts, [4]);
    assert_eq!(door.knocks(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_ends_it() {
    let door = Door::default();
    let mut link = door.link_of(&Builder::new().password("wrong").requests(false));
    let commands = link.client();
    let mut daemon = door.daemon();
    let refused = beside(link.next(), async {
        daemon.says(PROMPT).await.hears("wrong").await.says("ERROR: bad password\r\n").await;
        daemon.says(PROMPT).await;
    });
    assert!(matches!(refused.await, Err(Error::PasswordRejected)));
    assert!(matches!(link.next().await, Err(Error::PasswordRejected)));
    assert!(matches!(link.status(), LinkStatus::Ended(Error::PasswordRejected)));
    assert!(matches!(commands.send(&SetVerb(3)).await, Err(Error::PasswordRejected)));
    assert_eq!(door.knocks(), 1);
}

/// It does not refuse one, it has ended: a daemon asks three times before it closes.
#[tokio::test(start_paused = true)]
async fn a_daemon_that_leaves_behind_the_password_is_tried_again() {
    let door = Door::default();
    let mut link = door.link_of(&Builder::new().password("hunter2").requests(false));
    link = link.ask_what_was_missed(false);
    let (mut first, mut second) = (door.daemon(), door.daemon());
    let attached = beside(link.next(), async {
        first.says(PROMPT).await.hears("hunter2").await;
        drop(first);
        second.asks_password("hunter2").await.greets(5).await;
    });
    assert_eq!(attached.await.unwrap().number, 1);
}

#[tokio::test(start_paused = true)]
async fn each_is_set_up_and_what_is_refused_is_told() {
    let door = Door::default();
    let set_up =
        [AnyCommand::new(SetVerb(4)), AnyCommand::new(SetVerb(99)), AnyCommand::new(SetVerb(5))];
    let mut link = door.link().set_up(set_up);
    for number in 1..3 {
        let mut daemon = door.daemon();
        let attached = beside(link.next(), async {
            daemon.greets(5).await;
            daemon.hears("verb 4").await.says("SUCCESS: verb level changed\r\n").await;
            daemon.hears("verb 99").await.says("ERROR: verb level is out of range\r\n").await;
            daemon.hears("verb 5").await.says("SUCCESS: verb level changed\r\n").await;
        });
        let attached = attached.await.unwrap();
        assert_eq!(attached.number, number);
        let [(command, error)] = attached.refused.as_slice() else { panic!("{attached:?}") };
        assert_eq!(format!("{command:?}"), "SetVerb(99)");
        assert!(matches!(error, Error::Refused { .. }), "{error}");
    }
}

/// The next attempt is another one.
#[tokio::test(start_paused = true)]
async fn a_daemon_that_leaves_within_the_set_up_was_no_session() {
    let door = Door::default();
    let mut link = door.link().set_up([AnyCommand::new(SetVerb(4))]);
    let (mut first, mut second) = (door.daemon(), door.daemon());
    let attached = beside(link.next(), async {
        first.greets(5).await.hears("verb 4").await;
        drop(first);
        second.greets(5).await.hears("verb 4").await.says("SUCCESS: verb level changed\r\n").await;
    });
    let attached = attached.await.unwrap();
    assert_eq!((attached.number, door.knocks()), (1, 2));
    assert!(attached.last_end.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_loses_nothing() {
    let door = Door::default();
    let mut link = door.link();
    // Within a pause: the time goes on.
    assert!(timeout(Duration::from_millis(1), link.next()).await.is_err());
    let knocks = door.knocks();
    for _ in 0..100 {
        assert!(timeout(Duration::from_millis(1), link.next()).await.is_err());
    }
    assert_eq!(door.knocks(), knocks);
    let mut daemon = door.daemon();
    let attached = beside(link.next(), daemon.greets(5)).await.unwrap();
    assert_eq!(attached.number, 1);
}

/// The link keeps nothing alive.
#[tokio::test(start_paused = true)]
async fn a_session_that_is_dropped_is_over() {
    let door = Door::default();
    let mut link = door.link().backoff(Backoff::default().reset_after(Duration::ZERO));
    let commands = link.client();
    let mut daemon = door.daemon();
    let attached = beside(link.next(), daemon.greets(5)).await.unwrap();
    drop(attached);
    assert!(daemon.is_closed().await);
    let mut daemon = door.daemon();
    let attached = beside(link.next(), daemon.greets(5)).await.unwrap();
    assert!(matches!(attached.last_end, Some(CloseReason::Requested)));
    drop(link);
    assert!(!attached.session.client().is_closed());
    drop(commands);
}

/// A program that has no pause set gets one that lets the rest of it live.
#[tokio::test(start_paused = true)]
async fn no_pause_is_a_short_one() {
    let door = Door::default();
    let pauses = [
        Backoff::new(Duration::ZERO, Duration::ZERO),
        Backoff::new(Duration::MAX, Duration::MAX),
        Backoff::new(Duration::ZERO, Duration::MAX),
        Backoff::new(Duration::from_secs(1), Duration::MAX),
    ];
    for backoff in pauses {
        let door = door.clone();
        let before = door.knocks();
        let mut link = door.link().backoff(backoff);
        assert!(timeout(Duration::from_secs(1), link.next()).await.is_err());
        let knocks = door.knocks() - before;
        assert!((1..=1001).contains(&knocks), "{knocks} {backoff:?}");
    }
}

/// It answers nothing but its greeting.
#[tokio::test(start_paused = true)]
async fn a_daemon_that_answers_nothing_is_no_session() {
    for requests in [true, false] {
        let door = Door::default();
        let mut link = door.link_of(&Builder::new().requests(requests));
        let mut watch = link.watch();
        let mut daemon = door.daemon();
        daemon.greets(5).await;
        let waits = async {
            loop {
                if let LinkStatus::Waiting { error: Some(error), .. } =
                    watch.changed().await.unwrap()
                {
                    break error;
                }
            }
        };
        let before = Instant::now();
        tokio::select! {
            attached = link.next() => panic!("{attached:?}"),
            error = waits => assert!(matches!(error, Error::Timeout { .. }), "{error}"),
        }
        assert!(before.elapsed() <= Duration::from_secs(90), "{:?}", before.elapsed());
    }
}
