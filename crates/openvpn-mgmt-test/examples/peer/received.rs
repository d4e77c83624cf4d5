//! What the daemon says, however it comes.

use std::time::Duration;

use anyhow::{Result, bail};
use openvpn_mgmt::reply::StatusClient;
use openvpn_mgmt::{Event, Status};
use openvpn_mgmt_codec::{Notification, StatusFormat, StreamMode};
use openvpn_mgmt_test::{Client, FakeDaemon, Faults};
use tokio::time::timeout;

use crate::sides::{Codec, Sdk, Seen, came, compare, done};

pub(crate) async fn all() -> Result<Vec<Seen>> {
    Ok(vec![
        split_bytes().await?,
        event_before_a_reply().await?,
        event_in_a_reply().await?,
        bytes_that_are_no_text().await?,
        status().await?,
    ])
}

async fn split_bytes() -> Result<Seen> {
    let daemon = || FakeDaemon::v2_6().faults(Faults::seeded(7).split());
    let codec = async |mut side: Codec| Ok(done(side.session.version()).await);
    let sdk = async |side: Sdk| Ok(done(side.client.version()).await);
    compare(("`version` from a daemon whose writes are split anywhere", "done"), daemon, codec, sdk)
        .await
}

async fn event_before_a_reply() -> Result<Seen> {
    let codec = async |mut side: Codec| {
        side.session.log(StreamMode::On).await?;
        let pid = came(side.session.pid()).await;
        let logged = side.has_log();
        Ok(if logged { format!("{pid}, and the event") } else { pid })
    };
    let sdk = async |mut side: Sdk| {
        side.client.log_on().await?;
        let pid = came(side.client.pid()).await;
        Ok(if side.hears_log().await { format!("{pid}, and the event") } else { pid })
    };
    let what = ("`pid` with an event of the log before its reply", "4711, and the event");
    compare(what, FakeDaemon::v2_6, codec, sdk).await
}

impl Codec {
    fn has_log(&mut self) -> bool {
        let mut events = self.session.drain_notifications();
        events.any(|event| matches!(event, Notification::Log { .. }))
    }
}

impl Sdk {
    /// Whether one comes within a second.
    async fn hears_log(&mut self) -> bool {
        let log = async { while !matches!(self.events.next().await, Some(Ok(Event::Log(_)))) {} };
        timeout(Duration::from_secs(1), log).await.is_ok()
    }
}

async fn event_in_a_reply() -> Result<Seen> {
    let lines = ["1700000000,WAIT,,,,,,", ">LOG:1700000001,I,between", "END"];
    let daemon = || FakeDaemon::v2_6().answers("state", &lines);
    let codec = async |mut side: Codec| {
        let state = came(async { side.session.current_state().await.map(|it| it.name) }).await;
        let logged = side.has_log();
        Ok(if logged { format!("{state}, and the event") } else { state })
    };
    let sdk = async |mut side: Sdk| {
        let state = came(async { side.client.state().await.map(|it| it.name) }).await;
        Ok(if side.hears_log().await { format!("{state}, and the event") } else { state })
    };
    let what = ("`state` with an event between the lines of its reply", "WAIT, and the event");
    compare(what, daemon, codec, sdk).await
}

async fn status() -> Result<Seen> {
    let server = || FakeDaemon::v2_7().server_without_client_auth();
    let codec = async |mut side: Codec| {
        side.fake.connects(Client::new("alice"))?;
        let status = side.session.status(StatusFormat::V3).await?;
        Ok(status.clients.iter().map(|client| client.common_name.as_str()).collect())
    };
    let sdk = async |side: Sdk| {
        side.fake.connects(Client::new("alice"))?;
        let Status::Server(server) = side.client.status().await? else { bail!("no server") };
        Ok(server
            .clients
            .iter()
            .filter_map(StatusClient::common_name)
            .map(|it| it.to_string())
            .collect())
    };
    compare(("who is in the `status` of a server of 2.7", "alice"), server, codec, sdk).await
}

async fn bytes_that_are_no_text() -> Result<Seen> {
    let codec = async |mut side: Codec| {
        side.fake.with(|daemon| daemon.says_bytes(b">LOG:1700000000,I,caf\xe9\r\n"));
        Ok(came(side.session.pid()).await)
    };
    let sdk = async |side: Sdk| {
        side.fake.with(|daemon| daemon.says_bytes(b">LOG:1700000000,I,caf\xe9\r\n"));
        Ok(came(side.client.pid()).await)
    };
    compare(("`pid` after an event that is no UTF-8", "4711"), FakeDaemon::v2_6, codec, sdk).await
}
