//! Daemons of one's own, real ones: dropped at any moment, no process and no file is left.

use lab::within;
use std::time::Duration;

use anyhow::{Context as _, Result};
use openvpn_mgmt::process::{Child, Process, RestartPolicy, Started, Supervisor};
use openvpn_mgmt::{RequestSource as _, SessionSource as _};

use crate::called::called;
use crate::scene::{Scene, is_running};
use crate::stepped::polled;

/// Enough polls for each step of a start; between two of them is as much time as it takes.
const POLLS: [usize; 6] = [0, 1, 2, 3, 105, 110];

#[tokio::test]
async fn a_start_that_is_dropped_leaves_nothing() -> Result<()> {
    let Some(scene) = Scene::or_skip("a_start_that_is_dropped_leaves_nothing")? else {
        return Ok(());
    };
    let process: Process = scene.client("")?.hold(true);
    for polls in POLLS {
        let started = polled(polls, called!(Process: process.start())).await;
        assert!(started.is_none() || polls > 100, "{polls} polls");
        drop(started);
    }
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn what_waits_for_a_daemon_can_be_dropped_and_one_that_ends_it_ends_it() -> Result<()> {
    let name = "what_waits_for_a_daemon_can_be_dropped_and_one_that_ends_it_ends_it";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    for polls in [0, 1, 2, usize::MAX] {
        let Started { session, child, .. } = scene.client("")?.hold(true).start().await?;
        let mut child: Child = child;
        let pid = child.pid();
        assert!(polled(polls.min(5), called!(Child: child.wait())).await.is_none());
        assert!(is_running(pid) && session.client().pid().await? == pid);
        let ended = polled(polls, called!(Child: child.stop())).await;
        assert!(ended.is_some() || polls < usize::MAX);
        let ends = crate::scene::until("its end", || !is_running(pid));
        within("its end", ends).await??;
        drop(session);
    }
    scene.leaves_nothing(None).await
}

/// Gives the next session by each of its ways, each call dropped after so many polls.
async fn next(daemon: &mut Supervisor, way: usize, polls: usize) -> Result<Box<dyn Send>> {
    loop {
        let given: Option<Box<dyn Send>> = match way {
            0 => match polled(polls, called!(Supervisor: daemon.next())).await {
                Some(attached) => Some(Box::new(attached?)),
                None => None,
            },
            1 => match polled(polls, called!(SessionSource for Supervisor: daemon.next_session()))
                .await
            {
                Some(attached) => Some(Box::new(attached.context("none")??)),
                None => None,
            },
            _ => {
                match polled(polls, called!(RequestSource for Supervisor: daemon.next_connection()))
                    .await
                {
                    Some(sourced) => Some(Box::new(sourced.context("none")??)),
                    None => None,
                }
            }
        };
        match given {
            Some(given) => return Ok(given),
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

#[tokio::test]
async fn a_supervisor_starts_nothing_twice_and_ends_what_it_has() -> Result<()> {
    let name = "a_supervisor_starts_nothing_twice_and_ends_what_it_has";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let starts = scene.lab.dir().join("starts");
    let text = format!("echo x >> {}\nexec \"$OPENVPN\" \"$@\"", starts.display());
    let process = scene.client("")?.hold(true).program(scene.script("counts", &text)?);
    for (count, polls) in [0, 1, 2, usize::MAX].into_iter().enumerate() {
        let mut daemon: Supervisor = process.clone().supervise(RestartPolicy::new());
        let given = within("a session", next(&mut daemon, count % 3, polls.clamp(1, 3))).await??;
        assert_eq!(std::fs::read_to_string(&starts)?.lines().count(), count + 1);
        let pid = daemon.child().context("no daemon")?.pid();
        let stopped = polled(polls, called!(Supervisor: daemon.stop())).await;
        assert!(stopped.is_some() || polls < usize::MAX);
        let ends = crate::scene::until("its end", || !is_running(pid));
        within("its end", ends).await??;
        drop(given);
    }
    scene.leaves_nothing(None).await
}
