//! What is sent, and what the daemon reads in it.

use anyhow::Result;
use openvpn_mgmt::{Cid, Kid, KillTarget};
use openvpn_mgmt_codec::{ClientDeny, EncoderMode, OvpnCodec};
use openvpn_mgmt_test::FakeDaemon;

use crate::sides::{Codec, Sdk, Seen, compare, done, refused};

pub(crate) async fn all() -> Result<Vec<Seen>> {
    Ok(vec![
        quotes().await?,
        line_end().await?,
        after_a_refusal_of_its_own().await?,
        blank_in_a_name().await?,
    ])
}

/// A server that alice waits at, as CID 0 and KID 1.
fn alice() -> FakeDaemon {
    FakeDaemon::v2_6().server().client_connects("alice", |it| it)
}

fn no(reason: &str) -> ClientDeny {
    ClientDeny { cid: 0, kid: 1, reason: reason.to_owned(), client_reason: Some(reason.to_owned()) }
}

fn heard(fake: &FakeDaemon, text: &str) -> &'static str {
    if fake.with(|daemon| daemon.client_heard("alice", text)) { "heard" } else { "not heard" }
}

async fn quotes() -> Result<Seen> {
    let reason = r#"say "please" \o/"#;
    let codec = async |mut side: Codec| {
        side.session.client_deny(no(reason)).await?;
        Ok(heard(&side.fake, reason).to_owned())
    };
    let sdk = async |side: Sdk| {
        side.client.client_deny(Cid(0), Kid(1), reason, Some(reason)).await?;
        Ok(heard(&side.fake, reason).to_owned())
    };
    compare(("`client-deny` with quotes and a backslash in its text", "heard"), alice, codec, sdk)
        .await
}

async fn line_end() -> Result<Seen> {
    let reason = "come\nlater";
    let codec = async |mut side: Codec| match side.session.client_deny(no(reason)).await {
        Ok(()) => Ok(side.fake.hears("client-deny").await?),
        Err(_) => Ok("refused".to_owned()),
    };
    let sdk =
        async |side: Sdk| match side.client.client_deny(Cid(0), Kid(1), reason, Some(reason)).await
        {
            Ok(()) => Ok(side.fake.hears("client-deny").await?),
            Err(_) => Ok("refused".to_owned()),
        };
    compare(("`client-deny` with a line end in its text", "refused"), alice, codec, sdk).await
}

async fn after_a_refusal_of_its_own() -> Result<Seen> {
    let strict = OvpnCodec::new().with_encoder_mode(EncoderMode::Strict);
    let mut codec = Codec::connect_with(alice(), strict).await?;
    let denied = codec.session.client_deny(no("come\nlater")).await;
    let codec = format!("{}; {}", refused(denied.is_err()), done(codec.session.version()).await);
    let sdk = Sdk::connect(alice()).await?;
    let denied = sdk.client.client_deny(Cid(0), Kid(1), "come\nlater", None::<&str>).await;
    let sdk = format!("{}; {}", refused(denied.is_err()), done(sdk.client.version()).await);
    let what = "the same with the codec's `EncoderMode::Strict`, then `version`";
    Ok(Seen { what, should: "refused; done", codec, sdk })
}

async fn blank_in_a_name() -> Result<Seen> {
    let both = || {
        let server = FakeDaemon::v2_6().server_without_client_auth();
        server.client_connects("al", |it| it).client_connects("al ice", |it| it)
    };
    let codec = async |mut side: Codec| {
        let name = openvpn_mgmt_codec::KillTarget::CommonName("al ice".to_owned());
        side.session.kill(name).await?;
        Ok(killed(&side.fake))
    };
    let sdk = async |side: Sdk| {
        side.client.kill(&KillTarget::CommonName("al ice".to_owned())).await?;
        Ok(killed(&side.fake))
    };
    let what = ("who ends by `kill` of \"al ice\", with another client that is \"al\"", "al ice");
    compare(what, both, codec, sdk).await
}

/// By what the daemon answered.
fn killed(fake: &FakeDaemon) -> String {
    let said = fake.conversation();
    let name = said.rsplit_once("common name '").and_then(|(_, rest)| rest.split_once("' found"));
    name.map_or("nobody", |(name, _)| name).to_owned()
}
