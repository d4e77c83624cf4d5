//! [`Side`]: a daemon beside the one that is spoken with, and its own manager, who answers by reflex.

use anyhow::{Context as _, Result};
use lab::{DEADLINE, Process};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// What a manager sends when it hears a line.
pub type Reflex = Box<dyn Fn(&str) -> Vec<String> + Send>;

/// A daemon, and what its manager has heard.
pub struct Side {
    pub daemon: Process,
    orders: mpsc::UnboundedSender<String>,
    heard: watch::Receiver<Vec<String>>,
}

impl Side {
    /// Connects a manager to a daemon that was just started.
    pub async fn new(daemon: Process, reflex: Reflex) -> Result<Self> {
        let stream = UnixStream::connect(daemon.socket()).await.with_context(|| daemon.log())?;
        let (orders, inbox) = mpsc::unbounded_channel();
        let (noted, heard) = watch::channel(Vec::new());
        tokio::spawn(manage(stream, inbox, noted, reflex));
        Ok(Self { daemon, orders, heard })
    }

    /// Sends a line.
    pub fn send(&self, line: impl Into<String>) {
        // A daemon that has ended takes none, which the conversation shows.
        self.orders.send(line.into()).ok();
    }

    /// Waits until something is picked out of all that was heard.
    pub async fn until<T>(&mut self, pick: impl Fn(&[String]) -> Option<T>) -> Result<T> {
        let found = timeout(DEADLINE, async {
            loop {
                if let Some(found) = pick(&self.heard.borrow_and_update()) {
                    return Some(found);
                }
                self.heard.changed().await.ok()?;
            }
        });
        let found = found.await.ok().flatten();
        found.with_context(|| format!("it heard {:#?}", self.heard.borrow()))
    }

    /// Waits for a line that holds this text.
    pub async fn hears(&mut self, text: &str) -> Result<()> {
        self.until(|heard| heard.iter().any(|line| line.contains(text)).then_some(())).await
    }
}

async fn manage(
    stream: UnixStream,
    mut inbox: mpsc::UnboundedReceiver<String>,
    heard: watch::Sender<Vec<String>>,
    reflex: Reflex,
) {
    let (input, mut output) = stream.into_split();
    let mut lines = BufReader::new(input).lines();
    loop {
        let replies = tokio::select! {
            line = lines.next_line() => {
                let Ok(Some(line)) = line else { return };
                let replies = reflex(&line);
                heard.send_modify(|heard| heard.push(line));
                replies
            }
            order = inbox.recv() => match order {
                Some(order) => vec![order],
                None => return,
            },
        };
        for reply in replies {
            if output.write_all(format!("{reply}\n").as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// A parameter as the daemon's lexer reads it back.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
