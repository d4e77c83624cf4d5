//! The demonstration: a real server, and clients whose users are sent to a page.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use openvpn_mgmt::Secret;
use server_common::stage::Stage;
use server_common::story::Story;
use server_common::visitor::{Knowledge, Outcome, Visitor};

use crate::browser;
use lab::{ClientOptions, ServerOptions};

/// The server of the demonstration.
pub(crate) fn server() -> ServerOptions {
    ServerOptions::new().line("auth-gen-token")
}

/// One client is approved, another denied, both by a built-in browser.
pub(crate) async fn by_itself(stage: &Stage, story: &Arc<Story>) -> Result<()> {
    story.heading("A client that is approved");
    let (mut alice, url) = sent_to_page(stage, story, "alice").await?;
    let page = browser::open(&url).await?;
    ensure!(page.html.contains("<bdi>alice</bdi>"), "the page does not tell who asks");
    story.line("browser", format!("opens it ({}), and presses Approve", page.status));
    let after = browser::press(&url, &page, "approve").await?;
    ensure!(after.status == "200 OK", "the site answers {}", after.status);
    let Outcome::Connected(how) = alice.outcome().await? else { bail!("alice is not let in") };
    story.line("alice", format!("CONNECTED as {how}"));
    let again = browser::press(&url, &page, "deny").await?;
    ensure!(again.html.contains("This link was used"), "the link can be used again");
    story.line("browser", format!("presses Deny: {}, this link was used", again.status));
    alice.leave().await?;
    story.ok("let in by the page, and the link is used up");

    story.heading("A client that is denied");
    let (mut bob, url) = sent_to_page(stage, story, "bob <b>").await?;
    let page = browser::open(&url).await?;
    ensure!(page.html.contains("<bdi>bob &lt;b&gt;</bdi>"), "the user name is not escaped");
    story.line("browser", "opens it, and presses Deny");
    browser::press(&url, &page, "deny").await?;
    let Outcome::Denied(reason) = bob.outcome().await? else { bail!("bob is let in") };
    story.line("bob <b>", format!("DENIED: {reason}"));
    bob.leave().await?;
    story.ok("turned away by the page");
    Ok(())
}

/// A person opens the page.
pub(crate) async fn by_hand(stage: &Stage, story: &Arc<Story>) -> Result<()> {
    story.heading("A client that waits for you");
    let (mut alice, url) = sent_to_page(stage, story, "alice").await?;
    story.text(&format!("\n    Open this page, and approve or deny:\n    {url}\n"));
    match alice.outcome().await? {
        Outcome::Connected(how) => story.line("alice", format!("CONNECTED as {how}")),
        Outcome::Denied(reason) => story.line("alice", format!("DENIED: {reason}")),
        Outcome::Open(_) => bail!("alice is sent to a second page"),
    }
    alice.leave().await
}

/// A client connects, and is told what to open.
async fn sent_to_page(stage: &Stage, story: &Arc<Story>, name: &str) -> Result<(Visitor, String)> {
    // What a client with a user interface says of itself.
    let options =
        |to: ClientOptions| to.line("setenv IV_SSO webauth,crtext").line("push-peer-info");
    let (name, password) = (name.to_owned(), Secret::from("none is needed"));
    let knows = Knowledge { name, password, code: Arc::new(String::new) };
    let who = knows.name.clone();
    let mut visitor = Visitor::new(stage, story, knows, options).await?;
    match visitor.outcome().await? {
        Outcome::Open(url) => {
            // Without its last part, which lets in whoever has it.
            let site = url.rsplit_once('/').map_or("", |(site, _)| site);
            story.line(&who, format!("is told to open {site}/…"));
            Ok((visitor, url))
        }
        other => bail!("{who} is to be sent to a page, but got {other:?}"),
    }
}
