//! Serves HTTP to whoever comes: one request a connection, none for long, not many at a time.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// How long a client may take to send the lines before the body.
const HEADERS: Duration = Duration::from_secs(10);
/// How long all of a connection may take.
const LIFETIME: Duration = Duration::from_secs(30);
/// The longest that these lines may be, in bytes.
const LINES: usize = 16 * 1024;
/// How many connections there may be.
const MOST: usize = 256;

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, site: Router) -> Result<()> {
    let mut connections = Connections::default();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => connections.add(answer(stream, site.clone())),
            // Out of file descriptors, it would fail again at once.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Answers one request.
async fn answer(stream: TcpStream, site: Router) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(LINES)
        .keep_alive(false);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(site));
    // A browser that leaves is nobody's concern.
    timeout(LIFETIME, connection).await.ok();
}

/// The connections there are. Where they are too many the oldest goes: an honest one does not
/// take long, so one that is old is there to take the place of others.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    oldest_first: VecDeque<AbortHandle>,
}

impl Connections {
    fn add(&mut self, connection: impl Future<Output = ()> + Send + 'static) {
        while self.tasks.try_join_next().is_some() {}
        self.oldest_first.retain(|task| !task.is_finished());
        if self.oldest_first.len() >= MOST {
            if let Some(oldest) = self.oldest_first.pop_front() {
                oldest.abort();
            }
        }
        self.oldest_first.push_back(self.tasks.spawn(connection));
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn the_oldest_of_too_many_connections_goes() {
        let mut connections = Connections::default();
        for _ in 0..MOST {
            connections.add(pending());
        }
        let oldest = connections.oldest_first.front().cloned().unwrap();
        let next = connections.oldest_first.get(1).cloned().unwrap();
        connections.add(pending());
        assert!(connections.tasks.join_next().await.unwrap().unwrap_err().is_cancelled());
        assert!(oldest.is_finished() && !next.is_finished());
        assert_eq!(connections.oldest_first.len(), MOST);
    }
}
