//! Each example without an address: with daemons of its own, and with an output that nobody reads.

use anyhow::{Context as _, Result};
use lab::{End, Lab};
use tokio::task::JoinSet;

use crate::{start, start_unread};

/// Runs an example to its end; `None` where no server can run here. It has left nothing behind then.
async fn runs(name: &str) -> Result<Option<End>> {
    if Lab::serving_or_skip(&format!("{name}_runs_alone"))?.is_none() {
        return Ok(None);
    }
    let end = start(name, &[])?.ends().await?;
    end.succeeded();
    Ok(Some(end))
}

/// Each is a test of its own, so that they run side by side.
macro_rules! alone {
    ($($name:ident: $($line:literal),+;)+) => {
        $(
            #[tokio::test]
            async fn $name() -> Result<()> {
                let Some(end) = runs(stringify!($name)).await? else { return Ok(()) };
                $(end.shows($line);)+
                Ok(())
            }
        )+

        const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

alone! {
    audit: "\"name\":\"alice\"", "\"what\":\"begins\"", "\"how\":\"not there any more\"",
        "\"how\":\"its daemon was removed\"";
    auth_server: "bob connects: denied", "alice connects: let in", "the connection ended: ";
    auth_token: "signs in with the password", "session 2", "signs in with the token", "by a token";
    challenge: "comes again with a code", "the code came with the password: let in",
        "is asked for a code while it waits", "alice: let in";
    credentials: "Password: ", "not accepted: that is wrong", "Your code: ", "CONNECTED";
    exporter: "openvpn_up{daemon=\"server\"} 1", "openvpn_connected{daemon=\"two\"} 1";
    events: "  HOLD ", "  LOG  ", "  STATE  ", "  CONNECTED", "the connection ended: ";
    first: "CONNECTED", "the connection ended: ";
    fleet: "server: session 1", "one: ", ",CONNECTED,SUCCESS,";
    listen: "daemon 2: has dialed in", "daemon 2: CONNECTED", "daemon 1: ended: the daemon exited";
    peers: "joined:  alice ", "left:    alice in";
    reconnect: "session 2", "the last one ended: the daemon exited", "OpenVPN has restarted";
    remote: "udp: passed over", "tcp-client: 127.0.0.1 port", "without a proxy", "CONNECTED";
    sign: "a certificate is wanted: ", "to sign: 32 bytes, ECDSA", "CONNECTED";
    two_servers: "(1): alice allowed, sent", "(1): bob allowed, sent", "(2): carol allowed, sent",
        "ended in good order";
    vpn_client: "? Password", "Not accepted: wrong user name", "You are connected.", "It is over";
    web_auth: "sign in at https://sso.example.com/?id=1", "CONNECTED";
}

/// So many at a time: each has daemons of its own.
const AT_A_TIME: usize = 4;

#[tokio::test]
async fn each_runs_while_nobody_reads_it() -> Result<()> {
    if Lab::serving_or_skip("each_runs_while_nobody_reads_it")?.is_none() {
        return Ok(());
    }
    let (mut running, mut names) = (JoinSet::new(), NAMES.iter());
    loop {
        while running.len() < AT_A_TIME
            && let Some(name) = names.next()
        {
            let (program, output) = start_unread(name, &[])?;
            running.spawn(async move {
                let end = program.ends().await.context(*name);
                drop(output);
                (name, end)
            });
        }
        let Some(ended) = running.join_next().await else { return Ok(()) };
        let (name, end) = ended?;
        assert!(end?.status.success(), "{name}");
    }
}

/// As the others, where there is a SoftHSM.
#[tokio::test]
async fn pkcs11_runs_alone() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("pkcs11_runs_alone")? else { return Ok(()) };
    if let Err(error) = lab.token("client") {
        lab::skip("pkcs11_runs_alone", &error);
        return Ok(());
    }
    let Some(end) = runs("pkcs11").await? else { return Ok(()) };
    end.shows("the PIN of the lab token is given").shows("CONNECTED");
    end.shows("Please insert elsewhere token: given up");
    Ok(())
}
