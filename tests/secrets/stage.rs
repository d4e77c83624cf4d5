//! A connection to a scripted daemon, which shows all that passes.

use openvpn_mgmt::{Builder, Client, ClientRequest, Events, Request, Requests};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex};

use crate::vault::Vault;
use lab::DEADLINE;

pub const GREETING: &str =
    ">INFO:OpenVPN Management Interface Version 6 -- type 'help' for more info\n";

pub struct Daemon(pub BufReader<DuplexStream>);

impl Daemon {
    pub async fn says(&mut self, text: impl AsRef<str>) {
        let text = text.as_ref().replace('\n', "\r\n");
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Takes lines until one starts so, and answers it with this.
    pub async fn answers(&mut self, start: &str, reply: impl AsRef<str>) -> String {
        loop {
            let line = self.line().await;
            if line.starts_with(start) {
                self.says(reply).await;
                return line;
            }
        }
    }

    /// Takes lines until the fence, and answers it.
    pub async fn passes_fence(&mut self) {
        loop {
            let line = self.line().await;
            let name = line.trim_end().strip_prefix("signal ");
            if let Some(name) = name.filter(|name| name.starts_with("fence-")) {
                return self
                    .says(format!("ERROR: signal '{name}' is not a known signal type\n"))
                    .await;
            }
        }
    }

    /// What every connection begins with.
    pub async fn gets_ready(&mut self) {
        self.answers("env-filter 0", "SUCCESS: env_filter_level=0\n").await;
        self.answers("state on", "SUCCESS: real-time state notification set to ON\n").await;
    }

    pub async fn line(&mut self) -> String {
        let mut line = String::new();
        let reading = tokio::time::timeout(DEADLINE, self.0.read_line(&mut line));
        assert_ne!(reading.await.expect("no command in time").unwrap(), 0, "closed");
        line
    }
}

pub struct Stage {
    pub vault: Vault,
    pub daemon: Daemon,
    pub client: Client,
    pub events: Events,
    pub requests: Requests,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(Vault::new(), &Builder::new()).await
    }

    pub async fn with(mut vault: Vault, builder: &Builder) -> Self {
        let (ours, theirs) = duplex(64 * 1024);
        let mut daemon = Daemon(BufReader::new(theirs));
        daemon.says(GREETING).await;
        let (session, ()) = tokio::join!(builder.attach(ours), daemon.gets_ready());
        let session = session.unwrap();
        vault.show(&session);
        let (client, events, requests) = session.split();
        Self { vault, daemon, client, events, requests }
    }

    pub async fn request(&mut self, asks: &str) -> Request {
        self.daemon.says(format!("{asks}\n")).await;
        let request = self.requests.next().await.unwrap();
        self.vault.show(&request);
        request
    }

    /// A client connects with this password.
    pub async fn connect(&mut self, cid: u64, password: &str) -> ClientRequest {
        let token = self.vault.plain("token");
        let block = format!(
            ">CLIENT:CONNECT,{cid},1\n>CLIENT:ENV,username=u\n>CLIENT:ENV,password={password}\n\
             >CLIENT:ENV,auth_token={token}\n>CLIENT:ENV,END"
        );
        match self.request(&block).await {
            Request::ClientConnect(peer) => peer,
            other => panic!("not a client: {other:?}"),
        }
    }

    /// Ends the connection, shows all that came, and looks for the secrets.
    pub async fn ends(self) {
        let Self { mut vault, daemon, client, mut events, requests } = self;
        drop(daemon);
        let reason = client.closed().await;
        vault.show(&reason);
        vault.show_text(&reason);
        vault.show(&client);
        vault.show(&requests);
        vault.show(&events);
        while let Some(event) = events.next().await {
            vault.event(&event.unwrap());
        }
        vault.check();
    }
}
