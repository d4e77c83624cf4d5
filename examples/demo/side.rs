//! One daemon and the connection to its management interface.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use openvpn_mgmt::{
    Client, ClientRequest, Event, Events, Lagged, Request, Requests, Signal, connect,
};
use tokio::sync::mpsc;

use crate::timeline::{Role, Timeline};
use lab::Process;

/// A daemon that is driven, its events shown as they come.
pub(crate) struct Side {
    pub(crate) client: Client,
    role: Role,
    events: mpsc::UnboundedReceiver<Shown>,
    requests: Requests,
    timeline: Arc<Timeline>,
}

/// An event that has been shown.
type Shown = Result<Event, Lagged>;

impl Side {
    /// Connects, and shows every event from the greeting on.
    pub(crate) async fn connect(
        role: Role,
        process: &Process,
        timeline: &Arc<Timeline>,
    ) -> Result<Self> {
        timeline.call(role, "connect(socket)");
        let session = connect(process.socket()).await.with_context(|| format!("the {role}"))?;
        let (client, events, requests) = session.split();
        // Shown first, then waited for: so the lines stand in the order of cause and effect.
        let (shown, inbox) = mpsc::unbounded_channel();
        tokio::spawn(show(role, events, shown, Arc::clone(timeline)));
        Ok(Self { client, role, events: inbox, requests, timeline: Arc::clone(timeline) })
    }

    /// Shows a command as it is sent, and waits for its reply.
    pub(crate) async fn call<T>(
        &self,
        call: &str,
        reply: impl Future<Output = openvpn_mgmt::Result<T>>,
    ) -> Result<T> {
        self.timeline.call(self.role, call);
        reply.await.with_context(|| format!("the {}, {call}", self.role))
    }

    /// Waits for an event, passing over others.
    pub(crate) async fn event<T>(
        &mut self,
        wanted: &str,
        mut pick: impl FnMut(&Event) -> Option<T>,
    ) -> Result<T> {
        while let Some(event) = self.events.recv().await {
            if let Some(picked) = pick(&event?) {
                return Ok(picked);
            }
        }
        let reason = self.client.closed().await;
        bail!("waiting for {wanted}, the {}'s connection ended: {reason}", self.role)
    }

    /// Waits for a client that asks to be let in. Its request has its password, which its event has not.
    pub(crate) async fn client_request(&mut self) -> Result<ClientRequest> {
        while let Some(request) = self.requests.next().await {
            if let Request::ClientConnect(client) = request {
                return Ok(client);
            }
        }
        bail!("waiting for a client's request, the {}'s connection ended", self.role)
    }

    /// Has the daemon's log come as events, where they are shown.
    pub(crate) async fn log_on(&self) -> Result<()> {
        if self.timeline.shows_log() {
            self.call(".log_on()", self.client.log_on()).await?;
        }
        Ok(())
    }

    /// What is to be known of this side, under the same column as its events.
    pub(crate) fn fact(&self, text: &str) {
        self.timeline.fact(self.role, text);
    }

    /// Ends the daemon by SIGTERM and waits for its process.
    pub(crate) async fn shut_down(self, process: &mut Process) -> Result<()> {
        self.call(".signal(SIGTERM)", self.client.signal(Signal::Sigterm)).await?;
        let reason = self.client.closed().await;
        let status = process.wait().await?;
        self.fact(&format!("{reason}; {status}"));
        if !status.success() {
            bail!("the {} ended with {status}", self.role);
        }
        Ok(())
    }
}

async fn show(
    role: Role,
    mut events: Events,
    shown: mpsc::UnboundedSender<Shown>,
    timeline: Arc<Timeline>,
) {
    while let Some(event) = events.next().await {
        match &event {
            Ok(event) => timeline.event(role, event),
            Err(lagged) => timeline.fact(role, &lagged.to_string()),
        }
        // Nobody waits any more: still shown.
        shown.send(event).ok();
    }
}

/// How the daemons are, and what those that ended said last: they may be why a run failed.
pub(crate) async fn last_words(daemons: &mut [(Role, &mut Process)]) -> String {
    let mut words = String::new();
    for (role, process) in daemons {
        // A connection ends a moment before its process does.
        let ended = tokio::time::timeout(Duration::from_millis(200), process.wait()).await;
        let how = match ended {
            Ok(Ok(status)) => format!("has ended ({status}); the end of its log:{}", tail(process)),
            _ => "is running".to_owned(),
        };
        write!(words, "\nthe {role}'s openvpn {how}").ok();
    }
    words
}

fn tail(process: &Process) -> String {
    let log = process.log();
    let lines: Vec<&str> = log.lines().collect();
    let last = lines.get(lines.len().saturating_sub(4)..).unwrap_or_default();
    format!("\n    {}", last.join("\n    "))
}
