//! Keys that stay with the manager: `>PK_SIGN:`, `>RSA_SIGN:`, `>NEED-CERTIFICATE:`.

mod signer;

use anyhow::Result;
use openvpn_mgmt::ClientConfig;
use openvpn_mgmt::events::{Event, PkSign, SignCommand};

use crate::lab::{ClientOptions, KeyKind, ServerOptions};
use crate::support::{Bench, Seat};
use signer::Signer;

/// A client whose key we hold.
struct Case {
    announce: u32,
    kind: KeyKind,
    /// What the manager says it can do; OpenVPN 2.5 knows the first two only.
    formats: &'static str,
    /// Configuration of both sides.
    lines: &'static str,
}

/// Connects, signing what is asked for; gives the requests, none where it is skipped.
async fn connect(test: &str, case: Case) -> Result<(Vec<PkSign>, bool)> {
    let Some(bench) = Bench::serving(test)? else { return Ok((Vec::new(), false)) };
    let server = ServerOptions::new().without_client_auth().line(case.lines);
    let server = bench.serving_server(server).await?;
    let identity = bench.lab.identity("client", &case.kind)?;
    let signer = Signer::new(&identity.key, &case.kind);
    let formats = if bench.at_least(2, 6) { case.formats } else { "nopadding pkcs1" };
    let options = ClientOptions::to(&server.daemon).key(case.kind).without_auth_user_pass();
    let mut client = bench.client(options.external_key(formats).line(case.lines)).await?;
    client.answered("version N", client.client.announce_version(case.announce)).await;
    client.release().await;
    let requests = sign_until_connected(&mut client, &signer).await?;
    assert!(!requests.is_empty(), "it connected without a signature");
    client.refused("pk-sig", client.client.pk_sig(b"one too many")).await;
    client.refused("rsa-sig", client.client.rsa_sig(b"one too many")).await;
    Ok((requests, bench.at_least(2, 6)))
}

async fn sign_until_connected(client: &mut Seat, signer: &Signer) -> Result<Vec<PkSign>> {
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
        requests.push(request);
    }
}

const OLD_TLS: &str = "tls-version-min 1.0\ntls-version-max 1.1\ntls-cipher DEFAULT:@SECLEVEL=0";

