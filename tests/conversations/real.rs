//! [`Stage`]: the world of a conversation with a real daemon.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab::{ClientOptions, DEADLINE, Lab, Port, Process, Version};
use openvpn_mgmt_test::conversation::{World, WorldError};
use tokio::net::UnixStream;
use tokio::time::{interval, sleep, timeout};

use crate::set_up::SetUp;
use crate::side::{Reflex, Side, quoted};

/// A daemon, and the clients it serves or the server it dials.
pub struct Stage {
    lab: Arc<Lab>,
    set_up: SetUp,
    daemon: Process,
    server: Option<Server>,
    clients: BTreeMap<String, Client>,
}

/// The server that the client of a conversation dials.
struct Server {
    side: Side,
    /// How many CONNECT of the client were decided.
    decided: usize,
    pushes: Vec<String>,
}

/// A client of the server of a conversation.
struct Client {
    side: Side,
    port: Port,
    options: ClientOptions,
    credentials: (String, String),
}

impl Stage {
    /// Starts what a conversation needs.
    pub async fn new(lab: Arc<Lab>, words: &[String]) -> Result<Self> {
        let set_up = SetUp::new(words)?;
        let mut server = None;
        if let Some(options) = set_up.server_beside() {
            server = Some(Server::start(&lab, options, &set_up).await?);
        }
        let daemon = if set_up.is_server() {
            let mut server = lab.server(set_up.server()?).await?;
            if !set_up.has("hold") {
                serves(&mut server).await?;
            }
            server
        } else {
            let dialled = server.as_ref().map(|server| &server.side.daemon);
            lab.client(set_up.client(&lab, dialled)?).await?
        };
        Ok(Self { lab, set_up, daemon, server, clients: BTreeMap::new() })
    }

    /// What the daemon logged, for an error.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    async fn do_as_told(&mut self, words: &str) -> Result<()> {
        let (name, deed) = words.split_once(' ').context("there is no deed")?;
        match name {
            "server" => {
                let version = self.lab.daemon().version();
                let server = self.server.as_mut().context("there is no server beside")?;
                server.act(deed, version).await
            }
            "time" => passes(deed).await,
            _ if self.set_up.is_server() => self.client_acts(name, deed).await,
            _ => bail!("there is no `{name}`"),
        }
    }

    async fn client_acts(&mut self, name: &str, deed: &str) -> Result<()> {
        if let Some(with) = deed.strip_prefix("connects") {
            let credentials =
                match with.strip_prefix(" with ").and_then(|with| with.split_once(' ')) {
                    Some((user, password)) => (user.to_owned(), password.to_owned()),
                    None => (name.to_owned(), "secret".to_owned()),
                };
            let client = self.start_client(name, credentials).await?;
            self.clients.insert(name.to_owned(), client);
            return Ok(());
        }
        let lab = Arc::clone(&self.lab);
        let client = self.clients.get_mut(name).with_context(|| format!("who is {name}?"))?;
        client.act(&lab, deed).await
    }

    async fn start_client(&self, name: &str, credentials: (String, String)) -> Result<Client> {
        let port = Port::reserve()?;
        let options = if self.set_up.has("tcp") {
            ClientOptions::to_tcp(&self.daemon)
        } else {
            ClientOptions::to(&self.daemon).local_port(&port).line("explicit-exit-notify 1")
        };
        let mut options = options.common_name(name).line("push-peer-info\nsetenv IV_SSO crtext");
        if !self.set_up.has("client-auth") {
            options = options.without_auth_user_pass();
        }
        if self.set_up.has("renews-keys") {
            options = options.renewed_by_server();
        }
        Client::start(&self.lab, options, port, credentials).await
    }
}

/// `passes N seconds`: the one thing that is waited for by the clock, to show that nothing is said.
async fn passes(deed: &str) -> Result<()> {
    let seconds = deed.strip_prefix("passes ").and_then(|rest| rest.split(' ').next());
    sleep(Duration::from_secs(seconds.context("how long?")?.parse()?)).await;
    Ok(())
}

/// Waits until a server is ready for clients, and for all commands.
async fn serves(server: &mut Process) -> Result<()> {
    let mut poll = interval(Duration::from_millis(5));
    let ready = async {
        while !server.log().contains("Initialization Sequence Completed") && server.is_running()? {
            poll.tick().await;
        }
        Ok(())
    };
    timeout(DEADLINE, ready).await.context("the server is not ready")?
}

impl World for Stage {
    type Stream = UnixStream;

    async fn connect(&mut self) -> Result<UnixStream, WorldError> {
        UnixStream::connect(self.daemon.socket()).await.map_err(WorldError::from_error)
    }

