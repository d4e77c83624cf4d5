//! A connection to a scripted daemon, which shows all that passes.

use crate::scripted::{Daemon, beside, pipe};
use crate::vault::Vault;
use openvpn_mgmt::{Builder, Client, ClientRequest, Events, Request, Requests};

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
        let (ours, mut daemon) = pipe();
        let session = beside(builder.attach(ours), async {
            daemon.greets(6).await.gets_ready().await;
        });
        let session = session.await.unwrap();
        vault.show(&session);
        let (client, events, requests) = session.split();
        Self { vault, daemon, client, events, requests }
    }

    pub async fn request(&mut self, asks: &str) -> Request {
        self.daemon.says(format!("{asks}\r\n")).await;
        let request = self.requests.next().await.unwrap();
        self.vault.show(&request);
        request
    }

    /// A client connects with this password.
    pub async fn connect(&mut self, cid: u64, password: &str) -> ClientRequest {
        let token = self.vault.plain("token");
        let block = format!(
            ">CLIENT:CONNECT,{cid},1\r\n>CLIENT:ENV,username=u\r\n>CLIENT:ENV,password={password}\r\n\
             >CLIENT:ENV,auth_token={token}\r\n>CLIENT:ENV,END"
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
