//! `external_key`, run unattended on real daemons.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use lab::{ClientOptions, End, Lab, Process, Program, ServerOptions, Version, full_pipe, skip};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_external_key");
const CONNECTED: &str = "tunnel CONNECTED";

/// Runs the program. Its own deadline is for people who wait; here others keep the machine busy.
async fn external_key(arguments: &[&str], env: &[(&str, &Path)]) -> Result<End> {
    let program =
        Program::with(PROGRAM, &[arguments, &["--deadline", "300"]].concat(), |command| {
            command.envs(env.iter().copied()).stdin(Stdio::null()).stderr(Stdio::piped());
        })?;
    program.ends().await
}

#[tokio::test]
async fn rsa_and_ec_keys_sign_in_every_version() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("rsa_and_ec_keys_sign_in_every_version")? else {
        return Ok(());
    };
    for version in ["1", "2", "3"] {
        let end = external_key(&["--announce", version], &[]).await?;
        end.succeeded().shows("signed: RSA, ").shows("signed: ECDSA, ");
        end.shows("RSA: tunnel CONNECTED").shows("P-256: tunnel CONNECTED");
        end.shows("done: every key stayed outside the daemon");
        assert_eq!(end.output.contains("not told how"), version != "3", "{}", end.output);
    }
    Ok(())
}

#[tokio::test]
async fn pkcs1_signatures_are_accepted() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("pkcs1_signatures_are_accepted")? else { return Ok(()) };
    // By itself TLS prefers PSS.
    let settings = lab.dir().join("openssl.cnf");
    let text = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n\
                [c]\nSignatureAlgorithms = RSA+SHA256:ECDSA+SHA256\n";
    std::fs::write(&settings, text)?;
    for version in ["1", "3"] {
        let args = ["--key", "rsa", "--tls-max", "1.2", "--announce", version];
        let end = external_key(&args, &[("OPENSSL_CONF", &settings)]).await?;
        end.succeeded().shows("signed: RSA, PKCS#1 padding").shows("RSA: tunnel CONNECTED");
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_key_ends_it_with_the_servers_words() -> Result<()> {
    let name = "a_wrong_key_ends_it_with_the_servers_words";
    let Some(_) = Lab::serving_or_skip(name)? else { return Ok(()) };
    for kind in ["rsa", "ec"] {
        let end = external_key(&["--wrong-key", "--key", kind], &[]).await?;
        end.failed_with("the server refused the client").failed_with("bad signature");
    }
    Ok(())
}

#[tokio::test]
async fn data_that_cannot_be_signed_ends_it() -> Result<()> {
    let name = "data_that_cannot_be_signed_ends_it";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    if lab.daemon().version() < Version::new(2, 6, 0) {
        skip(name, &"before OpenVPN 2.6 no message is sent to be signed");
        return Ok(());
    }
    for kind in ["rsa", "ec"] {
        let args = ["--announce", "2", "--formats", "pss digest", "--key", kind];
        external_key(&args, &[]).await?.failed_with("announce version 3");
    }
    Ok(())
}

/// A P-384 key, its certificate, and a server that trusts it.
struct Outsider {
    key: String,
    certificate: String,
    server: Process,
}

impl Outsider {
    async fn new(lab: &Lab) -> Result<Self> {
        let generate = || KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384);
        let (ca_key, key) = (generate()?, generate()?);
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.distinguished_name.push(DnType::CommonName, "another-ca");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = ca.self_signed(&ca_key)?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "bob");
        let certificate = params.signed_by(&key, &ca, &ca_key)?.pem();
        let trusted = lab.dir().join("trusted.crt");
        std::fs::write(&trusted, std::fs::read_to_string(lab.dir().join("ca.crt"))? + &ca.pem())?;
        let options = ServerOptions::new().without_client_auth().without_hold();
        let server = lab.server(options.line(&format!("ca \"{}\"", trusted.display()))).await?;
        let file = |name: &str| lab.dir().join(name).display().to_string();
        std::fs::write(file("bob.key"), key.serialize_pem())?;
        std::fs::write(file("bob.crt"), certificate)?;
        Ok(Self { key: file("bob.key"), certificate: file("bob.crt"), server })
    }
}

#[tokio::test]
async fn a_p384_key_signs_for_a_daemon_of_the_user() -> Result<()> {
    let name = "a_p384_key_signs_for_a_daemon_of_the_user";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let Outsider { key, certificate, server } = Outsider::new(&lab).await?;
    for tls in ["1.2", "1.3"] {
        let options = ClientOptions::to(&server).without_auth_user_pass().management_tcp();
        let options = options.external_key("nopadding pkcs1").external_cert("bob");
        let client = lab.client(options.line(&format!("tls-version-max {tls}"))).await?;
        let address = client.address().context("no address")?.to_string();
        let args = ["--connect", &address, "--private-key", &key, "--certificate", &certificate];
        let end = external_key(&[&args[..], &["--once"]].concat(), &[]).await?;
        end.succeeded().shows("a P-384 key").shows("signed: ECDSA").shows(CONNECTED);
    }
    Ok(())
}

#[tokio::test]
async fn a_key_of_another_certificate_is_refused_beforehand() -> Result<()> {
    let dir = TempDir::new()?;
    let file = |name: &str| dir.path().join(name).display().to_string();
    let certified = rcgen::generate_simple_self_signed(Vec::new())?;
    std::fs::write(file("key"), KeyPair::generate()?.serialize_pem())?;
    std::fs::write(file("crt"), certified.cert.pem())?;
    let (key, certificate, socket) = (file("key"), file("crt"), file("nobody.sock"));
    let args = ["--connect", &socket, "--private-key", &key, "--certificate", &certificate];
    let end = external_key(&args, &[]).await?;
    end.failed_with("the private key does not belong to the certificate");
    Ok(())
}

#[tokio::test]
async fn it_comes_to_its_end_while_its_output_is_full() -> Result<()> {
    if Lab::serving_or_skip("it_comes_to_its_end_while_its_output_is_full")?.is_none() {
        return Ok(());
    }
    let (input, _output) = full_pipe()?;
    let errors = input.try_clone()?;
    let program = Program::with(PROGRAM, &["--key", "ec", "--verbose"], |command| {
        command.stdin(Stdio::null()).stdout(input).stderr(errors);
    })?;
    assert!(program.ends().await?.status.success());
    Ok(())
}
