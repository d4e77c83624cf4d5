//! A server and a client of our own, to sign for.

use anyhow::{Result, bail};
use openvpn_mgmt::{Event, Events, Signal, connect};
use program_common::screen::show;

use crate::key::Key;
use crate::tunnel::Tunnel;
use crate::{Args, Keys, in_time};
use lab::{ClientOptions, Daemon, Identity, KeyKind, Lab, Process, ServerOptions, Version};

pub(crate) async fn run(args: &Args) -> Result<()> {
    let daemon = match &args.openvpn {
        Some(path) => Daemon::at(std::path::absolute(path)?)?,
        None => Daemon::find()?,
    };
    show(format!("OpenVPN {} ({})", daemon.version(), daemon.path().display()));
    let lab = Lab::with(daemon)?;
    lab.can_serve()?;
    let server = lab.server(ServerOptions::new().without_client_auth().without_hold()).await?;
    let kinds: &[KeyKind] = match args.key {
        Keys::Rsa => &[KeyKind::Rsa],
        Keys::Ec => &[KeyKind::Ec],
        Keys::Both => &[KeyKind::Rsa, KeyKind::Ec],
    };
    let (at_server, mut server_events, _) = connect(server.socket()).await?.split();
    at_server.log_on().await?;
    for kind in kinds {
        let tunnel = sign(args, &lab, &server, kind);
        tokio::select! {
            result = in_time(args, tunnel) => result?,
            refusal = refusal(&mut server_events) => bail!("the server refused the client: {refusal}"),
        }
    }
    show("done: every key stayed outside the daemon");
    Ok(())
}

/// One client, from its start to its end.
async fn sign(args: &Args, lab: &Lab, server: &Process, kind: &KeyKind) -> Result<()> {
    let identity = lab.identity("alice", kind)?;
    let certificate = std::fs::read_to_string(&identity.cert)?;
    let key = choose_key(args, lab, &identity, kind, &certificate)?;
    let name = key.name();
    let formats =
        args.formats.clone().unwrap_or_else(|| all_formats(lab.daemon().version(), args.announce));
    show(format!(
        "{name} key, version {} announced, management-external-key {formats}",
        args.announce
    ));

    let mut options = ClientOptions::to(server).common_name("alice").key(kind.clone());
    options = options.without_auth_user_pass().external_key(&formats).external_cert("demo:alice");
    if let Some(version) = &args.tls_max {
        options = options.line(&format!("tls-version-max {version}"));
    }
    let mut process = lab.client(options).await?;
    let session = connect(process.socket()).await?;
    let mut tunnel = Tunnel::open(session, key, Some(certificate), args.announce).await?;
    tunnel.connected().await?;
    show(format!("{name}: tunnel CONNECTED"));
    tunnel.client.signal(Signal::Sigterm).await?;
    process.wait().await?;
    Ok(())
}

fn choose_key(
    args: &Args,
    lab: &Lab,
    identity: &Identity,
    kind: &KeyKind,
    certificate: &str,
) -> Result<Key> {
    if args.wrong_key {
        show("signing with mallory's key, which does not belong to alice's certificate");
        return Key::read(&lab.identity("mallory", kind)?.key);
    }
    let key = Key::read(&identity.key)?;
    key.check_belongs_to(certificate)?;
    Ok(key)
}

/// All that this daemon may ask for, and this version of the protocol can tell apart.
fn all_formats(daemon: Version, announce: u32) -> String {
    let formats = if daemon < Version::new(2, 6, 0) {
        "nopadding pkcs1"
    } else if announce < 3 {
        "nopadding pkcs1 pss"
    } else {
        "nopadding pkcs1 pss digest"
    };
    formats.to_owned()
}

/// Waits until the server gives up on a client's handshake; a client over UDP is told nothing
/// of it, and would wait for its own hand-window.
async fn refusal(events: &mut Events) -> String {
    let mut why = String::new();
    while let Some(event) = events.next().await {
        let Ok(Event::Log(line)) = event else { continue };
        let text = line.text.to_string_lossy();
        if text.contains("TLS handshake failed") {
            return format!("{text}{why}");
        }
        if text.contains("OpenSSL: ") || text.contains("VERIFY ERROR") {
            why = format!(" ({text})");
        }
    }
    std::future::pending().await
}
