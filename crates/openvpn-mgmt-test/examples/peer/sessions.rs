//! How sessions begin, and what a restart does to them.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::SinkExt as _;
use openvpn_mgmt::events::Password;
use openvpn_mgmt::{Builder, Error, Event, Request};
use openvpn_mgmt_codec::{
    AuthType, ManagementSession, Notification, OvpnCodec, OvpnCommand, OvpnMessage,
    PasswordNotification, Redacted,
};
use openvpn_mgmt_test::{AuthRetry, Client, Daemon, FakeDaemon, ServerAction};
use tokio::io::DuplexStream;
use tokio_util::codec::Framed;

use crate::sides::{Codec, Sdk, Seen, came, compare, done, greeted, next, refused};

pub(crate) async fn all() -> Result<Vec<Seen>> {
    Ok(vec![
        password().await?,
        second_password().await?,
        second_manager().await?,
        reason().await?,
        secret().await?,
        restart().await?,
    ])
}

async fn password() -> Result<Seen> {
    let fake = FakeDaemon::v2_6().password("s3cret");
    let mut codec = with_passwords(&fake, &["s3cret"]).await?;
    let codec = done(codec.version()).await;
    let fake = FakeDaemon::v2_6().password("s3cret");
    let sdk = Sdk::connect_as(fake, Builder::new().requests(false).password("s3cret")).await?;
    let sdk = done(sdk.client.version()).await;
    let what = "the management password, asked for without a line end, then `version`";
    Ok(Seen { what, should: "done", codec, sdk })
}

/// The codec tries again on its connection, the SDK on a new one.
async fn second_password() -> Result<Seen> {
    let fake = FakeDaemon::v2_6().password("s3cret");
    let mut codec = with_passwords(&fake, &["wrong", "s3cret"]).await?;
    let codec = done(codec.version()).await;
    let fake = FakeDaemon::v2_6().password("s3cret");
    let wrong = Builder::new().requests(false).password("wrong").attach(fake.connect()?).await;
    ensure!(matches!(wrong, Err(Error::PasswordRejected)), "a wrong password: {wrong:?}");
    let sdk = Sdk::connect_as(fake, Builder::new().requests(false).password("s3cret")).await?;
    let sdk = done(sdk.client.version()).await;
    Ok(Seen { what: "a wrong password, the right one, then `version`", should: "done", codec, sdk })
}

/// A session of the codec that has given these passwords, one a prompt, and is greeted.
async fn with_passwords(
    fake: &FakeDaemon,
    passwords: &[&str],
) -> Result<ManagementSession<DuplexStream>> {
    let mut frames = Framed::new(fake.connect()?, OvpnCodec::new());
    for password in passwords {
        let prompt = next(&mut frames).await?;
        ensure!(prompt == OvpnMessage::PasswordPrompt, "no prompt: {prompt:?}");
        frames.send(OvpnCommand::ManagementPassword(Redacted::new(*password))).await?;
    }
    let accepted = next(&mut frames).await?;
    ensure!(matches!(accepted, OvpnMessage::Success(_)), "not accepted: {accepted:?}");
    greeted(frames).await
}

async fn second_manager() -> Result<Seen> {
    let fake = FakeDaemon::v2_6();
    let _first = fake.connect()?;
    let mut session = ManagementSession::new(Framed::new(fake.connect()?, OvpnCodec::new()));
    let codec = came(session.pid()).await;
    let session = Builder::new().requests(false).attach(fake.connect()?).await;
    let sdk = match session {
        Err(Error::NoGreeting { .. }) => "told that another may hold the session".to_owned(),
        other => format!("{other:?}"),
    };
    let what = "the second manager of a daemon";
    Ok(Seen { what, should: "told that another may hold the session", codec, sdk })
}