    async fn act(&mut self, words: &str) -> Result<(), WorldError> {
        self.do_as_told(words).await.map_err(WorldError::from_error)
    }
}

impl Server {
    async fn start(lab: &Lab, options: lab::ServerOptions, set_up: &SetUp) -> Result<Self> {
        let refuses = set_up.has("refused");
        let reflex: Reflex = Box::new(move |line| match ids(line) {
            Some((cid, kid)) if refuses => vec![format!("client-deny {cid} {kid} no")],
            _ if line.starts_with(">INFO:") => vec!["state on all".to_owned()],
            _ => Vec::new(),
        });
        let mut side = Side::new(lab.server(options).await?, reflex).await?;
        side.hears("CONNECTED,SUCCESS").await?;
        Ok(Self { side, decided: 0, pushes: Vec::new() })
    }

    async fn act(&mut self, deed: &str, version: Version) -> Result<()> {
        let (verb, rest) = deed.split_once(' ').unwrap_or((deed, ""));
        let with = rest.strip_prefix("with ").unwrap_or_default();
        let line = match verb {
            "pushes" => {
                self.pushes.push(format!("push {}", quoted(rest)));
                return Ok(());
            }
            "updates" => format!("push-update-broad {}", quoted(rest)),
            "kills" => format!("client-kill 0 {}", quoted(with)),
            "asks" => {
                let (cid, kid) = self.who_waits().await?;
                pending_auth(version, &cid, &kid, rest)
            }
            "denies" => {
                let (cid, kid) = self.decides().await?;
                let reason = if with.is_empty() { String::new() } else { quoted(with) };
                format!("client-deny {cid} {kid} no {reason}")
            }
            "admits" => {
                let (cid, kid) = self.decides().await?;
                [&format!("client-auth {cid} {kid}")[..], &self.pushes.join("\n"), "END"].join("\n")
            }
            _ => bail!("a server cannot `{deed}`"),
        };
        self.side.send(line);
        Ok(())
    }

    /// The client's CONNECT that is not decided yet.
    async fn who_waits(&mut self) -> Result<(String, String)> {
        let decided = self.decided;
        self.side.until(|heard| heard.iter().filter_map(|line| ids(line)).nth(decided)).await
    }

    async fn decides(&mut self) -> Result<(String, String)> {
        let client = self.who_waits().await?;
        self.decided += 1;
        Ok(client)
    }
}

fn pending_auth(version: Version, cid: &str, kid: &str, extra: &str) -> String {
    let extra = quoted(extra);
    if version < Version::new(2, 6, 0) {
        return format!("client-pending-auth {cid} {extra}");
    }
    format!("client-pending-auth {cid} {kid} {extra} 60")
}

/// CID and KID of a client that waits for a decision.
fn ids(line: &str) -> Option<(String, String)> {
    let ids = line.strip_prefix(">CLIENT:CONNECT,").or(line.strip_prefix(">CLIENT:REAUTH,"))?;
    ids.split_once(',').map(|(cid, kid)| (cid.to_owned(), kid.to_owned()))
}

impl Client {
    async fn start(
        lab: &Lab,
        options: ClientOptions,
        port: Port,
        credentials: (String, String),
    ) -> Result<Self> {
        let (user, password) = credentials.clone();
        let reflex: Reflex = Box::new(move |line| match line {
            _ if line.starts_with(">INFO:") => vec!["state on".to_owned()],
            _ if line.starts_with(">HOLD:") => vec!["hold release".to_owned()],
            _ if line.starts_with(">PASSWORD:Need 'Auth' username/password") => vec![
                format!("username Auth {}", quoted(&user)),
                format!("password Auth {}", quoted(&password)),
            ],
            _ => Vec::new(),
        });
        let side = Side::new(lab.client(options.clone()).await?, reflex).await?;
        Ok(Self { side, port, options, credentials })
    }

    async fn act(&mut self, lab: &Lab, deed: &str) -> Result<()> {
        if let Some(text) = deed.strip_prefix("hears ") {
            return self.side.hears(text).await;
        }
        if let Some(text) = deed.strip_prefix("answers ") {
            self.side.send(format!("cr-response {}", STANDARD.encode(text)));
            return Ok(());
        }
        match deed {
            "leaves" => self.side.send("signal SIGTERM"),
            // Its server has that set-up, and does it by itself.
            "renegotiates" => {}
            "restarts from its port" => {
                self.side.daemon.kill();
                let port = std::mem::replace(&mut self.port, Port::reserve()?);
                let (options, credentials) = (self.options.clone(), self.credentials.clone());
                *self = Self::start(lab, options, port, credentials).await?;
            }
            _ => bail!("a client cannot `{deed}`"),
        }
        Ok(())
    }
}
