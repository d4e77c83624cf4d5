//! What is sent, and what the daemon reads in it.

use anyhow::Result;
use openvpn_mgmt::{Cid, Error, Kid, KillTarget};
use openvpn_mgmt_codec::{ClientDeny, EncoderMode, OvpnCodec, SessionError};
use openvpn_mgmt_test::{Client, FakeDaemon};

use crate::sides::{Codec, Sdk, Seen, compare, done, refused};

const TWO_LINES: &str = "come\nlater";

pub(crate) async fn all() -> Result<Vec<Seen>> {
    Ok(vec![
        quotes().await?,
        line_end().await?,
        after_a_refusal_of_its_own().await?,
        blank_in_a_name().await?,
    ])
}

fn server() -> FakeDaemon {
    FakeDaemon::v2_6().server()
}

/// For alice, who is the first.
fn no(reason: &str) -> ClientDeny {
    ClientDeny { cid: 0, kid: 1, reason: reason.to_owned(), client_reason: Some(reason.to_owned()) }
}

fn heard(fake: &FakeDaemon, text: &str) -> &'static str {
    if fake.with(|daemon| daemon.client_heard("alice", text)) { "heard" } else { "not heard" }
}

async fn quotes() -> Result<Seen> {
    let reason = r#"say "please" \o/"#;
    let codec = async |mut side: Codec| {
        side.fake.connects(Client::new("alice"))?;
        side.session.client_deny(no(reason)).await?;
        Ok(heard(&side.fake, reason).to_owned())
    };
    let sdk = async |side: Sdk| {
        side.fake.connects(Client::new("alice"))?;
        side.client.client_deny(Cid(0), Kid(1), reason, Some(reason)).await?;
        Ok(heard(&side.fake, reason).to_owned())
    };
    compare(("`client-deny` with quotes and a backslash in its text", "heard"), server, codec, sdk)
        .await
}

async fn line_end() -> Result<Seen> {
    let codec = async |mut side: Codec| {
        side.fake.connects(Client::new("alice"))?;
        match side.session.client_deny(no(TWO_LINES)).await {
            Err(SessionError::Io(_)) => Ok("refused".to_owned()),
            _ => Ok(side.fake.hears("client-deny").await?),
        }
    };
    let sdk = async |side: Sdk| {
        side.fake.connects(Client::new("alice"))?;
        match side.client.client_deny(Cid(0), Kid(1), TWO_LINES, Some(TWO_LINES)).await {
            Err(Error::InvalidArgument { .. }) => Ok("refused".to_owned()),
            _ => Ok(side.fake.hears("client-deny").await?),
        }
    };
    compare(("`client-deny` with a line end in its text", "refused"), server, codec, sdk).await
}

async fn after_a_refusal_of_its_own() -> Result<Seen> {
    let strict = OvpnCodec::new().with_encoder_mode(EncoderMode::Strict);
    let mut codec = Codec::connect_with(server(), strict).await?;
    codec.fake.connects(Client::new("alice"))?;
    let denied = codec.session.client_deny(no(TWO_LINES)).await;
    let is_refused = matches!(denied, Err(SessionError::Io(_)));
    let codec = format!("{}; {}", refused(is_refused), done(codec.session.version()).await);
    let sdk = Sdk::connect(server()).await?;
    sdk.fake.connects(Client::new("alice"))?;
    let denied = sdk.client.client_deny(Cid(0), Kid(1), TWO_LINES, Some(TWO_LINES)).await;
    let is_refused = matches!(denied, Err(Error::InvalidArgument { .. }));
    let sdk = format!("{}; {}", refused(is_refused), done(sdk.client.version()).await);
    let what = "the same with the codec's `EncoderMode::Strict`, then `version`";
    Ok(Seen { what, should: "refused; done", codec, sdk })
}

async fn blank_in_a_name() -> Result<Seen> {
    let codec = async |mut side: Codec| {
        let name = openvpn_mgmt_codec::KillTarget::CommonName("al ice".to_owned());
        two_connect(&side.fake)?;
        side.session.kill(name).await?;
        Ok(killed(&side.fake))
    };
    let sdk = async |side: Sdk| {
        two_connect(&side.fake)?;
        side.client.kill(&KillTarget::CommonName("al ice".to_owned())).await?;
        Ok(killed(&side.fake))
    };
    let what = ("who ends by `kill` of \"al ice\", with another client that is \"al\"", "al ice");
    compare(what, || FakeDaemon::v2_6().server_without_client_auth(), codec, sdk).await
}

fn two_connect(fake: &FakeDaemon) -> Result<()> {
    fake.connects(Client::new("al"))?;
    fake.connects(Client::new("al ice"))?;
    Ok(())
}

/// By what the daemon answered.
fn killed(fake: &FakeDaemon) -> String {
    let said = fake.conversation();
    let name = said.rsplit_once("common name '").and_then(|(_, rest)| rest.split_once("' found"));
    name.map_or("nobody", |(name, _)| name).to_owned()
}