#[tokio::test]
async fn rsa_key_of_client_version_1() -> Result<()> {
    let (kind, formats) = (KeyKind::Rsa, "nopadding pkcs1 pss");
    let case = Case { announce: 1, kind, formats, lines: "" };
    let (requests, named) = connect("rsa_key_of_client_version_1", case).await?;
    println!(
        "ASKED rsa_key_of_client_version_1 {named} {:?}",
        requests
            .iter()
            .map(|r| (r.command, r.algorithm.clone(), r.data.len(), r.is_message))
            .collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn rsa_key_of_client_version_2() -> Result<()> {
    let (kind, formats) = (KeyKind::Rsa, "nopadding pkcs1 pss");
    let case = Case { announce: 2, kind, formats, lines: "" };
    let (requests, named) = connect("rsa_key_of_client_version_2", case).await?;
    println!(
        "ASKED rsa_key_of_client_version_2 {named} {:?}",
        requests
            .iter()
            .map(|r| (r.command, r.algorithm.clone(), r.data.len(), r.is_message))
            .collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn rsa_key_of_client_version_3() -> Result<()> {
    let (kind, formats) = (KeyKind::Rsa, "nopadding pkcs1 pss");
    let case = Case { announce: 3, kind, formats, lines: "" };
    let (requests, named) = connect("rsa_key_of_client_version_3", case).await?;
    println!(
        "ASKED rsa_key_of_client_version_3 {named} {:?}",
        requests
            .iter()
            .map(|r| (r.command, r.algorithm.clone(), r.data.len(), r.is_message))
            .collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn rsa_key_of_client_version_3_that_hashes() -> Result<()> {
    let (kind, formats) = (KeyKind::Rsa, "nopadding pkcs1 pss digest");
    let case = Case { announce: 3, kind, formats, lines: "" };
    let (requests, named) = connect("rsa_key_of_client_version_3_that_hashes", case).await?;
    println!(
        "ASKED rsa_key_of_client_version_3_that_hashes {named} {:?}",
        requests
            .iter()
            .map(|r| (r.command, r.algorithm.clone(), r.data.len(), r.is_message))
            .collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn rsa_key_of_client_version_3_with_pkcs1() -> Result<()> {
    let (kind, formats) = (KeyKind::Rsa, "pkcs1");
    let case = Case { announce: 3, kind, formats, lines: OLD_TLS };
    let (requests, named) = connect("rsa_key_of_client_version_3_with_pkcs1", case).await?;
    println!(
        "ASKED rsa_key_of_client_version_3_with_pkcs1 {named} {:?}",
        requests
            .iter()
            .map(|r| (r.command, r.algorithm.clone(), r.data.len(), r.is_message))
            .collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn rsa_key_of_client_version_1_with_pkcs1() -> Result<()> {
    let (kind, formats) = (KeyKind::Rsa, "pkcs1");
    let case = Case { announce: 1, kind, formats, lines: OLD_TLS };
    let (requests, named) = connect("rsa_key_of_client_version_1_with_pkcs1", case).await?;
    println!(
        "ASKED rsa_key_of_client_version_1_with_pkcs1 {named} {:?}",
        requests
            .iter()
            .map(|r| (r.command, r.algorithm.clone(), r.data.len(), r.is_message))
            .collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn ec_key_of_client_version_1() -> Result<()> {
    let (kind, formats) = (KeyKind::Ec, "nopadding pkcs1");
    let case = Case { announce: 1, kind, formats, lines: "" };
    let (requests, named) = connect("ec_key_of_client_version_1", case).await?;
    println!(
        "ASKED ec_key_of_client_version_1 {named} {:?}",
        requests
            .iter()
            .map(|r| (r.command, r.algorithm.clone(), r.data.len(), r.is_message))
            .collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn ec_key_of_client_version_2() -> Result<()> {
    let (kind, formats) = (KeyKind::Ec, "nopadding pkcs1");
    let case = Case { announce: 2, kind, formats, lines: "" };
    let (requests, named) = connect("ec_key_of_client_version_2", case).await?;
    println!(
        "ASKED ec_key_of_client_version_2 {named} {:?}",
        requests
            .iter()
            .map(|r| (r.command, r.algorithm.clone(), r.data.len(), r.is_message))
            .collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn ec_key_of_client_version_3() -> Result<()> {
    let (kind, formats) = (KeyKind::Ec, "nopadding pkcs1");
    let case = Case { announce: 3, kind, formats, lines: "" };
    let (requests, named) = connect("ec_key_of_client_version_3", case).await?;
    println!(
        "ASKED ec_key_of_client_version_3 {named} {:?}",
        requests
            .iter()
            .map(|r| (r.command, r.algorithm.clone(), r.data.len(), r.is_message))
            .collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn ec_key_of_client_version_3_that_hashes() -> Result<()> {
    let (kind, formats) = (KeyKind::Ec, "nopadding pkcs1 digest");
    let case = Case { announce: 3, kind, formats, lines: "" };
    let (requests, named) = connect("ec_key_of_client_version_3_that_hashes", case).await?;
    println!(
        "ASKED ec_key_of_client_version_3_that_hashes {named} {:?}",
        requests
            .iter()
            .map(|r| (r.command, r.algorithm.clone(), r.data.len(), r.is_message))
            .collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn a_certificate_comes_from_the_manager() -> Result<()> {
    let test = "a_certificate_comes_from_the_manager";
    let Some(bench) = Bench::serving(test)? else { return Ok(()) };
    let mut server = bench.serving_server(ServerOptions::new()).await?;
    let identity = bench.lab.identity("client", &KeyKind::Ec)?;
    let hint = "macosx-keychain:subject:o=OpenVPN-TEST";
    let options = ClientOptions::to(&server.daemon).external_key("nopadding").external_cert(hint);
    let mut client = bench.client(options).await?;
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
    let peer = server.knock().await;
    let call = server.client.client_auth(peer.cid, peer.kid, ClientConfig::new());
    server.answered("client-auth", call).await;
    client.connected().await;
    client.refused("certificate", client.client.certificate(&pem)).await;
    Ok(())
}
