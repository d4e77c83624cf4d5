//! A connection to a scripted daemon, which shows all that passes.

use openvpn_mgmt::{Builder, Client, ClientRequest, Events, Request, Requests};

use crate::leak_check::LeakCheck;
use openvpn_mgmt_test::scripted::{Daemon, beside, pipe};

pub struct Connection {
    pub leaks: LeakCheck,
    pub daemon: Daemon,
    pub client: Client,
    pub events: Events,
    pub requests: Requests,
}

impl Connection {
    pub async fn new() -> Self {
        Self::with(LeakCheck::new()).await
    }

    pub async fn with(mut leaks: LeakCheck) -> Self {
        let (builder, (ours, mut daemon)) = (Builder::new(), pipe());
        let session = beside(builder.attach(ours), async {
            daemon.greets(6).await.gets_ready().await;
        });
        let session = session.await.unwrap();
        leaks.show(&session);
        let (client, events, requests) = session.split();
        Self { leaks, daemon, client, events, requests }
    }

    pub async fn request(&mut self, asks: &str) -> Request {
        self.daemon.says(format!("{asks}\r\n")).await;
        let request = self.requests.next().await.unwrap();
        self.leaks.show(&request);
        request
    }

    /// A client connects with this password.
    pub async fn connect(&mut self, cid: u64, password: &str) -> ClientRequest {
        let token = self.leaks.plain("token");
        let block = format!(
            ">CLIENT:CONNECT,{cid},1\r\n>CLIENT:ENV,username=u\r\n>CLIENT:ENV,password={password}\r\n\
             >CLIENT:ENV,auth_token={token}\r\n>CLIENT:ENV,END"
        );
        match self.request(&block).await {
            Request::ClientConnect(peer) => peer,
            other => panic!("not a client: {other:?}"),
        }
    }

    /// Passes once everything that the daemon has said is out.
    pub async fn passes_round_trip(&mut self) {
        let reply = self.daemon.answers("pid", "SUCCESS: pid=1\r\n");
        beside(self.client.pid(), reply).await.unwrap();
    }

    /// Ends the connection, shows all that came, and looks for the secrets.
    pub async fn ends(self) {
        let Self { mut leaks, daemon, client, mut events, requests } = self;
        drop(daemon);
        let reason = client.closed().await;
        leaks.show(&reason);
        leaks.show_text(&reason);
        leaks.show(&client);
        leaks.show(&requests);
        leaks.show(&events);
        while let Some(event) = events.next().await {
            leaks.broadcast(&event.unwrap());
        }
        leaks.check();
    }
}
