//! Those that answer one kind of request, beside a client of the test's.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use lab::{ClientOptions, KeyKind, Lab, Process, Program, Proto, ServerOptions, Token};
use nix::sys::signal::Signal;
use openvpn_mgmt::handler::{Attempt, AuthServer, Decision};
use openvpn_mgmt::{PendingAuth, connect};
use tokio::sync::Notify;

use crate::start;

const HOUR: Duration = Duration::from_secs(3600);

async fn server(lab: &Lab) -> Result<Process> {
    lab.server(ServerOptions::new().without_client_auth().without_hold()).await
}

/// Waits for the tunnel, ends the client, and looks how the example ends.
async fn gets_in(mut program: Program, client: Process) -> Result<lab::End> {
    program.sees("CONNECTED").await?;
    drop(client);
    let end = program.ends().await?;
    end.succeeded().shows("the connection ended: ");
    Ok(end)
}

#[tokio::test]
async fn sign_signs_with_the_key_that_it_is_given() -> Result<()> {
    let test = "sign_signs_with_the_key_that_it_is_given";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = server(&lab).await?;
    let options = ClientOptions::to(&server).without_auth_user_pass();
    let options = options.external_key("nopadding").external_cert("mine");
    let client = lab.client(options).await?;
    let identity = lab.identity("client", &KeyKind::Ec)?;
    let arguments = [client.socket(), &identity.key, &identity.cert];
    let arguments = arguments.map(|path| path.display().to_string());
    let program = start("sign", &arguments.each_ref().map(String::as_str))?;
    let end = gets_in(program, client).await?;
    end.shows("a certificate is wanted: mine").shows("to sign: 32 bytes, ECDSA");
    Ok(())
}

#[tokio::test]
async fn remote_goes_where_it_is_told() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("remote_goes_where_it_is_told")? else { return Ok(()) };
    let server = server(&lab).await?;
    let port = server.port().context("no port")?;
    let options = ClientOptions::new().without_auth_user_pass().query_remote();
    let client = lab.client(options.remote("vpn.example.com", 1194, Proto::Udp)).await?;
    let (socket, to) = (client.socket().display().to_string(), format!("127.0.0.1:{port}"));
    let program = start("remote", &[&socket, "--to", &to])?;
    let end = gets_in(program, client).await?;
    end.shows(&format!("vpn.example.com port 1194, udp: 127.0.0.1 port {port} instead"));
    Ok(())
}

#[tokio::test]
async fn pkcs11_unlocks_the_token_by_what_is_typed() -> Result<()> {
    let test = "pkcs11_unlocks_the_token_by_what_is_typed";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let token = match lab.token("client") {
        Ok(token) => token,
        Err(error) => {
            lab::skip(test, &error);
            return Ok(());
        }
    };
    let server = server(&lab).await?;
    for (pin, is_right) in [("9999", false), (Token::PIN, true)] {
        let options = ClientOptions::to(&server).without_auth_user_pass().auth_retry_interact();
        let client = lab.client(options.pkcs11(token.module())).await?;
        let mut program = start("pkcs11", &[&client.socket().display().to_string()])?;
        program.types(&format!("{pin}\n")).await?;
        program.sees("the PIN of the lab token is given").await?;
        if is_right {
            gets_in(program, client).await?;
        } else {
            program.ends().await?.succeeded().shows("the PIN is wrong, and not tried again");
        }
    }
    Ok(())
}

#[tokio::test]
async fn web_auth_shows_the_page_and_nothing_but_https() -> Result<()> {
    let test = "web_auth_shows_the_page_and_nothing_but_https";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new().without_hold()).await?;
    let (_client, _, requests) = connect(server.socket()).await?.split();
    // A page takes the place of the one before where that was not taken yet.
    let seen = Arc::new(Notify::new());
    let next = Arc::clone(&seen);
    let deciding = AuthServer::new(move |attempt: Attempt| {
        let next = Arc::clone(&next);
        async move {
            for page in ["file:///etc/passwd", "https://sso.example.com/?id=7"] {
                attempt.pending(&PendingAuth::web_auth(page), HOUR).await?;
                next.notified().await;
            }
            Ok(Decision::deny("not signed in"))
        }
    });
    tokio::spawn(deciding.run(requests));
    let options = ClientOptions::to(&server).login("alice", "open sesame");
    let client = lab.client(options.line("setenv IV_SSO webauth")).await?;
    let mut program = start("web_auth", &[&client.socket().display().to_string()])?;
    program.sees("a page that is not https:// is not opened").await?;
    seen.notify_one();
    program.sees("sign in at https://sso.example.com/?id=7").await?;
    let end = program.stop(Signal::SIGINT).await?;
    end.interrupted();
    assert!(!end.output.contains("file:"), "{end:?}");
    Ok(())
}
