//! [`ClientConfig`]: the lines a `client-auth` gives to a client.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

use super::limits;
use super::quote::push_quoted;
use super::wire::{check_block_line, invalid};
use super::{Wire, Writer};
use crate::error::{ArgumentProblem, Result};
use crate::mask::masked;
use crate::{Cid, Kid, ReplyShape, Text};

const COMMAND: &str = "client-auth";
const LINE: &str = "config line";
const TOO_LONG: &str = "the daemon parses the rest as a second directive";

/// What a client is given when it is let in: the lines of `client-auth`'s block.
///
/// The daemon admits a client also when it drops a line of its configuration, and
/// says so only in its log. So each line is checked for what would be split,
/// dropped or run: over 255 bytes, control bytes, a line `END`, an open quote, a
/// comma in a push option.
///
/// ```
/// use openvpn_mgmt::ClientConfig;
///
/// let config = ClientConfig::new()
///     .ifconfig_push("10.8.0.7".parse()?, "255.255.255.0".parse()?)
///     .push("route 10.1.0.0 255.255.0.0")?
///     .iroute("192.168.7.0".parse()?, "255.255.255.0".parse()?);
/// assert_eq!(config.lines().count(), 3);
/// assert!(config.push("echo hello, world").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `Debug` does not show the token of a `push "auth-token …"`.
#[derive(Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct ClientConfig {
    lines: Vec<Vec<u8>>,
}

impl ClientConfig {
    /// No lines: the client gets what the server's own configuration gives.
    pub fn new() -> Self {
        Self::default()
    }

    /// `push "OPTION"`: an option sent to the client.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a comma (the
    /// daemon drops such an option), an open quote, stray backslash or comment (the client
    /// drops it), a control byte, or a line over 255 bytes.
    pub fn push(self, option: impl AsRef<[u8]>) -> Result<Self> {
        let option = option.as_ref();
        if option.contains(&b',') {
            let problem = ArgumentProblem::Other("holds a comma; the daemon drops such an option");
            return Err(invalid(COMMAND, "push option", problem));
        }
        if option.is_empty() {
            return Err(invalid(COMMAND, "push option", ArgumentProblem::Empty));
        }
        // The client reads the option as a line of its own.
        super::lexer::parameters(option).map_err(|p| invalid(COMMAND, "push option", p))?;
        let mut line = b"push ".to_vec();
        push_quoted(&mut line, option);
        self.directive(line)
    }

    /// `ifconfig-push LOCAL REMOTE_OR_NETMASK`: the client's address in the tunnel.
    pub fn ifconfig_push(self, local: Ipv4Addr, remote_or_netmask: Ipv4Addr) -> Self {
        self.own(format!("ifconfig-push {local} {remote_or_netmask}"))
    }

    /// `ifconfig-ipv6-push LOCAL/BITS REMOTE`: the client's IPv6 address in the tunnel.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for `bits` over 128.
    pub fn ifconfig_ipv6_push(self, local: Ipv6Addr, bits: u8, remote: Ipv6Addr) -> Result<Self> {
        super::in_range(COMMAND, "prefix length", bits.into(), 0, 128)?;
        Ok(self.own(format!("ifconfig-ipv6-push {local}/{bits} {remote}")))
    }

    /// `iroute NETWORK NETMASK`: a network behind this client.
    pub fn iroute(self, network: Ipv4Addr, netmask: Ipv4Addr) -> Self {
        self.own(format!("iroute {network} {netmask}"))
    }

    /// `iroute-ipv6 NETWORK/BITS`: an IPv6 network behind this client.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for `bits` over 128.
    pub fn iroute_ipv6(self, network: Ipv6Addr, bits: u8) -> Result<Self> {
        super::in_range(COMMAND, "prefix length", bits.into(), 0, 128)?;
        Ok(self.own(format!("iroute-ipv6 {network}/{bits}")))
    }

    /// `push-reset`: nothing of the server's global push list goes to this client.
    pub fn push_reset(self) -> Self {
        self.own("push-reset".into())
    }

