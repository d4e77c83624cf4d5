//! The demonstration: a real server, and clients whose users are sent to a page.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use openvpn_mgmt::Secret;
use server_common::console::Console;
use server_common::demo_client::{DemoClient, Knowledge, Outcome};
use server_common::demo_server::DemoServer;

use crate::browser;
use lab::{ClientOptions, ServerOptions};

/// The server of the demonstration.
pub(crate) fn server() -> ServerOptions {
    ServerOptions::new().line("auth-gen-token")
}

/// One client is approved, another denied, both by a built-in browser.
pub(crate) async fn by_itself(server: &DemoServer, console: &Arc<Console>) -> Result<()> {
    console.heading("A client that is approved");
    let (mut alice, url) = sent_to_page(server, console, "alice").await?;
    let page = browser::open(&url).await?;
    ensure!(page.html.contains("<bdi>alice</bdi>"), "the page does not tell who asks");
    console.line("browser", format!("opens it ({}), and presses Approve", page.status));
    let after = browser::press(&url, &page, "approve").await?;
    ensure!(after.status == 200, "the site answers {}", after.status);
    let Outcome::Connected(how) = alice.outcome().await? else { bail!("alice is not let in") };
    console.line("alice", format!("CONNECTED as {how}"));
    let again = browser::press(&url, &page, "deny").await?;
    ensure!(again.html.contains("This link was used"), "the link can be used again");
    console.line("browser", format!("presses Deny: {}, this link was used", again.status));
    alice.leave().await?;
    console.ok("let in by the page, and the link is used up");

    console.heading("A client that is denied");
    let (mut bob, url) = sent_to_page(server, console, "bob <b>").await?;
    let page = browser::open(&url).await?;
    ensure!(page.html.contains("<bdi>bob &lt;b&gt;</bdi>"), "the user name is not escaped");
    console.line("browser", "opens it, and presses Deny");
    browser::press(&url, &page, "deny").await?;
    let Outcome::Denied(reason) = bob.outcome().await? else { bail!("bob is let in") };
    console.line("bob <b>", format!("DENIED: {reason}"));
    bob.leave().await?;
    console.ok("turned away by the page");
    Ok(())
}

/// A person opens the page.
pub(crate) async fn by_hand(server: &DemoServer, console: &Arc<Console>) -> Result<()> {
    console.heading("A client that waits for you");
    let (mut alice, url) = sent_to_page(server, console, "alice").await?;
    console.text(&format!("\n    Open this page, and approve or deny:\n    {url}\n"));
    match alice.outcome().await? {
        Outcome::Connected(how) => console.line("alice", format!("CONNECTED as {how}")),
        Outcome::Denied(reason) => console.line("alice", format!("DENIED: {reason}")),
        Outcome::Open(_) => bail!("alice is sent to a second page"),
    }
    alice.leave().await
}

/// A client connects, and is told what to open.
async fn sent_to_page(
    server: &DemoServer,
    console: &Arc<Console>,
    name: &str,
) -> Result<(DemoClient, String)> {
    // What a client with a user interface says of itself.
    let options =
        |to: ClientOptions| to.line("setenv IV_SSO webauth,crtext").line("push-peer-info");
    let (name, password) = (name.to_owned(), Secret::from("none is needed"));
    let knows = Knowledge { name, password, code: Arc::new(String::new) };
    let who = knows.name.clone();
    let mut client = DemoClient::new(server, console, knows, options).await?;
    match client.outcome().await? {
        Outcome::Open(url) => {
            // Without its last part, which lets in whoever has it.
            let site = url.rsplit_once('/').map_or("", |(site, _)| site);
            console.line(&who, format!("is told to open {site}/…"));
            Ok((client, url))
        }
        other => bail!("{who} is to be sent to a page, but got {other:?}"),
    }
}
