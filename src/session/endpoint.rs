//! [`Endpoint`]: where a management interface listens.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::types::ParseError;

/// How often a full queue is tried again.
#[cfg(unix)]
const QUEUE_POLL: Duration = Duration::from_millis(20);

/// The address of a management interface: a unix socket's path, or `host:port`.
///
/// Text with a `/` or without a `:port` at its end is a path; `127.0.0.1:7505`,
/// `[::1]:7505` and `localhost:7505` are TCP.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

impl From<SocketAddrV4> for Endpoint {
    fn from(address: SocketAddrV4) -> Self {
        Self::Tcp(address.to_string())
    }
}

impl From<SocketAddrV6> for Endpoint {
    fn from(address: SocketAddrV6) -> Self {
        Self::Tcp(address.to_string())
    }
}

impl From<(IpAddr, u16)> for Endpoint {
    fn from(address: (IpAddr, u16)) -> Self {
        Self::from(SocketAddr::from(address))
    }
}

/// A host's name or address, an IPv6 address without brackets, and a port.
impl From<(&str, u16)> for Endpoint {
    fn from((host, port): (&str, u16)) -> Self {
        let is_ipv6 = host.contains(':') && !host.starts_with('[');
        Self::Tcp(if is_ipv6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
    }
}

/// Reads a text as `Endpoint::from` does, and refuses what is most likely
/// no address: nothing, and a port over 65535.
impl FromStr for Endpoint {
    type Err = ParseError;

    fn from_str(address: &str) -> Result<Self, ParseError> {
        let error = |problem| Err(ParseError::new("an address of a management interface", problem));
        let is_number = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        match Self::from(address) {
            _ if address.is_empty() => error("it is empty"),
            Self::Unix(_) if address.contains('\0') => error("it holds a zero byte"),
            Self::Unix(_) if !address.contains('/') => match address.rsplit_once(':') {
                Some(("", _)) => error("it has a port and no host"),
                Some((_, port)) if is_number(port) => error("its port is over 65535"),
                _ => Ok(Self::from(address)),
            },
            endpoint => Ok(endpoint),
        }
    }
}

/// The stream of a connected endpoint.
pub(crate) enum Stream {
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    Tcp(tokio::net::TcpStream),
}

impl Endpoint {
    /// Connects; a TCP connection is probed where it is silent for `keepalive`.
    pub(crate) async fn connect(&self, keepalive: Option<Duration>) -> io::Result<Stream> {
        match self {
            #[cfg(unix)]
            Self::Unix(path) => Ok(Stream::Unix(connect_unix(path).await?)),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(no_unix_sockets()),
            Self::Tcp(address) => {
                let stream = tokio::net::TcpStream::connect(address.as_str()).await?;
                prepare_tcp(&stream, keepalive)?;
                Ok(Stream::Tcp(stream))
            }
        }
    }

    /// What to say when connecting took too long.
    pub(crate) fn timed_out(&self) -> io::Error {
        match self {
            // Nothing else makes a unix socket wait.
            Self::Unix(_) => io::Error::new(
                io::ErrorKind::TimedOut,
                "its queue stayed full: another management client may hold the session \
                 (OpenVPN serves one at a time), and more wait for it",
            ),
            Self::Tcp(_) => io::ErrorKind::TimedOut.into(),
        }
    }
}

/// Sends at once, and probes where it is silent for `keepalive`.
pub(crate) fn prepare_tcp(
    stream: &tokio::net::TcpStream,
    keepalive: Option<Duration>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if let Some(idle) = keepalive {
        SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(idle))?;
    }
    Ok(())
}

/// What to say of a path on a system where tokio has no unix sockets.
#[cfg(not(unix))]
pub(crate) fn no_unix_sockets() -> io::Error {
    let message = "unix sockets need a unix system; give host:port";
    io::Error::new(io::ErrorKind::Unsupported, message)
}

/// Waits while the queue of connections that OpenVPN has not accepted yet is full.
///
/// The kernel says so at once where a blocking connect would wait, and has no way to
/// tell when that changes.
#[cfg(unix)]
async fn connect_unix(path: &Path) -> io::Result<tokio::net::UnixStream> {
    loop {
        match tokio::net::UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(QUEUE_POLL).await;
            }
            result => return result,
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
