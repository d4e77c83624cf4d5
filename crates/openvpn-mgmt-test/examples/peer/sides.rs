//! How each of the two crates is connected to a fake daemon, and how what it did is put.

use std::fmt::Display;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::StreamExt as _;
use openvpn_mgmt::{Builder, Client, Events, Requests};
use openvpn_mgmt_codec::{ManagementSession, OvpnCodec, OvpnMessage};
use openvpn_mgmt_test::FakeDaemon;
use tokio::io::DuplexStream;
use tokio_util::codec::Framed;

/// What came of one scenario.
pub(crate) struct Seen {
    pub(crate) what: &'static str,
    pub(crate) should: &'static str,
    pub(crate) codec: String,
    pub(crate) sdk: String,
}

pub(crate) type Frames = Framed<DuplexStream, OvpnCodec>;

/// The codec, and the daemon it talks to.
pub(crate) struct Codec {
    pub(crate) fake: FakeDaemon,
    pub(crate) session: ManagementSession<DuplexStream>,
}

/// The SDK, and the daemon it talks to.
pub(crate) struct Sdk {
    pub(crate) fake: FakeDaemon,
    pub(crate) client: Client,
    pub(crate) events: Events,
    pub(crate) requests: Requests,
}

impl Codec {
    pub(crate) async fn connect(fake: FakeDaemon) -> Result<Self> {
        Self::connect_with(fake, OvpnCodec::new()).await
    }

    pub(crate) async fn connect_with(fake: FakeDaemon, codec: OvpnCodec) -> Result<Self> {
        let session = greeted(Framed::new(fake.connect()?, codec)).await?;
        Ok(Self { fake, session })
    }
}

impl Sdk {
    /// It sends nothing of its own: the codec does not either.
    pub(crate) async fn connect(fake: FakeDaemon) -> Result<Self> {
        Self::connect_as(fake, Builder::new().requests(false)).await
    }

    pub(crate) async fn connect_as(fake: FakeDaemon, builder: Builder) -> Result<Self> {
        let (client, events, requests) = builder.attach(fake.connect()?).await?.split();
        Ok(Self { fake, client, events, requests })
    }
}

/// A session of the codec that has its greeting behind it, which it takes for a reply otherwise (the first scenario).
pub(crate) async fn greeted(mut frames: Frames) -> Result<ManagementSession<DuplexStream>> {
    let greeting = next(&mut frames).await?;
    ensure!(matches!(greeting, OvpnMessage::Info(_)), "no greeting: {greeting:?}");
    Ok(ManagementSession::new(frames))
}

pub(crate) async fn next(frames: &mut Frames) -> Result<OvpnMessage> {
    Ok(frames.next().await.context("the daemon has closed")??)
}

/// Runs a scenario with both, each with a daemon of its own.
pub(crate) async fn compare(
    (what, should): (&'static str, &'static str),
    daemon: impl Fn() -> FakeDaemon,
    codec: impl AsyncFnOnce(Codec) -> Result<String>,
    sdk: impl AsyncFnOnce(Sdk) -> Result<String>,
) -> Result<Seen> {
    let codec = codec(Codec::connect(daemon()).await?).await?;
    let sdk = sdk(Sdk::connect(daemon()).await?).await?;
    Ok(Seen { what, should, codec, sdk })
}

/// What came of a call.
pub(crate) async fn came<T: Display, E: Display>(
    call: impl Future<Output = Result<T, E>>,
) -> String {
    match tokio::time::timeout(Duration::from_secs(60), call).await {
        Ok(Ok(value)) => value.to_string(),
        Ok(Err(error)) => shortened(format!("error: {error}")),
        Err(_) => "nothing within a minute".to_owned(),
    }
}

/// A text of one line of a terminal.
fn shortened(text: String) -> String {
    match text.char_indices().nth(110) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// What came of a call that was to be refused.
pub(crate) fn refused(is_refused: bool) -> &'static str {
    if is_refused { "refused" } else { "taken" }
}

/// What came of a call whose reply cannot be read.
pub(crate) fn an_error(is_error: bool) -> &'static str {
    if is_error { "an error" } else { "a value" }
}

/// What came of a call with nothing to tell but that it was done.
pub(crate) async fn done<T, E: Display>(call: impl Future<Output = Result<T, E>>) -> String {
    came(async { call.await.map(|_| "done") }).await
}
