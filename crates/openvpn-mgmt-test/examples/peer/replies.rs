//! Which reply belongs to which command.

use std::time::Duration;

use anyhow::Result;
use openvpn_mgmt::Error;
use openvpn_mgmt_codec::{ManagementSession, OvpnCodec, SessionError};
use openvpn_mgmt_test::{Client, FakeDaemon, Faults};
use tokio::time::timeout;
use tokio_util::codec::Framed;

use crate::sides::{Codec, Sdk, Seen, an_error, came, compare, done, refused};

pub(crate) async fn all() -> Result<Vec<Seen>> {
    Ok(vec![
        greeting().await?,
        reply_like_an_event().await?,
        no_reply().await?,
        no_reply_of_an_older_daemon().await?,
        two_replies().await?,
        refused_block().await?,
        unasked_reply().await?,
        wrong_words().await?,
        late_reply().await?,
    ])
}

async fn greeting() -> Result<Seen> {
    let fake = FakeDaemon::v2_6();
    let mut session = ManagementSession::new(Framed::new(fake.connect()?, OvpnCodec::new()));
    let codec = format!("{}; {}", came(session.pid()).await, came(session.hold_query()).await);
    let sdk = Sdk::connect(FakeDaemon::v2_6()).await?;
    let sdk = format!("{}; {}", came(sdk.client.pid()).await, came(sdk.client.hold()).await);
    Ok(Seen { what: "`pid` and `hold` right after connecting", should: "4711; false", codec, sdk })
}

async fn reply_like_an_event() -> Result<Seen> {
    let codec = async |mut side: Codec| Ok(done(side.session.pkcs11_id_count()).await);
    let sdk = async |side: Sdk| Ok(done(side.client.pkcs11_id_count()).await);
    let what = ("`pkcs11-id-count`, whose reply looks like an event", "done");
    compare(what, FakeDaemon::v2_6, codec, sdk).await
}

async fn no_reply() -> Result<Seen> {
    let codec = async |mut side: Codec| {
        side.session.set_version(2).await?;
        Ok(done(side.session.version()).await)
    };
    let sdk = async |side: Sdk| {
        side.client.announce_version(2).await?;
        Ok(done(side.client.version()).await)
    };
    let what = ("`version` after `version 2`, which has no reply", "done");
    compare(what, FakeDaemon::v2_6, codec, sdk).await
}

async fn no_reply_of_an_older_daemon() -> Result<Seen> {
    let codec = async |mut side: Codec| Ok(done(side.session.set_version(4)).await);
    let sdk = async |side: Sdk| Ok(done(side.client.announce_version(4)).await);
    let what = ("`version 4`, which has a reply on 2.7 and none on 2.6", "done");
    compare(what, FakeDaemon::v2_6, codec, sdk).await
}

async fn two_replies() -> Result<Seen> {
    let server = || FakeDaemon::v2_7().server_without_client_auth();
    let codec = async |mut side: Codec| {
        side.fake.connects(Client::new("alice"))?;
        let pushed = done(side.session.push_update_broad("route 10.1.0.0 255.255.0.0")).await;
        Ok(format!("{pushed}; {}", came(side.session.pid()).await))
    };
    let sdk = async |side: Sdk| {
        side.fake.connects(Client::new("alice"))?;
        let pushed = done(side.client.push_update_broad("route 10.1.0.0 255.255.0.0")).await;
        Ok(format!("{pushed}; {}", came(side.client.pid()).await))
    };
    let what = ("`push-update-broad`, which has two replies, then `pid`", "done; 4711");
    compare(what, server, codec, sdk).await
}

async fn refused_block() -> Result<Seen> {
    let codec = async |mut side: Codec| {
        let answer = side.session.pk_sig(vec!["c2lnbmF0dXJl".to_owned()]).await;
        let is_refused = matches!(answer, Err(SessionError::ServerError(_)));
        Ok(format!("{}; {}", refused(is_refused), came(side.session.pid()).await))
    };
    let sdk = async |side: Sdk| {
        let answer = side.client.pk_sig(b"signature").await;
        let is_refused = matches!(answer, Err(Error::Refused { .. }));
        Ok(format!("{}; {}", refused(is_refused), came(side.client.pid()).await))
    };
    let what =
        ("`pk-sig` with no prompt, whose every line is refused, then `pid`", "refused; 4711");
    compare(what, FakeDaemon::v2_6, codec, sdk).await
}

async fn unasked_reply() -> Result<Seen> {
    let codec = async |mut side: Codec| {
        side.fake.with(|daemon| daemon.says("SUCCESS: nobody asked"));
        Ok(format!("{}; {}", came(side.session.pid()).await, came(side.session.pid()).await))
    };
    let sdk = async |side: Sdk| {
        side.fake.with(|daemon| daemon.says("SUCCESS: nobody asked"));
        Ok(format!("{}; {}", came(side.client.pid()).await, came(side.client.pid()).await))
    };
    let what = ("two `pid` after a reply that nobody asked for", "4711; 4711");
    compare(what, FakeDaemon::v2_6, codec, sdk).await
}

async fn wrong_words() -> Result<Seen> {
    let daemon = || FakeDaemon::v2_6().answers("pid", &["SUCCESS: pid=none"]);
    let codec = async |mut side: Codec| {
        let pid = side.session.pid().await;
        Ok(format!("{}; {}", an_error(pid.is_err()), came(side.session.hold_query()).await))
    };
    let sdk = async |side: Sdk| {
        let pid = side.client.pid().await;
        Ok(format!("{}; {}", an_error(pid.is_err()), came(side.client.hold()).await))
    };
    compare(("`pid` that is no number, then `hold`", "an error; false"), daemon, codec, sdk).await
}

async fn late_reply() -> Result<Seen> {
    let slow = || FakeDaemon::v2_6().faults(Faults::seeded(7).delay(Duration::from_secs(2)));
    let soon = Duration::from_millis(1);
    let codec = async |mut side: Codec| {
        let _ = timeout(soon, side.session.pid()).await;
        Ok(came(side.session.hold_query()).await)
    };
    let sdk = async |side: Sdk| {
        let _ = timeout(soon, side.client.pid()).await;
        Ok(came(side.client.hold()).await)
    };
    compare(("`hold` after a `pid` that its caller gave up", "false"), slow, codec, sdk).await
}
