//! A browser of a few lines: opens the page, and presses one of its buttons.

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a site answered.
pub(crate) struct Page {
    pub(crate) status: String,
    pub(crate) html: String,
}

/// Opens a page.
pub(crate) async fn open(url: &str) -> Result<Page> {
    exchange(url, "GET", "", "").await
}

/// Presses a button (`approve`, `deny`) of the form on a page.
pub(crate) async fn press(url: &str, page: &Page, button: &str) -> Result<Page> {
    let token = between(&page.html, "name=\"token\" value=\"", "\"");
    let token = token.context("there is no form on the page")?;
    let (origin, _) = split(url)?;
    let headers =
        format!("Origin: http://{origin}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    exchange(url, "POST", &headers, &format!("token={token}&answer={button}")).await
}

async fn exchange(url: &str, method: &str, headers: &str, body: &str) -> Result<Page> {
    let (host, path) = split(url)?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream =
        TcpStream::connect(host).await.with_context(|| format!("no site at {host}"))?;
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let (head, html) = response.split_once("\r\n\r\n").context("this is no response")?;
    let status = head.lines().next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    Ok(Page { status: status.context("this is no response")?.to_owned(), html: html.to_owned() })
}

/// `http://HOST/PATH`, as host and path with its slash.
fn split(url: &str) -> Result<(&str, &str)> {
    let rest = url.strip_prefix("http://").context("this browser opens http:// alone")?;
    Ok(rest.split_at(rest.find('/').unwrap_or(rest.len())))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
