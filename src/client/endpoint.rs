//! [`Endpoint`]: where a management interface listens.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The address of a management interface: a unix socket's path, or `host:port`.
///
/// Text with a `/` or without a `:port` at its end is a path; `127.0.0.1:7505`,
/// `[::1]:7505` and `localhost:7505` are TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// `--management PATH unix`.
    Unix(PathBuf),
    /// `--management HOST PORT`, as `host:port`.
    Tcp(String),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Tcp(address) => f.write_str(address),
        }
    }
}

impl From<&str> for Endpoint {
    fn from(address: &str) -> Self {
        match address.rsplit_once(':') {
            Some((host, port))
                if !address.contains('/') && !host.is_empty() && port.parse::<u16>().is_ok() =>
            {
                Self::Tcp(address.to_owned())
            }
            _ => Self::Unix(PathBuf::from(address)),
        }
    }
}

impl From<String> for Endpoint {
    fn from(address: String) -> Self {
        Self::from(address.as_str())
    }
}

impl From<&String> for Endpoint {
    fn from(address: &String) -> Self {
        Self::from(address.as_str())
    }
}

impl From<&Path> for Endpoint {
    fn from(path: &Path) -> Self {
        Self::Unix(path.to_owned())
    }
}

impl From<&PathBuf> for Endpoint {
    fn from(path: &PathBuf) -> Self {
        Self::Unix(path.clone())
    }
}

impl From<PathBuf> for Endpoint {
    fn from(path: PathBuf) -> Self {
        Self::Unix(path)
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address.to_string())
    }
}

/// The stream of a connected endpoint.
pub(super) enum Stream {
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    Tcp(tokio::net::TcpStream),
}

impl Endpoint {
    pub(super) async fn connect(&self) -> io::Result<Stream> {
        match self {
            #[cfg(unix)]
            Self::Unix(path) => Ok(Stream::Unix(tokio::net::UnixStream::connect(path).await?)),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "unix sockets need a unix system; give host:port",
            )),
            Self::Tcp(address) => {
                let stream = tokio::net::TcpStream::connect(address.as_str()).await?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_are_told_apart() {
        for tcp in ["127.0.0.1:7505", "[::1]:7505", "localhost:7505"] {
            assert_eq!(Endpoint::from(tcp), Endpoint::Tcp(tcp.into()));
        }
        for path in
            ["/run/openvpn/client.sock", "./a:7505", "client.sock", "a:b", ":7505", "a:70000", ""]
        {
            assert_eq!(Endpoint::from(path), Endpoint::Unix(path.into()));
        }
    }
}
