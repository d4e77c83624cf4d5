//! Real daemons that dial in.

use anyhow::{Context as _, Result};
use lab::{DEADLINE, Lab, ServerOptions};
use nix::sys::signal::Signal;
use openvpn_mgmt::{Builder, CloseReason, Listener, Session, StateName};
use tokio::time::timeout;

struct Dialing {
    lab: Lab,
    folder: tempfile::TempDir,
    listener: Listener,
}

impl Dialing {
    async fn or_skip(name: &str) -> Result<Option<Self>> {
        let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(None) };
        let folder = tempfile::tempdir()?;
        let sessions = Builder::new().command_timeout(DEADLINE).greeting_timeout(DEADLINE);
        let listener =
            Listener::builder().sessions(sessions).bind(folder.path().join("in.sock")).await?;
        Ok(Some(Self { lab, folder, listener }))
    }

    async fn daemon(&self) -> Result<lab::Process> {
        let socket = self.folder.path().join("in.sock");
        self.lab.server(ServerOptions::new().management_client(&socket)).await
    }

    async fn accept(&mut self) -> Result<Session> {
        Ok(timeout(DEADLINE, self.listener.accept()).await.context("nobody dialed in")??)
    }
}

#[tokio::test]
async fn closing_the_session_ends_the_daemon() -> Result<()> {
    let name = "closing_the_session_ends_the_daemon";
    let Some(mut dialing) = Dialing::or_skip(name).await? else { return Ok(()) };
    // In its hold, and when it serves.
    for serves in [false, true] {
        let mut daemon = dialing.daemon().await?;
        let session = dialing.accept().await?;
        assert_eq!(session.client().pid().await?, daemon.pid());
        assert_eq!(session.dialer().and_then(|dialer| dialer.pid), Some(daemon.pid()));
        if serves {
            session.client().hold_release().await?;
            state(&session, StateName::Connected).await?;
        }
        session.client().quit().await?;
        assert!(daemon.wait().await?.success());
    }
    Ok(())
}

/// As if it had done what it was started for.
#[tokio::test]
async fn where_nobody_listens_a_daemon_ends_without_an_error() -> Result<()> {
    let name = "where_nobody_listens_a_daemon_ends_without_an_error";
    let Some(dialing) = Dialing::or_skip(name).await? else { return Ok(()) };
    let Dialing { lab, folder, listener } = dialing;
    drop(listener);
    let socket = folder.path().join("in.sock");
    let mut daemon = lab.server(ServerOptions::new().management_client(&socket)).await?;
    let status = daemon.wait().await?;
    anyhow::ensure!(status.success(), "{status}:\n{}", daemon.log());
    assert!(daemon.log().contains("connect to unix socket"), "{}", daemon.log());
    Ok(())
}

#[tokio::test]
async fn a_restart_keeps_the_connection() -> Result<()> {
    let name = "a_restart_keeps_the_connection";
    let Some(mut dialing) = Dialing::or_skip(name).await? else { return Ok(()) };
    let mut daemon = dialing.daemon().await?;
    let session = dialing.accept().await?;
    for restart in [Signal::SIGUSR1, Signal::SIGHUP] {
        session.client().hold_release().await?;
        state(&session, StateName::Connected).await?;
        daemon.signal(restart)?;
        state(&session, StateName::Reconnecting).await?;
        assert_eq!(session.client().pid().await?, daemon.pid());
    }
    daemon.signal(Signal::SIGTERM)?;
    let reason = timeout(DEADLINE, session.client().closed()).await?;
    assert!(matches!(reason, CloseReason::Exiting(_) | CloseReason::Remote), "{reason}");
    daemon.wait().await?;
    Ok(())
}

/// Waits until the daemon is in this state.
async fn state(session: &Session, name: StateName) -> Result<()> {
    let reached = async {
        loop {
            if session.client().state().await?.name == name {
                return anyhow::Ok(());
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, reached).await.with_context(|| format!("never {name}"))?
}
