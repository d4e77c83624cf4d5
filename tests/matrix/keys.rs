//! Keys that stay with the manager: `>PK_SIGN:`, `>RSA_SIGN:`, `>NEED-CERTIFICATE:`.

mod signer;

use anyhow::Result;
use openvpn_mgmt::PeerConfig;
use openvpn_mgmt::events::{Event, PkSign, SignCommand};

use crate::support::{Connection, Fixture};
use lab::{ClientOptions, KeyKind, ServerOptions};
use signer::Signer;

/// A client whose key we hold, and what it asks us to sign.
struct Case {
    announce: u32,
    kind: KeyKind,
    /// What the manager says it can do; OpenVPN 2.5 knows the first two only.
    formats: &'static str,
    /// Configuration of both sides.
    lines: &'static str,
    /// What is asked for, and what OpenVPN 2.5 asks for.
    asks: [&'static str; 2],
}

/// Connects, signing what is asked for.
async fn connect(test: &str, case: Case) -> Result<()> {
    let Some(fixture) = Fixture::serving(test)? else { return Ok(()) };
    let (old, formats) =
        if fixture.at_least(2, 6) { (0, case.formats) } else { (1, "nopadding pkcs1") };
    let server = ServerOptions::new().without_client_auth().line(case.lines);
    let server = fixture.serving_server(server).await?;
    let identity = fixture.lab.identity("client", &case.kind)?;
    let signer = Signer::new(&identity.key, &case.kind);
    let options = ClientOptions::to(&server.daemon).key(case.kind).without_auth_user_pass();
    let mut client = fixture.client(options.external_key(formats).line(case.lines)).await?;
    client.answered("version N", client.client.announce_version(case.announce)).await;
    client.release().await;
    let requests = sign_until_connected(&mut client, &signer).await?;
    assert_eq!(requests, [case.asks[old]]);
    client.refused("pk-sig", client.client.pk_sig(b"one too many")).await;
    client.refused("rsa-sig", client.client.rsa_sig(b"one too many")).await;
    Ok(())
}

/// What is asked for, in words.
fn describe(request: &PkSign) -> String {
    let command = match request.command {
        SignCommand::RsaSig => "RSA_SIGN",
        _ => "PK_SIGN",
    };
    let algorithm = request.algorithm.as_ref().map(|algorithm| format!(" {algorithm}"));
    // How long a message is depends on the versions of both.
    let what = if request.is_message {
        "a message".to_owned()
    } else {
        format!("{} bytes", request.data.len())
    };
    format!("{command}{}: {what}", algorithm.unwrap_or_default())
}

async fn sign_until_connected(client: &mut Connection, signer: &Signer) -> Result<Vec<String>> {
    let mut requests = Vec::new();
    loop {
        let request = client.until("a request to sign, or CONNECTED", |event| match event {
            Event::PkSign(request) => Some(Some(request.clone())),
            Event::State(state) if state.name == openvpn_mgmt::StateName::Connected => Some(None),
            _ => None,
        });
        let Some(request) = request.await else { return Ok(requests) };
        let signature = signer.sign(&request)?;
        match request.command {
            SignCommand::RsaSig => {
                client.answered("rsa-sig", client.client.rsa_sig(&signature)).await;
            }
            _ => client.answered("pk-sig", client.client.pk_sig(&signature)).await,
        }
        client.is_in_step().await;
        requests.push(describe(&request));
    }
}

/// TLS 1.1, where RSA still signs with PKCS#1 padding.
const OLD_TLS: &str = "tls-version-min 1.0\ntls-version-max 1.1\ntls-cipher DEFAULT:@SECLEVEL=0";

#[tokio::test]
async fn rsa_key_of_client_version_1() -> Result<()> {
    let asks = ["RSA_SIGN: 32 bytes", "RSA_SIGN: 256 bytes"];
    let (announce, kind, formats, lines) = (1, KeyKind::Rsa, "nopadding pkcs1 pss", "");
    connect("rsa_key_of_client_version_1", Case { announce, kind, formats, lines, asks }).await
}

#[tokio::test]
async fn rsa_key_of_client_version_2() -> Result<()> {
    let asks = ["PK_SIGN: 32 bytes", "PK_SIGN: 256 bytes"];
    let (announce, kind, formats, lines) = (2, KeyKind::Rsa, "nopadding pkcs1 pss", "");
    connect("rsa_key_of_client_version_2", Case { announce, kind, formats, lines, asks }).await
}

#[tokio::test]
async fn rsa_key_of_client_version_3() -> Result<()> {
    let asks = [
        "PK_SIGN RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest: 32 bytes",
        "PK_SIGN RSA_NO_PADDING: 256 bytes",
    ];
    let (announce, kind, formats, lines) = (3, KeyKind::Rsa, "nopadding pkcs1 pss", "");
    connect("rsa_key_of_client_version_3", Case { announce, kind, formats, lines, asks }).await
}

#[tokio::test]
async fn rsa_key_of_client_version_3_that_hashes() -> Result<()> {
    let asks = [
        "PK_SIGN RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest: a message",
        "PK_SIGN RSA_NO_PADDING: 256 bytes",
    ];
    let (announce, kind, formats, lines) = (3, KeyKind::Rsa, "nopadding pkcs1 pss digest", "");
    connect(
        "rsa_key_of_client_version_3_that_hashes",
        Case { announce, kind, formats, lines, asks },
    )
    .await
}

#[tokio::test]
async fn rsa_key_of_client_version_1_with_old_tls() -> Result<()> {
    let asks = ["RSA_SIGN: 36 bytes"; 2];
    let (announce, kind, formats, lines) = (1, KeyKind::Rsa, "pkcs1", OLD_TLS);
    connect(
        "rsa_key_of_client_version_1_with_old_tls",
        Case { announce, kind, formats, lines, asks },
    )
    .await
}

#[tokio::test]
async fn rsa_key_of_client_version_3_with_old_tls() -> Result<()> {
    let asks = ["PK_SIGN RSA_PKCS1_PADDING: 36 bytes"; 2];
    let (announce, kind, formats, lines) = (3, KeyKind::Rsa, "pkcs1", OLD_TLS);
    connect(
        "rsa_key_of_client_version_3_with_old_tls",
        Case { announce, kind, formats, lines, asks },
    )
    .await
}

#[tokio::test]
async fn ec_key_of_client_version_1() -> Result<()> {
    let asks = ["RSA_SIGN: 32 bytes"; 2];
    let (announce, kind, formats, lines) = (1, KeyKind::Ec, "nopadding pkcs1", "");
    connect("ec_key_of_client_version_1", Case { announce, kind, formats, lines, asks }).await
}

#[tokio::test]
async fn ec_key_of_client_version_2() -> Result<()> {
    let asks = ["PK_SIGN: 32 bytes"; 2];
    let (announce, kind, formats, lines) = (2, KeyKind::Ec, "nopadding pkcs1", "");
    connect("ec_key_of_client_version_2", Case { announce, kind, formats, lines, asks }).await
}

#[tokio::test]
async fn ec_key_of_client_version_3() -> Result<()> {
    let asks = ["PK_SIGN ECDSA: 32 bytes"; 2];
    let (announce, kind, formats, lines) = (3, KeyKind::Ec, "nopadding pkcs1", "");
    connect("ec_key_of_client_version_3", Case { announce, kind, formats, lines, asks }).await
}

#[tokio::test]
async fn ec_key_of_client_version_3_that_hashes() -> Result<()> {
    let asks = ["PK_SIGN ECDSA,hashalg=SHA256: a message", "PK_SIGN ECDSA: 32 bytes"];
    let (announce, kind, formats, lines) = (3, KeyKind::Ec, "nopadding pkcs1 digest", "");
    connect("ec_key_of_client_version_3_that_hashes", Case { announce, kind, formats, lines, asks })
        .await
}

#[tokio::test]
async fn a_certificate_comes_from_the_manager() -> Result<()> {
    let test = "a_certificate_comes_from_the_manager";
    let Some(fixture) = Fixture::serving(test)? else { return Ok(()) };
    let mut server = fixture.serving_server(ServerOptions::new()).await?;
    let identity = fixture.lab.identity("client", &KeyKind::Ec)?;
    let hint = "macosx-keychain:subject:o=OpenVPN-TEST";
    let options = ClientOptions::to(&server.daemon).external_key("nopadding").external_cert(hint);
    let mut client = fixture.client(options).await?;
    client.answered("version N", client.client.announce_version(2)).await;
    client.release().await;
    client.log_in("alice", "secret").await;
    let asked = client.until("a request for a certificate", |event| match event {
        Event::NeedCertificate(need) => Some(need.hint.clone()),
        _ => None,
    });
    assert_eq!(asked.await, hint);
    let pem = std::fs::read_to_string(&identity.cert)?;
    client.answered("certificate", client.client.certificate(&pem)).await;
    let request = client.until("a request to sign", |event| match event {
        Event::PkSign(request) => Some(request.clone()),
        _ => None,
    });
    let signature = Signer::new(&identity.key, &KeyKind::Ec).sign(&request.await)?;
    client.answered("pk-sig", client.client.pk_sig(&signature)).await;
    let peer = server.next_client().await;
    let call = server.client.client_auth(peer.cid, peer.kid, PeerConfig::new());
    server.answered("client-auth", call).await;
    client.connected().await;
    client.refused("certificate", client.client.certificate(&pem)).await;
    Ok(())
}
