//! Its pages in a real Chromium, with a real client that waits.

use anyhow::{Result, bail};
use fantoccini::Locator;
use lab::{Lab, ServerOptions};
use nix::sys::signal::Signal;

use crate::attach;
use crate::chromium::{Chromium, Screen};
use crate::guest::Guest;

#[tokio::test]
async fn a_click_lets_in_and_another_turns_away() -> Result<()> {
    let test = "a_click_lets_in_and_another_turns_away";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let Some(chromium) = Chromium::or_skip(test, Screen::Desktop).await? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let program = attach(server.socket(), &[]).await?;

    let mut guest = Guest::new(&lab, &server).await?;
    let url = guest.is_sent_to().await?;
    chromium.page.goto(&url).await?;
    chromium.sees("Sign in to the VPN").await?;
    chromium.presses("Approve").await?;
    chromium.sees("Approved").await?;
    chromium.picture("approved").await?;
    guest.wire.expect(",CONNECTED,SUCCESS").await?;

    // The link was good for one answer.
    chromium.page.goto(&url).await?;
    chromium.sees("This link was used").await?;
    assert!(chromium.page.find_all(Locator::Css("button, dl")).await?.is_empty());

    let mut guest = Guest::new(&lab, &server).await?;
    chromium.page.goto(&guest.is_sent_to().await?).await?;
    chromium.presses("Deny").await?;
    chromium.sees("Denied").await?;
    guest.wire.expect("Denied on the page").await?;

    chromium.ends().await?;
    program.stop(Signal::SIGTERM).await?;
    Ok(())
}

/// For how long a link is good, in seconds; the next where the one before was too short.
const PATIENCE: [&str; 3] = ["5", "20", "80"];

/// The page was opened while its link was good, and is answered when it no longer is.
#[tokio::test]
async fn a_click_that_is_late_lets_nobody_in() -> Result<()> {
    let test = "a_click_that_is_late_lets_nobody_in";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let Some(chromium) = Chromium::or_skip(test, Screen::Phone).await? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    // On a busy machine Chromium may need longer to open its first page than the link is good for.
    for patience in PATIENCE {
        let mut program = attach(server.socket(), &["--patience", patience]).await?;
        let mut guest = Guest::new(&lab, &server).await?;
        chromium.page.goto(&guest.is_sent_to().await?).await?;
        let heading = chromium.page.find(Locator::Css("h1")).await?.text().await?;
        let was_opened_in_time = heading == "Sign in to the VPN";
        program.sees("alice denied: nobody answered").await?;
        if was_opened_in_time {
            chromium.presses("Approve").await?;
        }
        chromium.sees("This link has expired").await?;
        guest.wire.expect("Nobody answered").await?;
        let end = program.stop(Signal::SIGTERM).await?;
        assert!(!end.output.contains("let in"), "{}", end.output);
        if was_opened_in_time {
            return chromium.ends().await;
        }
    }
    bail!("Chromium never opened the page in time")
}
