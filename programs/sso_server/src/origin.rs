//! [`Origin`]: how users reach the site.

use std::net::SocketAddr;
use std::str::FromStr;

use url::{Host, Url};

/// The longest, in bytes: with a link behind it, it has to fit into a parameter of the daemon's
/// commands, which has 255.
const LONGEST: usize = 200;

/// How users reach the site: scheme, host and port, as browsers write them in the headers `Host`
/// and `Origin`, that is in small letters and without a port that is the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    text: String,
    scheme: String,
    /// Whether what is sent to it stays on this machine, or is encrypted.
    private: bool,
}

/// What is wrong with an origin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("it is no URL ({0}); write it as https://vpn.example.org")]
    NoUrl(#[from] url::ParseError),
    #[error("its scheme is {0}; only http and https are possible")]
    Scheme(String),
    #[error("it has {0}; write only scheme, host and port, as https://vpn.example.org:8443")]
    Extra(&'static str),
    #[error("no browser can open its host {0}")]
    Host(String),
    #[error("no browser can open port 0")]
    Port,
    #[error("it has {0} bytes; {LONGEST} are possible")]
    Long(usize),
}

impl Origin {
    /// The one of a site that is reached at the address where it listens.
    pub(crate) fn at(address: SocketAddr) -> Result<Self, Wrong> {
        format!("http://{address}").parse()
    }

    /// As browsers write it: `https://vpn.example.org`.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether nobody on the way can read what is sent.
    pub(crate) fn is_private(&self) -> bool {
        self.private
    }

    /// Whether the header `Host` names it; programs that are no browsers may write it otherwise.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        let named = format!("{}://{host}", self.scheme).parse();
        !host.contains('/') && named.is_ok_and(|named: Self| named == *self)
    }
}

impl FromStr for Origin {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        // The parser passes over these.
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(Wrong::Extra("a space, a control character or a backslash"));
        }
        let url = Url::parse(text)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Wrong::Scheme(url.scheme().to_owned()));
        }
        for (name, is_there) in [
            ("a user name", text.contains('@')),
            ("a query", url.query().is_some()),
            ("a fragment", url.fragment().is_some()),
            ("a path", url.path() != "/"),
        ] {
            if is_there {
                return Err(Wrong::Extra(name));
            }
        }
        if url.port() == Some(0) {
            return Err(Wrong::Port);
        }
        let is_loopback = openable(&url)?;
        let text = url.origin().ascii_serialization();
        if text.len() > LONGEST {
            return Err(Wrong::Long(text.len()));
        }
        let scheme = url.scheme().to_owned();
        Ok(Self { text, private: scheme == "https" || is_loopback, scheme })
    }
}

/// Whether a host that can be opened is this machine.
fn openable(url: &Url) -> Result<bool, Wrong> {
    let (is_openable, is_loopback) = match url.host() {
        Some(Host::Ipv4(ip)) => (!ip.is_unspecified(), ip.is_loopback()),
        Some(Host::Ipv6(ip)) => (!ip.is_unspecified(), ip.is_loopback()),
        Some(Host::Domain(name)) => {
            let is_known = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            (name.chars().all(is_known), name == "localhost")
        }
        None => (false, false),
    };
    let name = || url.host_str().unwrap_or_default().to_owned();
    if is_openable { Ok(is_loopback) } else { Err(Wrong::Host(name())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_browsers_do() {
        for (given, expected) in [
            ("https://vpn.example.org", "https://vpn.example.org"),
            ("https://vpn.example.org/", "https://vpn.example.org"),
            ("HTTPS://VPN.Example.ORG:443", "https://vpn.example.org"),
            ("http://vpn.example.org:80/", "http://vpn.example.org"),
            ("http://vpn.example.org:443", "http://vpn.example.org:443"),
            ("https://vpn.example.org:08443", "https://vpn.example.org:8443"),
            ("http://127.1:8080", "http://127.0.0.1:8080"),
            ("http://[0:0::1]:8080", "http://[::1]:8080"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ] {
            let origin: Origin = given.parse().unwrap();
            assert_eq!(origin.as_str(), expected, "{given}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (given, expected) in [
            ("https://vpn.example.org/sso", "a path"),
            ("https://vpn.example.org//", "a path"),
            ("https://vpn.example.org?x", "a query"),
            ("https://vpn.example.org/#", "a fragment"),
            ("https://me@vpn.example.org", "a user name"),
            ("https://vpn.example.org\n", "a control character"),
            ("ftp://vpn.example.org", "scheme is ftp"),
            ("vpn.example.org:8443", "scheme is vpn.example.org"),
            ("vpn.example.org", "no URL"),
            ("https://", "no URL"),
            ("https://vpn.example.org:65536", "no URL"),
            ("http://[fe80::1%eth0]:80", "no URL"),
            ("http://0.0.0.0:8080", "host 0.0.0.0"),
            ("http://[::]:8080", "host [::]"),
            ("https://*.example.org", "host *.example.org"),
            ("https://vpn.example.org:0", "port 0"),
        ] {
            let wrong = given.parse::<Origin>().unwrap_err().to_string();
            assert!(wrong.contains(expected), "{given}: {wrong}");
        }
        let long = format!("https://{}org", "a.".repeat(100));
        assert_eq!(long.parse::<Origin>(), Err(Wrong::Long(211)));
    }

    #[test]
    fn a_host_is_known_however_it_is_written() {
        let origin: Origin = "https://vpn.example.org".parse().unwrap();
        for host in ["vpn.example.org", "VPN.example.org", "vpn.example.org:443"] {
            assert!(origin.is_host(host), "{host}");
        }
        for host in
            ["", "example.org", "vpn.example.org:80", "vpn.example.org/", "a@vpn.example.org"]
        {
            assert!(!origin.is_host(host), "{host}");
        }
    }

    #[test]
    fn plain_http_is_private_on_this_machine_alone() {
        for (given, private) in [
            ("https://vpn.example.org", true),
            ("http://127.0.0.1:8080", true),
            ("http://localhost", true),
            ("http://vpn.example.org", false),
        ] {
            assert_eq!(given.parse::<Origin>().unwrap().is_private(), private, "{given}");
        }
    }
}
