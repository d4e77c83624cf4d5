//! A real server with a manager that lets clients in, and a session table beside it.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use lab::{ClientOptions, DEADLINE, Lab, Process, ServerOptions};
use nix::sys::signal::Signal;
use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications};
use openvpn_mgmt::peers::{Change, Changes, LivePeers, PeerRecord, RecordId};
use openvpn_mgmt::{Attached, Backoff, Builder, EnvFilter, Item, Link, LinkClient, Request};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

pub(crate) struct Scene {
    pub(crate) lab: Lab,
    pub(crate) server: Process,
    pub(crate) peers: LivePeers,
    pub(crate) changes: Changes,
    /// Decisions that may be taken.
    pub(crate) decisions: Arc<Semaphore>,
    pub(crate) commands: LinkClient,
    leave: Arc<Notify>,
    program: JoinHandle<Result<()>>,
}

/// What clients are let in with.
pub(crate) const CONFIG: &str = "iroute 10.77.0.0 255.255.0.0";

impl Scene {
    /// With so many decisions that may be taken at once.
    pub(crate) async fn with(
        test: &str,
        options: ServerOptions,
        decisions: usize,
        filter: EnvFilter,
    ) -> Result<Option<Self>> {
        let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(None) };
        let server = lab.server(options).await?;
        let peers = LivePeers::builder().interval(Duration::from_secs(1)).build();
        let (_, changes) = peers.subscribe();
        let (decisions, leave) = (Arc::new(Semaphore::new(decisions)), Arc::new(Notify::new()));
        let link = link(&server, filter);
        let commands = link.client();
        let run = run(link, peers.clone(), Arc::clone(&decisions), Arc::clone(&leave));
        let program = tokio::spawn(run);
        Ok(Some(Self { lab, server, peers, changes, decisions, commands, leave, program }))
    }

    pub(crate) async fn or_skip(test: &str) -> Result<Option<Self>> {
        Self::with(test, ServerOptions::new(), Semaphore::MAX_PERMITS, EnvFilter::All).await
    }

    /// The program drops its session and gets another.
    pub(crate) fn reconnect(&self) {
        self.leave.notify_one();
    }

    /// Ends a session, by the identity that the table has of it.
    pub(crate) async fn kill(&self, id: RecordId) -> Result<()> {
        let peer = self.peers.with(|peers| peers.peer(id).cloned()).context("no identity")?;
        Ok(self.commands.client().await?.client_kill(&peer).await?)
    }

    /// A client that signs in by itself, and says that it leaves.
    pub(crate) async fn client(&self, name: &str, lines: &str) -> Result<Process> {
        let file = self.lab.dir().join(format!("{name}.up"));
        fs::write(&file, format!("{name}\ns3cret\n"))?;
        let options = ClientOptions::to(&self.server).common_name(name).without_hold();
        let options = options.without_auth_user_pass().line("explicit-exit-notify 1");
        let options = options.line(&format!("auth-user-pass \"{}\"", file.display()));
        let options = options.line("auth-retry nointeract\nsetenv UV_SEAT 12\npush-peer-info");
        self.lab.client(options.line(lines)).await
    }

    /// The next change that this is one of; those before it are passed over.
    pub(crate) async fn change<T>(
        &mut self,
        what: &str,
        mut is: impl FnMut(&Change) -> Option<T>,
    ) -> Result<T> {
        let mut seen = Vec::new();
        let found = async {
            loop {
                let change = self.changes.next().await.context("the table is gone")??;
                if let Some(found) = is(&change) {
                    return anyhow::Ok(found);
                }
                seen.push(format!("{change:?}"));
            }
        };
        let found = timeout(DEADLINE, found).await;
        found.with_context(|| {
            format!("no {what}: {seen:#?}\n{:?}\n{}", self.peers.snapshot(), self.server.log())
        })?
    }

    /// Waits until a client, that may be there already, is so.
    pub(crate) async fn is(
        &mut self,
        what: &str,
        is: impl Fn(&PeerRecord) -> bool,
    ) -> Result<Arc<PeerRecord>> {
        let peers = self.peers.clone();
        let found = move || peers.snapshot().records().find(|record| is(record)).cloned();
        if let Some(record) = found() {
            return Ok(record);
        }
        self.change(what, |_| found()).await
    }

    /// Waits until a client is in by its own word too: before that it leaves without one.
    pub(crate) async fn is_up(&self, client: &Process) -> Result<()> {
        let mut often = interval(Duration::from_millis(20));
        let up = async {
            while !client.log().contains("Initialization Sequence Completed") {
                often.tick().await;
            }
        };
        timeout(DEADLINE, up).await.with_context(|| client.log())
    }

    /// Asks its `status` as soon as the server serves.
    pub(crate) async fn refresh(&self) -> Result<()> {
        let mut often = interval(Duration::from_millis(50));
        let refreshed = async {
            while self.peers.refresh("server").await.is_err() {
                often.tick().await;
            }
        };
        timeout(DEADLINE, refreshed).await.with_context(|| self.server.log())
    }

    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.server.signal(Signal::SIGTERM)?;
        self.server.wait().await.map(drop)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.program.abort();
    }
}

fn link(server: &Process, filter: EnvFilter) -> Link {
    let patient = Builder::new()
        .connect_timeout(DEADLINE)
        .greeting_timeout(DEADLINE)
        .command_timeout(DEADLINE);
    let (least, most) = (Duration::from_millis(10), Duration::from_millis(100));
    let set_up = [
        AnyCommand::new(Notifications::on(Channel::State)),
        AnyCommand::new(Bytecount::every(Duration::from_secs(1))),
        AnyCommand::new(filter),
    ];
    let backoff = Backoff::new(least, most).reset_after(Duration::ZERO);
    patient.reconnect(server.socket()).backoff(backoff).set_up(set_up)
}

async fn run(
    mut link: Link,
    peers: LivePeers,
    decisions: Arc<Semaphore>,
    leave: Arc<Notify>,
) -> Result<()> {
    loop {
        let mut attached = link.next().await?;
        peers.attach("server", &attached);
        tokio::select! {
            served = serve(&mut attached, &decisions) => served?,
            () = leave.notified() => {}
        }
    }
}

async fn serve(attached: &mut Attached, decisions: &Semaphore) -> Result<()> {
    while let Some(item) = attached.session.next().await {
        // What is decided may be gone by then.
        let _ = match item? {
            Item::Request(Request::Hold(hold)) => hold.release().await,
            Item::Request(Request::ClientConnect(client)) => {
                decisions.acquire().await?.forget();
                client.allow_with([CONFIG]).await
            }
            Item::Request(Request::ClientReauth(client)) => {
                decisions.acquire().await?.forget();
                client.allow().await
            }
            _ => Ok(()),
        };
    }
    Ok(())
}
