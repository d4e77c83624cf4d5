//! Its links, from the first word of a client to the last.

use anyhow::{Context as _, Result};
use lab::{ClientOptions, Lab, Program, ServerOptions};
use nix::sys::signal::Signal;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::guest::Guest;
use crate::{PROGRAM, attach, browser, piped};

#[tokio::test]
async fn an_origin_that_browsers_write_otherwise_is_refused_at_the_start() -> Result<()> {
    for (origin, wrong) in
        [("https://vpn.example.org/sso", "it has a path"), ("vpn.example.org:443", "its scheme is")]
    {
        let arguments = ["--connect", "nowhere", "--origin", origin];
        let end = Program::with(PROGRAM, &arguments, piped)?.ends().await?;
        let errors = end.errors;
        assert!(end.status.code() == Some(2) && errors.contains(wrong), "{origin}: {errors}");
    }
    Ok(())
}

/// Ends the program, and looks that no link is in what it printed.
async fn told_no(program: Program, links: &[String]) -> Result<()> {
    let end = program.stop(Signal::SIGTERM).await?;
    let printed = end.output + &end.errors;
    assert!(printed.contains("sending"), "no traces: {printed}");
    for link in links {
        let (_, secret) = link.rsplit_once('/').context("no link")?;
        assert!(!printed.contains(secret), "{link} is in:\n{printed}");
    }
    Ok(())
}

/// Looks that a link is over, and that no answer counts any more.
async fn is_over(url: &str, before: &browser::Page) -> Result<()> {
    let page = browser::open(url).await?;
    assert_eq!(page.status, 410, "{}", page.html);
    let late = browser::press(url, before, "approve").await?;
    assert_eq!(late.status, 410, "{}", late.html);
    Ok(())
}

#[tokio::test]
async fn a_link_ends_with_its_client_and_with_the_server() -> Result<()> {
    let test = "a_link_ends_with_its_client_and_with_the_server";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    // Over TCP a server sees at once that a client has left.
    let mut server = lab.server(ServerOptions::new().tcp()).await?;
    let mut program = attach(server.socket(), &[]).await?;
    let mut links = Vec::new();
    for ended_by in ["client", "server"] {
        let mut guest = Guest::with(&lab, ClientOptions::to_tcp(&server)).await?;
        let url = guest.is_sent_to().await?;
        let page = browser::open(&url).await?;
        assert_eq!(page.status, 200);
        match ended_by {
            "client" => drop(guest),
            _ => server.signal(Signal::SIGUSR1)?,
        }
        program.sees("alice has left").await?;
        is_over(&url, &page).await?;
        links.push(url);
    }
    told_no(program, &links).await
}

#[tokio::test]
async fn a_link_ends_with_its_answer_and_its_time() -> Result<()> {
    let test = "a_link_ends_with_its_answer_and_its_time";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let mut program = attach(server.socket(), &["--patience", "10"]).await?;
    let mut guest = Guest::new(&lab, &server).await?;
    let url = guest.is_sent_to().await?;
    let page = browser::open(&url).await?;
    program.sees("alice denied: nobody answered").await?;
    is_over(&url, &page).await?;
    told_no(program, &[url]).await
}

#[tokio::test]
async fn too_many_links_for_one_address_are_refused() -> Result<()> {
    let test = "too_many_links_for_one_address_are_refused";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let arguments = ["--max-links-per-address", "1"];
    let mut program = attach(server.socket(), &arguments).await?;
    let mut first = Guest::new(&lab, &server).await?;
    let url = first.is_sent_to().await?;
    let mut second = Guest::new(&lab, &server).await?;
    program.sees("alice denied: 1 links are open for its address").await?;
    second.wire.expect("Too many sign-ins are waiting").await?;
    first.presses(&url, "approve").await?;
    told_no(program, &[url]).await
}

/// The client is never told to wait, so nobody may be let in by its link.
#[tokio::test]
async fn a_link_whose_client_was_not_told_is_closed() -> Result<()> {
    let test = "a_link_whose_client_was_not_told_is_closed";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let server = lab.server(ServerOptions::new()).await?;
    let between = lab.dir().join("between.sock");
    let (seen, mut urls) = mpsc::unbounded_channel();
    let listener = UnixListener::bind(&between)?;
    let daemon = UnixStream::connect(server.socket()).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(misdirect(listener, daemon, seen));
    let program = attach(&between, &[]).await?;
    let mut guest = Guest::new(&lab, &server).await?;
    let url = urls.recv().await.context("no link is made")?;
    guest.wire.expect(">PASSWORD:Verification Failed: 'Auth'").await?;
    let page = browser::open(&url).await?;
    assert_eq!(page.status, 410, "{}", page.html);
    told_no(program, &[url]).await
}

/// Passes all on, but for the client that is to wait, who becomes one that is not there; tells
/// the link that it was to open.
async fn misdirect(
    listener: UnixListener,
    daemon: UnixStream,
    seen: mpsc::UnboundedSender<String>,
) -> Result<()> {
    let (program, _) = listener.accept().await?;
    let (from_program, mut to_program) = program.into_split();
    let (mut from_daemon, mut to_daemon) = daemon.into_split();
    let down = async {
        let mut lines = BufReader::new(from_program).lines();
        while let Some(mut line) = lines.next_line().await? {
            if let Some(rest) = line.strip_prefix("client-pending-auth ") {
                let (_, told) = rest.split_once(' ').context("no client")?;
                let (_, url) = told.split_once("WEB_AUTH::").context("no link")?;
                let url = url.split(['"', ' ']).next().unwrap_or_default();
                seen.send(url.to_owned())?;
                line = format!("client-pending-auth 4242 {told}");
            }
            to_daemon.write_all(format!("{line}\n").as_bytes()).await?;
        }
        Ok(())
    };
    let up = async { anyhow::Ok(tokio::io::copy(&mut from_daemon, &mut to_program).await?) };
    tokio::try_join!(down, up).map(drop)
}
