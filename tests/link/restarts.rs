//! Real daemons that restart, are stopped and started, or are another's for a while.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result};
use lab::{Raw, ServerOptions, within};
use nix::sys::signal::Signal;
use openvpn_mgmt::command::{History, HistoryOf, Pid};
use openvpn_mgmt::events::{ClientEvent, State};
use openvpn_mgmt::{CloseReason, Error, Event, LinkStatus, Session, StateName, Trouble, WhileAway};
use tokio::time::{Instant, interval, timeout};

use crate::scene::{Scene, admit, connected, is_state, names, next, patient, serve, soon};

/// Waits until the daemon's clock is past the second of its first state.
pub(crate) async fn past_its_first_second(session: &Session) -> Result<()> {
    let history = session.client().send(&HistoryOf::<State>::new(History::All)).await?;
    let first = history.into_iter().next().context("there is no state")??.time;
    let mut often = interval(Duration::from_millis(20));
    let past = async {
        loop {
            let status = session.client().status().await?;
            let time = status.as_server().and_then(|server| server.time.as_ref()?.unix);
            if time > Some(first) {
                return anyhow::Ok(());
            }
            often.tick().await;
        }
    };
    within("second", past).await?
}

fn state_names(states: &[State]) -> Vec<StateName> {
    states.iter().map(|state| state.name.clone()).collect()
}

#[tokio::test]
async fn what_was_missed_is_what_happened() -> Result<()> {
    let Some(mut scene) = Scene::or_skip("what_was_missed_is_what_happened").await? else {
        return Ok(());
    };
    let mut link = scene.link();
    let mut first = next(&mut link).await?;
    assert_eq!((first.number, first.now.pid), (1, Some(scene.server.pid())));
    assert_eq!(first.missed.restarted, None);
    assert_eq!(state_names(&first.missed.states), [StateName::Connecting]);
    let mut alice = scene.client("alice").await?;
    let bob = scene.client("bob").await?;
    admit(&mut first.session, 2).await?;
    past_its_first_second(&first.session).await?;
    drop(first);

    let mut second = next(&mut link).await?;
    assert!(matches!(second.last_end, Some(CloseReason::Requested)), "{:?}", second.last_end);
    assert_eq!(names(&second.missed.joined), ["alice", "bob"]);
    assert_eq!(state_names(&second.missed.states), [StateName::Connected]);
    alice.signal(Signal::SIGTERM)?;
    let left = |event: &Event| matches!(event, Event::Client(ClientEvent::Disconnect { .. }));
    serve(&mut second.session, "client that leaves", left).await?;
    let carol = scene.client("carol").await?;
    admit(&mut second.session, 1).await?;
    drop(second);

    // The same process, and no restart: proved.
    let mut third = next(&mut link).await?;
    assert_eq!((third.missed.restarted, third.missed.states.len()), (Some(false), 0));
    assert_eq!(names(&third.missed.joined), ["carol"]);
    assert_eq!(names(&third.missed.left), ["alice"]);
    assert!(third.now.load_stats.is_some_and(|stats| stats.clients == 2));

    let before = scene.server.pid();
    scene.stop().await?;
    let reason = within("end", third.session.client().closed()).await?;
    assert!(matches!(reason, CloseReason::Exiting(_) | CloseReason::Remote), "{reason}");
    serve(&mut third.session, "state", is_state(StateName::Exiting)).await?;
    let mut watch = link.watch();
    let (fourth, away) = tokio::join!(next(&mut link), async {
        let away = loop {
            match watch.changed().await {
                Some(LinkStatus::Waiting { trouble: Some(trouble), .. }) => break Some(trouble),
                Some(_) => {}
                None => break None,
            }
        };
        (scene.start_again().await, away).1
    });
    let mut fourth = fourth?;
    assert!(matches!(away, Some(Trouble::NoSuchPath | Trouble::Refused)), "{away:?}");
    assert_eq!((fourth.number, fourth.now.pid), (4, Some(scene.server.pid())));
    assert_ne!(scene.server.pid(), before);
    assert_eq!((fourth.missed.restarted, fourth.now.status.is_some()), (Some(true), false));
    // In its hold it tells of no clients: that they are gone comes with the next.
    assert!(fourth.missed.left.is_empty());
    connected(&mut fourth.session).await?;
    drop(fourth);
    let fifth = next(&mut link).await?;
    assert_eq!(names(&fifth.missed.left), ["bob", "carol"]);
    drop((fifth, link));
    scene.ends(vec![alice, bob, carol]).await
}