async fn reason() -> Result<Seen> {
    let client = || FakeDaemon::v2_6().query_passwords().auth_retry(AuthRetry::Interact);
    let codec = async |mut side: Codec| {
        side.session.username(AuthType::Auth, "alice").await?;
        side.session.password(AuthType::Auth, "s3cret").await?;
        side.fake.server_does(&ServerAction::Denies(Some("closed today".to_owned())))?;
        side.session.pid().await?;
        let told = side.session.drain_notifications().find_map(|event| match event {
            Notification::Password(PasswordNotification::VerificationFailed { .. }) => {
                Some("a refusal without its reason".to_owned())
            }
            Notification::Simple { kind, payload } => {
                Some(format!("the line, not read: {kind}:{payload}"))
            }
            _ => None,
        });
        told.context("no refusal")
    };
    let sdk = async |mut side: Sdk| {
        side.client.username("Auth", "alice").await?;
        side.client.password("Auth", "s3cret").await?;
        side.fake.server_does(&ServerAction::Denies(Some("closed today".to_owned())))?;
        loop {
            let event = side.events.next().await.context("no refusal")??;
            if let Event::Password(Password::VerificationFailed { reason: Some(reason), .. }) =
                event
            {
                return Ok(reason.to_string());
            }
        }
    };
    compare(("why a server refused a client", "closed today"), client, codec, sdk).await
}

/// What the event of a client shows in `Debug`.
async fn secret() -> Result<Seen> {
    let server = || FakeDaemon::v2_6().server();
    let alice = || Client::new("alice").password("hush");
    let codec = async |mut side: Codec| {
        side.fake.connects(alice())?;
        side.session.pid().await?;
        let shown: Vec<_> = side.session.drain_notifications().collect();
        Ok(shows(&format!("{shown:?}")).to_owned())
    };
    let sdk = async |mut side: Sdk| {
        side.fake.connects(alice())?;
        let mut shown = String::new();
        while !shown.contains("alice") {
            shown = format!("{:?}", side.events.next().await.context("alice has not come")??);
        }
        Ok(shows(&shown).to_owned())
    };
    compare(("the `Debug` of a client with its password", "alice alone"), server, codec, sdk).await
}

fn shows(text: &str) -> &'static str {
    match (text.contains("alice"), text.contains("hush")) {
        (true, true) => "alice and the password",
        (true, false) => "alice alone",
        _ => "neither",
    }
}

/// Alice waits at a server as CID 0, the server restarts, and bob waits as CID 0.
async fn restart() -> Result<Seen> {
    let server = || FakeDaemon::v2_6().server();
    let mut codec = Codec::connect(server()).await?;
    codec.fake.connects(Client::new("alice"))?;
    codec.session.pid().await?;
    let alice = codec.session.drain_notifications().find_map(|event| match event {
        Notification::Client { cid, kid: Some(kid), .. } => Some((cid, kid)),
        _ => None,
    });
    let (cid, kid) = alice.context("alice has not come")?;
    bob_comes(&codec.fake)?;
    let answer = done(codec.session.client_auth_nt(cid, kid)).await;
    let codec = format!("{answer}, {}", bob(&codec.fake));

    let mut sdk = Sdk::connect_as(server(), Builder::new()).await?;
    sdk.fake.connects(Client::new("alice"))?;
    let alice = sdk.requests.next().await.context("alice has not come")?;
    let Request::ClientConnect(alice) = alice else { bail!("not alice: {alice:?}") };
    bob_comes(&sdk.fake)?;
    let answer = alice.allow().await;
    let is_stale = matches!(answer, Err(Error::Stale { .. }));
    let sdk = format!("{}, {}", refused(is_stale), bob(&sdk.fake));
    let what = "alice is let in as CID 0, after a restart that made bob CID 0";
    Ok(Seen { what, should: "refused, bob waits", codec, sdk })
}

fn bob_comes(fake: &FakeDaemon) -> Result<()> {
    fake.with(Daemon::restarts_by_itself);
    fake.time_passes(Duration::from_secs(10));
    fake.connects(Client::new("bob"))?;
    Ok(())
}

fn bob(fake: &FakeDaemon) -> &'static str {
    if fake.with(|daemon| daemon.is_client_in("bob")) { "bob is in" } else { "bob waits" }
}