    /// Any directive as it would stand in a `--client-config-dir` file.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a line the
    /// daemon would split, drop or run.
    pub fn directive(mut self, line: impl AsRef<[u8]>) -> Result<Self> {
        let line = line.as_ref();
        check_line(line)?;
        self.lines.push(line.to_vec());
        Ok(self)
    }

    /// The lines, in order.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(Vec::as_slice)
    }

    fn own(mut self, line: String) -> Self {
        self.lines.push(line.into_bytes());
        self
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines.iter().map(|line| masked(&Text::from(Bytes::from(line.clone()))));
        f.debug_struct("ClientConfig").field("lines", &lines.collect::<Vec<_>>()).finish()
    }
}

impl IntoIterator for ClientConfig {
    type Item = Vec<u8>;
    type IntoIter = std::vec::IntoIter<Vec<u8>>;

    fn into_iter(self) -> Self::IntoIter {
        self.lines.into_iter()
    }
}

/// `client-auth CID KID`, its lines and `END`.
pub(crate) fn client_auth<L: AsRef<[u8]>>(
    cid: Cid,
    kid: Kid,
    lines: impl IntoIterator<Item = L>,
) -> Result<Wire> {
    let mut block = Writer::new(COMMAND).number(cid.0).number(kid.0).block();
    for line in lines {
        let line = line.as_ref();
        check_line(line)?;
        block = block.line(LINE, line, limits::CONFIG_LINE, TOO_LONG)?;
    }
    Ok(block.end(ReplyShape::Line).expect("client-auth command").decides(cid, kid))
}

fn check_line(line: &[u8]) -> Result<()> {
    let bad = |problem| invalid(COMMAND, LINE, problem);
    check_block_line(line, limits::CONFIG_LINE, TOO_LONG).map_err(bad)?;
    let parameters = super::lexer::parameters(line).map_err(bad)?;
    let Some(directive) = parameters.first() else {
        return Err(bad(ArgumentProblem::Empty));
    };
    let pushes = matches!(directive.as_slice(), b"push" | b"--push");
    if pushes && parameters.iter().any(|parameter| parameter.contains(&b',')) {
        let problem = ArgumentProblem::Other("pushes a comma; the daemon drops such an option");
        return Err(bad(problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_lines_the_daemon_reads() {
        let config = ClientConfig::new()
            .push(r#"dhcp-option DOMAIN "a\\b""#)
            .unwrap()
            .ifconfig_ipv6_push("fd00::7".parse().unwrap(), 64, "fd00::1".parse().unwrap())
            .unwrap()
            .push_reset();
        let wire = client_auth(Cid(7), Kid(1), config).unwrap();
        assert_eq!(
            String::from_utf8(wire.bytes.to_vec()).unwrap(),
            "client-auth 7 1\npush \"dhcp-option DOMAIN \\\"a\\\\\\\\b\\\"\"\n\
             ifconfig-ipv6-push fd00::7/64 fd00::1\npush-reset\nEND\n"
        );
    }

    #[test]
    fn refuses_what_would_be_split_dropped_or_run() {
        let long = format!("push \"{}\"", "x".repeat(250));
        for line in [
            "END",
            "",
            " ",
            "#",
            "a\nEND",
            "a\tb",
            "push \"echo a,b\"",
            "setenv a \"b",
            "setenv a #b",
            &long,
        ] {
            assert!(ClientConfig::new().directive(line).is_err(), "{line:?}");
            assert!(client_auth(Cid(0), Kid(0), [line]).is_err(), "{line:?}");
        }
        assert!(ClientConfig::new().push("x".repeat(249)).is_err());
        assert!(ClientConfig::new().push("x".repeat(248)).is_ok());
        assert!(ClientConfig::new().push("").is_err());
        assert!(ClientConfig::new().push("a\"".repeat(124)).is_err(), "quoting counts");
        assert!(ClientConfig::new().iroute_ipv6(Ipv6Addr::LOCALHOST, 129).is_err());
    }
}
