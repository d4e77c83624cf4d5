//! A client of a server, whose user is to open a page.

use anyhow::{Context as _, Result, bail, ensure};
use lab::{ClientOptions, Lab, Process, Raw};

use crate::browser::{self, Page};

/// A client that can open pages, out of its hold.
pub(crate) struct Guest {
    _process: Process,
    pub(crate) wire: Raw,
}

impl Guest {
    /// Starts one that gives its user name and password.
    pub(crate) async fn new(lab: &Lab, server: &Process) -> Result<Self> {
        Self::with(lab, ClientOptions::to(server)).await
    }

    pub(crate) async fn with(lab: &Lab, to: ClientOptions) -> Result<Self> {
        let process = lab.client(to.line("setenv IV_SSO webauth").line("push-peer-info")).await?;
        let mut wire = Raw::connect(process.socket()).await?;
        wire.ask("state on", "SUCCESS: real-time state").await?;
        // The server may not listen yet.
        wire.ask("hold off", "SUCCESS: hold flag").await?;
        wire.ask("hold release", "SUCCESS: hold release").await?;
        wire.expect(">PASSWORD:Need 'Auth'").await?;
        wire.ask("username Auth alice", "SUCCESS: 'Auth' username").await?;
        wire.ask("password Auth secret", "SUCCESS: 'Auth' password").await?;
        Ok(Self { _process: process, wire })
    }

    /// The page its user is to open.
    pub(crate) async fn is_sent_to(&mut self) -> Result<String> {
        let line = self.wire.expect(">INFOMSG:WEB_AUTH::http").await?;
        Ok(line.split_once("WEB_AUTH::").context("no page")?.1.to_owned())
    }

    /// Opens a page, presses a button, and waits for what it does to the client.
    pub(crate) async fn presses(&mut self, url: &str, button: &str) -> Result<Page> {
        let page = browser::open(url).await?;
        let after = browser::press(url, &page, button).await?;
        ensure!(after.status == 200, "the site answers {}: {}", after.status, after.html);
        match button {
            "approve" => self.wire.expect(",CONNECTED,SUCCESS").await?,
            "deny" => self.wire.expect("Denied on the page").await?,
            other => bail!("there is no button {other}"),
        };
        Ok(after)
    }
}
