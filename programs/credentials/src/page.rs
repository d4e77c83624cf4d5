//! [`Page`]: a web page that knows when it is opened, in place of a login page.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Page {
    listener: TcpListener,
    url: String,
    /// What a browser asks for; nobody else can guess it.
    request: String,
}

impl Page {
    pub(crate) async fn new() -> Result<Self> {
        let listener =
            TcpListener::bind("127.0.0.1:0").await.context("no port for the web page")?;
        let path = format!("/{:032x}", rand::random::<u128>());
        let url = format!("http://{}{path}", listener.local_addr()?);
        Ok(Self { listener, url, request: format!("GET {path} ") })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until somebody opens it.
    pub(crate) async fn opened(&self) -> Result<()> {
        loop {
            let (browser, _) = self.listener.accept().await?;
            let answered = tokio::time::timeout(Duration::from_secs(5), self.answer(browser)).await;
            if matches!(answered, Ok(Ok(true))) {
                return Ok(());
            }
        }
    }

    /// Whether it was this page that was asked for.
    async fn answer(&self, mut browser: TcpStream) -> Result<bool> {
        let (input, mut output) = browser.split();
        let mut lines = BufReader::new(input.take(8192)).lines();
        let request = lines.next_line().await?.unwrap_or_default();
        // A browser takes no answer before its headers are read.
        while lines.next_line().await?.is_some_and(|header| !header.is_empty()) {}
        let found = request.starts_with(&self.request);
        let (status, text) = if found {
            ("200 OK", "You are logged in; this page may be closed.")
        } else {
            ("404 Not Found", "There is no such page.")
        };
        let length = text.len();
        let head = "Content-Type: text/plain\r\nConnection: close";
        let answer =
            format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{text}");
        output.write_all(answer.as_bytes()).await?;
        output.shutdown().await?;
        Ok(found)
    }
}