/// A daemon keeps its manager when it restarts itself.
#[tokio::test]
async fn a_session_lives_through_sigusr1_and_sighup() -> Result<()> {
    let Some(mut scene) = Scene::or_skip("a_session_lives_through_sigusr1_and_sighup").await?
    else {
        return Ok(());
    };
    let mut link = scene.link();
    let commands = link.client().while_away(WhileAway::Fail);
    let mut attached = next(&mut link).await?;
    connected(&mut attached.session).await?;
    for (epoch, signal) in [(1, Signal::SIGUSR1), (2, Signal::SIGHUP)] {
        scene.server.signal(signal)?;
        serve(&mut attached.session, "restart", is_state(StateName::Reconnecting)).await?;
        assert_eq!(commands.send(&Pid).await?, scene.server.pid());
        connected(&mut attached.session).await?;
        assert_eq!(
            (attached.session.epoch(), commands.send(&Pid).await?),
            (epoch, scene.server.pid())
        );
        assert!(timeout(Duration::ZERO, link.next()).await.is_err());
        assert!(matches!(link.status(), LinkStatus::Connected { number: 1, .. }));
    }
    drop(attached);
    let again = next(&mut link).await?;
    assert_eq!((again.number, again.missed.restarted), (2, Some(true)));
    let (up, down) = (StateName::Connected, StateName::Reconnecting);
    let states = [up.clone(), down.clone(), up.clone(), down, up];
    assert_eq!(state_names(&again.missed.states), states);
    drop((again, link));
    scene.ends(Vec::new()).await
}

/// Ten seconds of another manager: we are told that it is busy, and get in when it leaves.
#[tokio::test]
async fn another_manager_holds_it_for_a_while() -> Result<()> {
    let Some(scene) = Scene::or_skip("another_manager_holds_it_for_a_while").await? else {
        return Ok(());
    };
    let mut other = Raw::connect(scene.server.socket()).await?;
    other.expect(">INFO:OpenVPN").await?;
    let half = Duration::from_millis(500);
    // The first attempts hear no greeting; behind them the queue is full.
    let builder = patient().greeting_timeout(half).connect_timeout(half);
    let mut link = soon(builder.reconnect(scene.server.socket()));
    let commands = link.client();
    let mut watch = link.watch();
    let held = async {
        let begin = Instant::now();
        let mut busy = 0;
        while begin.elapsed() < Duration::from_secs(10) {
            if let Some(LinkStatus::Waiting { trouble, error, .. }) = watch.changed().await {
                assert_eq!(trouble, Some(Trouble::Busy), "{error:?}");
                busy += 1;
            }
        }
        let error = commands.while_away(WhileAway::Fail).send(&Pid).await;
        assert!(matches!(error, Err(Error::Away { .. })), "{error:?}");
        drop(other);
        busy
    };
    let (attached, pid, busy) = tokio::join!(next(&mut link), commands.send(&Pid), held);
    let attached = attached?;
    assert_eq!((attached.number, pid?), (1, scene.server.pid()));
    assert!(busy >= 2, "{busy}");
    drop((attached, link));
    scene.ends(Vec::new()).await
}

#[tokio::test]
async fn a_wrong_password_ends_the_link_and_not_the_daemon() -> Result<()> {
    let test = "a_wrong_password_ends_the_link_and_not_the_daemon";
    let options = ServerOptions::new().management_password("right");
    let Some(scene) = Scene::with(test, options).await? else { return Ok(()) };
    let mut wrong = soon(patient().password("wrong").reconnect(scene.server.socket()));
    let commands = wrong.client();
    for _ in 0..2 {
        let error = within("error", wrong.next()).await?.unwrap_err();
        assert!(matches!(error, Error::PasswordRejected), "{error}");
    }
    assert!(matches!(commands.send(&Pid).await, Err(Error::PasswordRejected)));
    let mut none = soon(patient().reconnect(scene.server.socket()));
    assert!(matches!(within("error", none.next()).await?, Err(Error::PasswordRequired)));
    let mut right = soon(patient().password("right").reconnect(scene.server.socket()));
    let attached = next(&mut right).await?;
    assert_eq!(attached.session.client().pid().await?, scene.server.pid());
    drop((attached, right, wrong, none, commands));
    scene.ends(Vec::new()).await
}

/// What facts 192 and 193 say.
#[tokio::test]
async fn a_hundred_states_prove_nothing() -> Result<()> {
    let Some(mut scene) = Scene::or_skip("a_hundred_states_prove_nothing").await? else {
        return Ok(());
    };
    let mut link = scene.link();
    let mut first = next(&mut link).await?;
    connected(&mut first.session).await?;
    for _ in 0..60 {
        scene.server.signal(Signal::SIGUSR1)?;
        serve(&mut first.session, "restart", is_state(StateName::Reconnecting)).await?;
        connected(&mut first.session).await?;
    }
    drop(first);
    let second = next(&mut link).await?;
    assert_eq!((second.now.states.len(), second.missed.restarted), (100, Some(true)));
    let different: HashSet<_> =
        second.now.states.iter().map(|state| (state.time, state.name.clone())).collect();
    assert!(different.len() < 100, "{}", different.len());
    drop(second);
    // It did not restart, and nothing shows that.
    let third = next(&mut link).await?;
    assert_eq!((third.now.states.len(), third.missed.restarted), (100, None));
    drop((third, link));
    scene.ends(Vec::new()).await
}
