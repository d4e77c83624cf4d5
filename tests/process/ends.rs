//! How daemons end, and that nothing is left of them.

use lab::within;
use std::time::Duration;

use anyhow::Result;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use openvpn_mgmt::StateName;
use openvpn_mgmt::process::{EndedBy, Process, Started};

use super::scene::{Scene, is_running, state, until};

/// A tunnel with a device that is up.
async fn serving(tunnel: Process, device: &str) -> Result<Started> {
    let started = tunnel.start().await?;
    state(&started.session, StateName::Wait).await?;
    assert!(std::path::Path::new(&format!("/sys/class/net/{device}")).exists());
    Ok(started)
}

#[tokio::test]
async fn a_tunnel_is_stopped_with_its_device() -> Result<()> {
    let Some(scene) = Scene::with_tun_or_skip("a_tunnel_is_stopped_with_its_device")? else {
        return Ok(());
    };
    let (tunnel, device) = scene.tunnel()?;
    let Started { session, child, .. } = serving(tunnel, &device).await?;
    let ended = child.stop().await?;
    assert_eq!(ended.by, EndedBy::Management, "{ended}");
    assert!(ended.status.unwrap().success(), "{ended}");
    assert!(ended.last_words.to_string().contains("SIGTERM"), "{}", ended.last_words);
    let reason = session.client().closed().await;
    assert!(matches!(reason, openvpn_mgmt::CloseReason::Exiting(_)), "{reason}");
    scene.leaves_nothing(Some(&device)).await
}

#[tokio::test]
async fn dropping_it_ends_it() -> Result<()> {
    let Some(scene) = Scene::with_tun_or_skip("dropping_it_ends_it")? else { return Ok(()) };
    let (tunnel, device) = scene.tunnel()?;
    let Started { session, child, .. } = serving(tunnel, &device).await?;
    drop(child);
    within("end of the session", session.client().closed()).await?;
    scene.leaves_nothing(Some(&device)).await
}

#[tokio::test]
async fn dropping_all_of_the_session_ends_it_too() -> Result<()> {
    let name = "dropping_all_of_the_session_ends_it_too";
    let Some(scene) = Scene::with_tun_or_skip(name)? else { return Ok(()) };
    let (tunnel, device) = scene.tunnel()?;
    let Started { session, mut child, .. } = serving(tunnel, &device).await?;
    drop(session);
    let ended = within("end", child.wait()).await?;
    assert_eq!(ended.by, EndedBy::Itself);
    assert!(child.ended().unwrap().status.unwrap().success());
    scene.leaves_nothing(Some(&device)).await
}

#[test]
fn the_end_of_the_runtime_ends_it() -> Result<()> {
    let Some(scene) = Scene::with_tun_or_skip("the_end_of_the_runtime_ends_it")? else {
        return Ok(());
    };
    let (tunnel, device) = scene.tunnel()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let started = runtime.block_on(serving(tunnel, &device))?;
    drop(runtime);
    // It waits for nobody, and needs no runtime.
    let pid = started.child.pid();
    drop(started);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(until("end", || !is_running(pid)))?;
    runtime.block_on(scene.leaves_nothing(Some(&device)))
}

#[tokio::test]
async fn a_panic_ends_it() -> Result<()> {
    let Some(scene) = Scene::with_tun_or_skip("a_panic_ends_it")? else { return Ok(()) };
    let (tunnel, device) = scene.tunnel()?;
    let started = serving(tunnel, &device).await?;
    let panics = tokio::spawn(async move {
        let _started = started;
        panic!("on purpose");
    });
    assert!(panics.await.unwrap_err().is_panic());
    scene.leaves_nothing(Some(&device)).await
}

#[tokio::test]
async fn one_that_hangs_is_killed_after_the_grace() -> Result<()> {
    let Some(scene) = Scene::or_skip("one_that_hangs_is_killed_after_the_grace")? else {
        return Ok(());
    };
    let process = scene.client("")?.hold(true).grace(Duration::from_millis(400));
    for drops in [false, true] {
        let Started { session, child, .. } = process.start().await?;
        let pid = child.pid();
        kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGSTOP)?;
        if drops {
            drop(child);
            until("end", || !is_running(pid)).await?;
        } else {
            let ended = child.stop().await?;
            assert_eq!(ended.by, EndedBy::Sigkill, "{ended}");
        }
        drop(session);
    }
    scene.leaves_nothing(None).await
}

/// The script ignores it, and outlives the daemon that it has started.
#[tokio::test]
async fn one_that_ignores_sigterm_is_killed_with_its_group() -> Result<()> {
    let name = "one_that_ignores_sigterm_is_killed_with_its_group";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let text = "trap '' TERM\n\"$OPENVPN\" \"$@\"\nwhile true; do sleep 1000; done";
    let process = scene.client("")?.program(scene.script("stays", text)?).hold(true);
    let Started { session, child, .. } = process.grace(Duration::from_secs(1)).start().await?;
    assert_ne!(session.client().pid().await?, child.pid());
    let group = Pid::from_raw(i32::try_from(child.pid())?);
    let ended = child.stop().await?;
    assert_eq!(ended.by, EndedBy::Sigkill, "{ended}");
    until("end of the group", || killpg(group, None).is_err()).await?;
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn one_whose_session_is_closed_ends_by_that() -> Result<()> {
    let Some(scene) = Scene::or_skip("one_whose_session_is_closed_ends_by_that")? else {
        return Ok(());
    };
    let Started { session, child, .. } = scene.client("")?.hold(true).start().await?;
    session.client().close().await;
    let ended = child.stop().await?;
    assert!(ended.status.unwrap().success(), "{ended}");
    scene.leaves_nothing(None).await
}
