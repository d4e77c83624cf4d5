//! Daemons that are started anew.

use lab::within;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use openvpn_mgmt::process::{GaveUp, RestartPolicy, Setback, StartError, Supervisor};
use openvpn_mgmt::{
    Backoff, CloseReason, Error, Fleet, MemberItem, RequestSource as _, SessionSource as _, Sources,
};

use super::scene::{Scene, is_running, until};

fn soon() -> RestartPolicy {
    let backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(40));
    RestartPolicy::new().backoff(backoff).give_up_after(3, Duration::from_secs(600))
}

fn pid(daemon: &Supervisor) -> Result<u32> {
    Ok(daemon.child().context("there is no daemon")?.pid())
}

fn crash(pid: u32) -> Result<()> {
    Ok(kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGKILL)?)
}

#[tokio::test]
async fn a_daemon_that_crashes_is_started_anew_until_it_does_too_often() -> Result<()> {
    let name = "a_daemon_that_crashes_is_started_anew_until_it_does_too_often";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let mut daemon = scene.client("")?.hold(true).supervise(soon());
    let mut before = None;
    for number in 1..=3 {
        let attached = within("session", daemon.next()).await??;
        assert_eq!(attached.number, number);
        assert_eq!(attached.last_end.is_some(), number > 1);
        assert_eq!(attached.session.client().pid().await?, pid(&daemon)?);
        assert_ne!(before.replace(pid(&daemon)?), Some(pid(&daemon)?));
        crash(pid(&daemon)?)?;
        let reason = within("end", attached.session.client().closed()).await?;
        assert!(matches!(reason, CloseReason::Remote | CloseReason::Io(_)), "{reason}");
    }
    let gave_up = within("the last end", daemon.next()).await?.unwrap_err();
    let GaveUp::TooOften { times: 3, last, .. } = &gave_up else { panic!("{gave_up}") };
    let Setback::Ended(ended) = &**last else { panic!("{gave_up}") };
    assert!(ended.status.unwrap().to_string().contains("SIGKILL"), "{ended}");
    assert!(ended.last_words.to_string().contains("OpenVPN 2."), "{}", ended.last_words);
    assert_eq!(daemon.next().await.unwrap_err().to_string(), gave_up.to_string());
    drop(daemon);
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn one_that_never_starts_is_given_up_with_its_last_words() -> Result<()> {
    let name = "one_that_never_starts_is_given_up_with_its_last_words";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let starts = scene.lab.dir().join("starts");
    let text = format!("echo x >> {}; echo its last words; exit 3", starts.display());
    let process = scene.client("")?.program(scene.script("crashes", &text)?);
    let begun = Instant::now();
    let mut daemon = process.supervise(soon());
    // As a source it tells so once.
    let error =
        within("the last end", daemon.next_session()).await?.context("no error")?.unwrap_err();
    assert!(begun.elapsed() >= Duration::from_millis(10 + 20), "{:?}", begun.elapsed());
    let text = error.to_string();
    assert!(text.starts_with("3 times within 600s") && text.ends_with("its last words"), "{text}");
    assert!(error.is_permanent());
    let Error::Process { reason, .. } = error else { panic!("{text}") };
    assert!(matches!(reason.downcast_ref(), Some(GaveUp::TooOften { .. })));
    assert!(daemon.next_session().await.is_none());
    assert_eq!(std::fs::read_to_string(&starts)?.lines().count(), 3);
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn what_trying_again_does_not_change_is_not_tried_again() -> Result<()> {
    let name = "what_trying_again_does_not_change_is_not_tried_again";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let mut daemon = scene.client("no-such-directive")?.supervise(soon().never_give_up());
    let gave_up = within("the end", daemon.next()).await?.unwrap_err();
    assert!(matches!(gave_up, GaveUp::Permanent(StartError::Ended(_))), "{gave_up}");
    assert!(gave_up.to_string().contains("no-such-directive"), "{gave_up}");
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn a_call_that_is_dropped_starts_nothing_twice() -> Result<()> {
    let Some(scene) = Scene::or_skip("a_call_that_is_dropped_starts_nothing_twice")? else {
        return Ok(());
    };
    let starts = scene.lab.dir().join("starts");
    let text = format!("echo x >> {}\nexec \"$OPENVPN\" \"$@\"", starts.display());
    let process = scene.client("")?.program(scene.script("counts", &text)?);
    let mut daemon = process.supervise(RestartPolicy::new());
    let mut polls = 0;
    let attached = loop {
        polls += 1;
        if let Ok(next) = tokio::time::timeout(Duration::from_millis(1), daemon.next()).await {
            break next?;
        }
    };
    assert!(polls > 1);
    assert_eq!(attached.session.client().pid().await?, pid(&daemon)?);
    // A session that is dropped is one that has ended: its daemon is, before there is another.
    let first = pid(&daemon)?;
    drop(attached);
    let attached = within("session", daemon.next()).await??;
    assert!(!is_running(first));
    assert_eq!(attached.number, 2);
    assert_eq!(std::fs::read_to_string(&starts)?.lines().count(), 2);
    assert!(
        matches!(daemon.setback(), Some(Setback::Ended(ended)) if ended.status.unwrap().success())
    );
    daemon.stop().await?.context("there was no daemon")?;
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn what_is_overridden_is_told() -> Result<()> {
    let Some(scene) = Scene::or_skip("what_is_overridden_is_told")? else { return Ok(()) };
    let mut daemon = scene.client("syslog")?.hold(true).supervise(soon());
    let _attached = within("session", daemon.next()).await??;
    let told: Vec<&str> = daemon.overridden().iter().map(|one| one.directive.as_str()).collect();
    assert_eq!(told, ["syslog"]);
    daemon.stop().await?.context("there was no daemon")?;
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn it_is_a_source_of_requests_and_ends_with_its_reader() -> Result<()> {
    let name = "it_is_a_source_of_requests_and_ends_with_its_reader";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let mut all = Sources::new();
    all.add("own", scene.client("")?.hold(true).supervise(soon()));
    let mut pids = Vec::new();
    for number in 1..=2 {
        let sourced = within("connection", all.next_connection()).await?.context("none")??;
        assert_eq!((sourced.origin.name(), sourced.origin.number()), ("own", number));
        let pid = sourced.requests.client().pid().await?;
        pids.push(pid);
        if number == 1 {
            crash(pid)?;
        } else {
            drop(all);
            until("end", || !is_running(pid)).await?;
            break;
        }
    }
    assert_ne!(pids[0], pids[1]);
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn it_is_a_member_of_a_fleet() -> Result<()> {
    let Some(scene) = Scene::or_skip("it_is_a_member_of_a_fleet")? else { return Ok(()) };
    let mut fleet = Fleet::new();
    let wrong = scene.process(scene.file("wrong.conf", "no-such-directive\n")?);
    fleet.add("own", scene.client("")?.hold(true).supervise(soon()))?;
    fleet.add("wrong", wrong.supervise(soon()))?;
    let client = fleet.client().to("own")?;
    let (mut sessions, mut end) = (0, None);
    while sessions < 2 || end.is_none() {
        let item = within("item", fleet.next()).await?.context("the fleet is empty")?;
        match (item.member.name(), item.what) {
            ("own", MemberItem::Attached(_)) => {
                sessions += 1;
                if sessions == 1 {
                    crash(within("pid", client.send(&openvpn_mgmt::command::Pid)).await??)?;
                }
            }
            ("wrong", MemberItem::Ended(error)) => end = error,
            _ => {}
        }
    }
    assert!(end.unwrap().to_string().contains("no-such-directive"));
    fleet.remove("own")?;
    drop(fleet);
    scene.leaves_nothing(None).await
}
