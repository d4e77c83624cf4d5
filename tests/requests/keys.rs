//! Keys outside of the daemon: signatures, certificates, tokens.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use openvpn_mgmt::events::{Realm, SaltLength, SignAlgorithm};
use openvpn_mgmt::{CloseReason, PasswordRequest, Request, SignRequest, StateName};

use crate::daemon::{Daemon, request, serving};
use lab::{ClientOptions, Identity, KeyKind, Lab, ServerOptions, Token, Version, skip, within};

/// Signs as it was asked, with the `openssl` program.
fn sign(lab: &Lab, identity: &Identity, ask: &SignRequest) -> Result<Vec<u8>> {
    let mut options: Vec<String> = Vec::new();
    let mut option = |text: String| options.extend(["-pkeyopt".to_owned(), text]);
    match ask.algorithm() {
        None | Some(SignAlgorithm::Ecdsa { hash: None, .. }) => {}
        Some(SignAlgorithm::Ecdsa { hash: Some(hash), .. }) => option(format!("digest:{hash}")),
        Some(SignAlgorithm::RsaPkcs1Padding { hash, .. }) => {
            option("rsa_padding_mode:pkcs1".to_owned());
            if let Some(hash) = hash {
                option(format!("digest:{hash}"));
            }
        }
        Some(SignAlgorithm::RsaNoPadding) => option("rsa_padding_mode:none".to_owned()),
        Some(SignAlgorithm::RsaPkcs1PssPadding { hash, salt_length, .. }) => {
            option("rsa_padding_mode:pss".to_owned());
            option(format!("digest:{hash}"));
            let salt = match salt_length {
                SaltLength::Bytes(length) => length.to_string(),
                other => other.to_string(),
            };
            option(format!("rsa_pss_saltlen:{salt}"));
        }
        Some(other) => bail!("cannot sign {other}"),
    }
    let input = lab.dir().join("to-sign");
    std::fs::write(&input, ask.data())?;
    let mut command = Command::new("openssl");
    // To sign what is padded already is to decrypt it; `-sign` takes nothing longer than a hash.
    let raw = matches!(ask.algorithm(), Some(SignAlgorithm::RsaNoPadding));
    command.args(["pkeyutl", if raw { "-decrypt" } else { "-sign" }, "-inkey"]);
    command.arg(&identity.key).arg("-in").arg(&input);
    if ask.is_message() {
        // The digest is chosen with `-digest` where the tool does the hashing.
        let at = options.iter().position(|option| option.starts_with("digest:"));
        let hash = at.map(|at| options.remove(at)).context("a message without a hash")?;
        options.remove(at.unwrap_or(1) - 1);
        command.args(["-rawin", "-digest", hash.trim_start_matches("digest:")]);
    }
    let output = command.args(&options).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("openssl {options:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}

/// For TLS 1.1, in which RSA keys sign with PKCS#1 padding; later TLS asks for PSS.
const TLS11: &str = "tls-version-min 1.0\ntls-version-max 1.1\ntls-cipher DEFAULT:@SECLEVEL=0";
const TLS13: &str = "";

/// A server that asks nobody, and a client of it with a key outside, in its hold.
async fn external(
    lab: &Lab,
    kind: &KeyKind,
    formats: &str,
    adjust: impl FnOnce(ClientOptions) -> ClientOptions,
) -> Result<(Daemon, Daemon, Identity)> {
    let server = ServerOptions::new().without_client_auth();
    let server = server.line("tls-version-min 1.0\ntls-cipher DEFAULT:@SECLEVEL=0");
    let server = Daemon::server(lab, server).await?;
    let options = ClientOptions::to(&server.process).key(kind.clone()).without_auth_user_pass();
    let client = Daemon::client(lab, adjust(options.external_key(formats))).await?;
    let identity = lab.identity("client", kind)?;
    Ok((server, client, identity))
}

/// Connects with a key outside, and tells how it was asked to sign: `message` where the
/// data was one, and the algorithm.
async fn signs(
    lab: &Lab,
    kind: &KeyKind,
    (announce, formats): (u32, &str),
    tls: &str,
) -> Result<String> {
    let (_server, mut client, identity) =
        external(lab, kind, formats, |options| options.line(tls)).await?;
    client.client.announce_version(announce).await?;
    client.release().await?;
    let ask = request!(client, Sign);
    let algorithm = ask.algorithm().map_or("none".to_owned(), ToString::to_string);
    let asked = format!("{}{algorithm}", if ask.is_message() { "message " } else { "" });
    let signature = sign(lab, &identity, &ask)?;
    ask.answer(signature).await?;
    client.connected().await.with_context(|| asked.clone())?;
    Ok(asked)
}

#[tokio::test]
async fn an_rsa_key_signs_in_each_form() -> Result<()> {
    let lab = serving!("an_rsa_key_signs_in_each_form");
    let old: [((u32, &str), &str, &str); 4] = [
        ((1, "nopadding"), TLS11, "none"),
        ((2, "nopadding"), TLS11, "none"),
        ((3, "nopadding"), TLS11, "RSA_PKCS1_PADDING"),
        ((3, "nopadding"), TLS13, "RSA_NO_PADDING"),
    ];
    let pss = "RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest";
    let message = format!("message {pss}");
    let new: [((u32, &str), &str, &str); 6] = [
        ((1, ""), TLS11, "none"),
        ((2, ""), TLS11, "none"),
        ((3, ""), TLS11, "RSA_PKCS1_PADDING"),
        ((3, "pkcs1"), TLS11, "RSA_PKCS1_PADDING"),
        ((3, "nopadding pkcs1 pss"), TLS13, pss),
        ((3, "nopadding pkcs1 pss digest"), TLS13, &message),
    ];
    let cases = if has_formats(&lab) { &new[..] } else { &old[..] };
    for (wanted, tls, algorithm) in cases {
        let asked = signs(&lab, &KeyKind::Rsa, *wanted, tls).await;
        assert_eq!(asked.with_context(|| format!("{wanted:?}"))?, *algorithm, "{wanted:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_elliptic_key_signs_in_each_form() -> Result<()> {
    let lab = serving!("an_elliptic_key_signs_in_each_form");
    let old: [((u32, &str), &str); 2] = [((2, "nopadding"), "none"), ((3, "nopadding"), "ECDSA")];
    let new: [((u32, &str), &str); 3] =
        [((2, ""), "none"), ((3, ""), "ECDSA"), ((3, "digest"), "message ECDSA,hashalg=SHA256")];
    let cases = if has_formats(&lab) { &new[..] } else { &old[..] };
    for (wanted, algorithm) in cases {
        let asked = signs(&lab, &KeyKind::Ec, *wanted, TLS13).await;
        assert_eq!(asked.with_context(|| format!("{wanted:?}"))?, *algorithm, "{wanted:?}");
    }
    Ok(())
}

/// The formats `pss` and `digest` came with 2.6; before, `nopadding` is a must.
fn has_formats(lab: &Lab) -> bool {
    lab.daemon().version() >= Version::new(2, 6, 0)
}

/// The daemon takes either command for either prompt, and answers in the words of the prompt.
#[tokio::test]
async fn a_signature_is_taken_by_the_other_command_too() -> Result<()> {
    let lab = serving!("a_signature_is_taken_by_the_other_command_too");
    let formats = if has_formats(&lab) { "" } else { "nopadding" };
    for announced in [1, 2] {
        let (_server, mut client, identity) =
            external(&lab, &KeyKind::Rsa, formats, |options| options.line(TLS11)).await?;
        client.client.announce_version(announced).await?;
        client.release().await?;
        let ask = request!(client, Sign);
        let signature = sign(&lab, &identity, &ask)?;
        ask.decline();
        match announced {
            1 => client.client.pk_sig(signature).await?,
            _ => client.client.rsa_sig(signature).await?,
        }
        client.connected().await?;
        assert_eq!(client.client.pid().await?, client.process.pid());
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_signature_is_refused_and_the_next_asked_for() -> Result<()> {
    let lab = serving!("a_wrong_signature_is_refused_and_the_next_asked_for");
    // Over TCP the client learns at once that the server hung up.
    let server = ServerOptions::new().without_client_auth().tcp();
    let server = Daemon::server(&lab, server).await?;
    let options = ClientOptions::to_tcp(&server.process).without_auth_user_pass();
    let mut client = Daemon::client(&lab, options.external_key("nopadding")).await?;
    let identity = lab.identity("client", &KeyKind::Ec)?;
    client.client.announce_version(3).await?;
    client.release().await?;
    let ask = request!(client, Sign);
    let mut signature = sign(&lab, &identity, &ask)?;
    *signature.last_mut().unwrap() ^= 1;
    ask.answer(signature).await?;
    client.state(&StateName::Reconnecting).await?;
    let Request::Sign(ask) = client.past_holds().await? else { panic!("not asked again") };
    let signature = sign(&lab, &identity, &ask)?;
    ask.decline();
    // The daemon goes on waiting, so the command itself still answers it.
    client.client.pk_sig(signature).await?;
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn a_certificate_is_given_with_the_signature() -> Result<()> {
    let lab = serving!("a_certificate_is_given_with_the_signature");
    let hint = "macosx-keychain:subject:o=OpenVPN-TEST";
    let (_server, mut client, identity) =
        external(&lab, &KeyKind::Ec, "nopadding", |options| options.external_cert(hint)).await?;
    client.client.announce_version(3).await?;
    client.release().await?;
    let ask = request!(client, Certificate);
    assert_eq!(ask.hint(), &hint);
    let pem = std::fs::read_to_string(&identity.cert)?;
    ask.answer(&pem).await?;
    let ask = request!(client, Sign);
    let signature = sign(&lab, &identity, &ask)?;
    ask.answer(signature).await?;
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_is_none_ends_the_daemon() -> Result<()> {
    let Some(lab) = Lab::or_skip("a_certificate_that_is_none_ends_the_daemon")? else {
        return Ok(());
    };
    let options = ClientOptions::new().without_auth_user_pass().external_key("nopadding");
    let mut client = Daemon::client(&lab, options.external_cert("hint")).await?;
    client.release().await?;
    request!(client, Certificate).decline();
    let pem = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";
    client.client.certificate(pem).await?;
    let reason = within("end", client.client.closed()).await?;
    assert!(matches!(reason, CloseReason::Fatal(_) | CloseReason::Exiting(_)), "{reason}");
    Ok(())
}

fn token(lab: &Lab, test: &str) -> Option<Token> {
    lab.token("carol").map_err(|error| skip(test, &error)).ok()
}

#[tokio::test]
async fn a_token_is_chosen_and_unlocked() -> Result<()> {
    let lab = serving!("a_token_is_chosen_and_unlocked");
    let Some(token) = token(&lab, "a_token_is_chosen_and_unlocked") else { return Ok(()) };
    let server = Daemon::server(&lab, ServerOptions::new().without_client_auth()).await?;
    let options = ClientOptions::to(&server.process).without_auth_user_pass();
    let options = options.pkcs11(token.module()).auth_retry_interact();
    let mut client = Daemon::client(&lab, options).await?;
    client.release().await?;
    let ask = request!(client, NeedStr);
    assert_eq!(ask.name(), &"pkcs11-id-request");
    assert_eq!(ask.message(), &"Please specify PKCS#11 id to use");
    let entry = client.client.pkcs11_id_get(0).await?;
    ask.answer(entry.id.context("no identity")?.as_bytes()).await?;
    let ask = pin(&mut client).await?;
    ask.answer("9999").await?;
    let ask = pin(&mut client).await?;
    ask.answer(Token::PIN).await?;
    client.connected().await?;
    Ok(())
}

async fn pin(client: &mut Daemon) -> Result<PasswordRequest> {
    match client.past_holds().await? {
        Request::PrivateKeyPassword(ask) => {
            assert_eq!(ask.realm(), &Realm::Other(format!("{} token", Token::LABEL).into()));
            Ok(ask)
        }
        other => bail!("not the PIN: {other:?}"),
    }
}

#[tokio::test]
async fn a_missing_token_is_asked_for() -> Result<()> {
    let Some(lab) = Lab::or_skip("a_missing_token_is_asked_for")? else { return Ok(()) };
    let Some(token) = token(&lab, "a_missing_token_is_asked_for") else { return Ok(()) };
    let options = ClientOptions::new().without_auth_user_pass().pkcs11(token.module());
    let mut client = Daemon::client(&lab, options).await?;
    client.release().await?;
    // An identity on a token that is not there.
    let id = "SoftHSM\\x20project/SoftHSM\\x20v2/0123456789abcdef/elsewhere/01";
    request!(client, NeedStr).answer(id).await?;
    let ask = request!(client, NeedOk);
    assert_eq!(ask.name(), &"token-insertion-request");
    assert_eq!(ask.message(), &"Please insert elsewhere token");
    ask.ok().await?;
    // It is still not there.
    let ask = request!(client, NeedOk);
    ask.cancel().await?;
    let reason = within("end", client.client.closed()).await?;
    assert!(matches!(reason, CloseReason::Fatal(_) | CloseReason::Exiting(_)), "{reason}");
    Ok(())
}
