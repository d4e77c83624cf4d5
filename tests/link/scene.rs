//! Real daemons behind a link, and that nothing of them is left.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{ClientOptions, DEADLINE, Lab, Process, ServerOptions, until, within};
use nix::sys::signal::Signal;
use openvpn_mgmt::command::{AnyCommand, Channel, Notifications};
use openvpn_mgmt::events::ClientEvent;
use openvpn_mgmt::reply::StatusClient;
use openvpn_mgmt::{Attached, Backoff, Builder, Event, Item, Link, Request, Session, StateName};

/// What clients sign in with.
pub(crate) const PASSWORD: &str = "s3cret";

/// A server in its hold.
pub(crate) struct Scene {
    pub(crate) lab: Lab,
    pub(crate) server: Process,
}

/// The next session of a link.
pub(crate) async fn next(link: &mut Link) -> Result<Attached> {
    Ok(within("session", link.next()).await??)
}

/// Settings for a machine however busy.
pub(crate) fn patient() -> Builder {
    Builder::new().connect_timeout(DEADLINE).greeting_timeout(DEADLINE).command_timeout(DEADLINE)
}

/// A link that tries again soon, and after each session at once.
pub(crate) fn soon(link: Link) -> Link {
    let (least, most) = (Duration::from_millis(10), Duration::from_millis(100));
    link.backoff(Backoff::new(least, most).reset_after(Duration::ZERO))
}

impl Scene {
    pub(crate) async fn or_skip(test: &str) -> Result<Option<Self>> {
        Self::with(test, ServerOptions::new()).await
    }

    pub(crate) async fn with(test: &str, options: ServerOptions) -> Result<Option<Self>> {
        let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(None) };
        let server = lab.server(options).await?;
        Ok(Some(Self { lab, server }))
    }

    pub(crate) fn link(&self) -> Link {
        let states = AnyCommand::new(Notifications::on(Channel::State));
        soon(patient().reconnect(self.server.socket())).set_up([states])
    }

    /// A client that needs no manager: it signs in by itself, as often as it is turned away.
    pub(crate) async fn client(&self, name: &str) -> Result<Process> {
        let file = self.lab.dir().join(format!("{name}.up"));
        fs::write(&file, format!("{name}\n{PASSWORD}\n"))?;
        let options = ClientOptions::to(&self.server).common_name(name).without_hold();
        let options = options.without_auth_user_pass().line("explicit-exit-notify 1");
        let options = options.line(&format!("auth-user-pass \"{}\"", file.display()));
        self.lab.client(options.line("auth-retry nointeract")).await
    }

    /// Ends the server as an administrator does, and waits until it has ended.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.server.signal(Signal::SIGTERM)?;
        self.server.wait().await.map(drop)
    }

    pub(crate) async fn start_again(&mut self) -> Result<()> {
        self.lab.start_again(&mut self.server).await
    }

    /// How often the daemon has logged this.
    pub(crate) fn logged(&self, text: &str) -> usize {
        self.server.log().matches(text).count()
    }

    /// Waits until the server has come up so many times, restarts counted.
    pub(crate) async fn is_up(&self, times: usize) -> Result<()> {
        let up = || Ok(self.logged("Initialization Sequence Completed") >= times);
        until("server", up).await.with_context(|| self.server.log())
    }

    /// Ends everything, and looks that nothing is left: of us no task and no connection, of the daemons no process, no file and
    /// no device.
    pub(crate) async fn ends(self, clients: Vec<Process>) -> Result<()> {
        let socket = self.server.socket().to_owned();
        let metrics = tokio::runtime::Handle::current().metrics();
        until("end of our tasks", || Ok(metrics.num_alive_tasks() == 0)).await?;
        until("end of our connections", || Ok(!is_connected(&socket.display().to_string())))
            .await?;
        let device = device(&fs::read_to_string(self.server.log_path().with_extension("conf"))?);
        let pids = clients.iter().chain([&self.server]).map(Process::pid);
        let mut left: Vec<PathBuf> = pids.map(|pid| format!("/proc/{pid}").into()).collect();
        left.extend([self.lab.dir().to_owned(), format!("/sys/class/net/{device}").into()]);
        drop((clients, self));
        left.retain(|path| path.exists());
        ensure!(left.is_empty(), "left behind: {left:?}");
        Ok(())
    }
}

/// Whether anybody holds a connection to the listener at this path, by the kernel's table.
fn is_connected(path: &str) -> bool {
    let table = fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let connected = |line: &str| line.split_whitespace().nth(5) == Some("03");
    table.lines().any(|line| line.ends_with(path) && connected(line))
}

fn device(config: &str) -> String {
    config.lines().find_map(|line| line.strip_prefix("dev ")).unwrap_or_default().to_owned()
}

/// Serves a session, lets everybody in, and waits for an event.
pub(crate) async fn serve(
    session: &mut Session,
    what: &str,
    mut is: impl FnMut(&Event) -> bool,
) -> Result<()> {
    let served = async {
        loop {
            match session.next().await.context("the session has ended")?? {
                Item::Request(Request::Hold(hold)) => hold.release().await?,
                Item::Request(Request::ClientConnect(client)) => client.allow().await?,
                Item::Event(event) if is(&event) => return anyhow::Ok(()),
                _ => {}
            }
        }
    };
    within(what, served).await?
}

pub(crate) async fn connected(session: &mut Session) -> Result<()> {
    serve(session, "CONNECTED", is_state(StateName::Connected)).await
}

pub(crate) fn is_state(name: StateName) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::State(state) if state.name == name)
}

/// Serves a session until so many more clients are in.
pub(crate) async fn admit(session: &mut Session, clients: usize) -> Result<()> {
    for _ in 0..clients {
        let established =
            |event: &Event| matches!(event, Event::Client(ClientEvent::Established { .. }));
        serve(session, "client that is in", established).await?;
    }
    Ok(())
}

/// The common names of rows, sorted.
pub(crate) fn names(rows: &[StatusClient]) -> Vec<String> {
    let mut names: Vec<_> =
        rows.iter().map(|row| row.common_name().unwrap_or_default().to_string()).collect();
    names.sort();
    names
}
