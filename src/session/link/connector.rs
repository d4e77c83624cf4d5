//! [`Connector`]: how a link comes to a stream.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::{Error, Result};
use crate::session::{Builder, Endpoint, Session};

/// Any stream.
pub(super) trait AnyStream: AsyncRead + AsyncWrite + Send {}

impl<S: AsyncRead + AsyncWrite + Send> AnyStream for S {}

type Connecting = Pin<Box<dyn Future<Output = io::Result<Box<dyn AnyStream>>> + Send>>;

/// Where a link connects to.
#[derive(Clone)]
pub(super) enum Connector {
    Endpoint(Endpoint),
    Custom(Arc<dyn Fn() -> Connecting + Send + Sync>),
}

impl Connector {
    pub(super) fn custom<F, C, S>(connect: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        Self::Custom(Arc::new(move || {
            let connecting = connect();
            Box::pin(async move { Ok(Box::new(connecting.await?) as Box<dyn AnyStream>) })
        }))
    }

    pub(super) async fn connect(&self, builder: &Builder) -> Result<Session> {
        match self {
            Self::Endpoint(endpoint) => builder.connect(endpoint.clone()).await,
            Self::Custom(connect) => {
                let timeout = builder.connect_timeout;
                let connected = tokio::time::timeout(timeout, connect()).await;
                match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                    Ok(stream) => builder.attach(Pin::from(stream)).await,
                    Err(error) => {
                        let endpoint = self.to_string();
                        Err(Error::Connect { endpoint, reason: Arc::new(error) })
                    }
                }
            }
        }
    }
}

impl fmt::Display for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(endpoint) => endpoint.fmt(f),
            Self::Custom(_) => f.write_str("a connector of the program's own"),
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
