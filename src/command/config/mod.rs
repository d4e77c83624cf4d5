//! [`PeerConfig`]: the lines a `client-auth` gives to a client.

mod directive;
mod ranges;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

use self::directive::Parsed;
use super::quote::push_quoted;
use super::writer::Block;
use crate::error::Result;
use crate::types::{Text, limits, masked};

const COMMAND: &str = "client-auth";
const LINE: &str = "config line";
const TOO_LONG: &str = "the daemon parses the rest as a second directive";

/// What a client is given when it is let in: the lines of `client-auth`'s block.
///
/// The daemon admits a client also when it drops a line of its configuration, and says so only
/// in its log. So each line is checked as the daemon reads it: the directive and the number of
/// its parameters, addresses, netmasks, networks and ranges, and whatever would be split, cut
/// or run (over 255 bytes, control bytes, a line `END`, an open quote).
///
/// ```
/// use openvpn_mgmt::PeerConfig;
///
/// let config = PeerConfig::new()
///     .ifconfig_push("10.8.0.7".parse()?, "255.255.255.0".parse()?)?
///     .push("route 10.1.0.0 255.255.0.0")?
///     .iroute("192.168.7.0".parse()?, "255.255.255.0".parse()?)?
///     .directive("push-remove topology")?;
/// assert_eq!(config.lines().count(), 4);
/// assert!(config.clone().push("echo hello, world").is_err());
/// assert!(config.clone().iroute("192.168.7.1".parse()?, "255.255.255.0".parse()?).is_err());
/// assert!(config.directive("route 10.1.0.0 255.255.0.0").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The checks are those that OpenVPN 2.5, 2.6 and 2.7 have in common. What depends on the
/// server's own configuration they cannot know: whether an address is free and fits its
/// network, whether it is a TAP server (which ignores `iroute`), and its `max-routes-per-client`.
///
/// `Debug` does not show the token of a `push "auth-token …"`.
#[derive(Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct PeerConfig {
    lines: Vec<Vec<u8>>,
}

impl PeerConfig {
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
        let mut line = b"push ".to_vec();
        push_quoted(&mut line, option.as_ref());
        self.directive(line)
    }

    /// `ifconfig-push LOCAL REMOTE_OR_NETMASK`: the client's address in the tunnel.
    ///
    /// The second address is a netmask with `topology subnet` and on TAP servers, else the other
    /// end of the client's link.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for `0.0.0.0` and
    /// `255.255.255.255` as address, and for a netmask with holes.
    pub fn ifconfig_push(self, local: Ipv4Addr, remote_or_netmask: Ipv4Addr) -> Result<Self> {
        self.directive(format!("ifconfig-push {local} {remote_or_netmask}"))
    }

    /// `ifconfig-ipv6-push LOCAL/BITS REMOTE`: the client's IPv6 address in the tunnel.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for `bits` outside 64 to 124,
    /// which the client drops, and for an address of zeros or ones alone.
    pub fn ifconfig_ipv6_push(self, local: Ipv6Addr, bits: u8, remote: Ipv6Addr) -> Result<Self> {
        self.directive(format!("ifconfig-ipv6-push {local}/{bits} {remote}"))
    }

    /// `iroute NETWORK NETMASK`: a network behind this client.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a netmask with holes, a
    /// network with host bits (2.5 drops it, 2.6 and 2.7 never use it), and one of zeros or
    /// ones alone that the daemon does not learn.
    pub fn iroute(self, network: Ipv4Addr, netmask: Ipv4Addr) -> Result<Self> {
        self.directive(format!("iroute {network} {netmask}"))
    }

    /// `iroute-ipv6 NETWORK/BITS`: an IPv6 network behind this client.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) as for [`iroute`](Self::iroute),
    /// and for `bits` over 128.
    pub fn iroute_ipv6(self, network: Ipv6Addr, bits: u8) -> Result<Self> {
        self.directive(format!("iroute-ipv6 {network}/{bits}"))
    }

    /// `push-reset`: nothing of the server's global push list goes to this client.
    pub fn push_reset(mut self) -> Self {
        self.lines.push(b"push-reset".to_vec());
        self
    }

    /// A directive as it would stand in a `--client-config-dir` file, checked as the daemon
    /// reads it. Known are:
    ///
    /// | directive | parameters |
    /// | --- | --- |
    /// | `push` | one option, quoted where it holds blanks |
    /// | `push-reset` | |
    /// | `push-remove` | the beginning of the options to leave out |
    /// | `ifconfig-push` | address, netmask or remote address, and an alias if any |
    /// | `ifconfig-ipv6-push` | address`/`64 to 124, remote address |
    /// | `iroute` | network, and a netmask if it is no host |
    /// | `iroute-ipv6` | network`/`0 to 128 |
    /// | `ping`, `ping-exit`, `ping-restart` | seconds, 0 to 86,400 |
    /// | `ping-timer-rem` | |
    /// | `inactive` | seconds, 0 to 2,147,483,647, and bytes if any |
    /// | `max-routes-per-client` | 1 to 2,147,483,647 |
    /// | `vlan-pvid` (OpenVPN 2.5) | 1 to 4,094 |
    /// | `disable` | |
    ///
    /// With `disable` the client is turned away, though `client-auth` is answered SUCCESS.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a line that the daemon
    /// would split, cut, drop, run or read in another way, and for every other directive.
    pub fn directive(mut self, line: impl AsRef<[u8]>) -> Result<Self> {
        let line = line.as_ref();
        Parsed::new(line)?.check()?;
        self.lines.push(line.to_vec());
        Ok(self)
    }

    /// A directive that [`directive`](Self::directive) does not know, or takes in other forms
    /// only: `data-ciphers`, `session-timeout` (OpenVPN 2.6), `override-username` (2.7).
    ///
    /// The daemon drops what it does not know or allow here, says so in its log alone, and
    /// **admits the client without it**. Some have it read a file (`config`), look up a name,
    /// or stand still.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a line that the daemon
    /// would split, cut or run, or that ends it (`<ca>`: it misses the inline file's end).
    pub fn directive_unchecked(mut self, line: impl AsRef<[u8]>) -> Result<Self> {
        let line = line.as_ref();
        Parsed::new(line)?;
        self.lines.push(line.to_vec());
        Ok(self)
    }

    /// The lines, in order.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(Vec::as_slice)
    }

    /// What a daemon has received, checked by nobody.
    pub(super) fn received<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Self {
        Self { lines: lines.map(<[u8]>::to_vec).collect() }
    }

    /// Writes them into a command's block.
    pub(super) fn write(&self, block: Block) -> Result<Block> {
        self.lines()
            .try_fold(block, |block, line| block.line(LINE, line, limits::CONFIG_LINE, TOO_LONG))
    }
}

impl fmt::Debug for PeerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines.iter().map(|line| masked(&Text::from(Bytes::from(line.clone()))));
        f.debug_struct("PeerConfig").field("lines", &lines.collect::<Vec<_>>()).finish()
    }
}

/// What `client-auth` takes: a [`PeerConfig`], or lines that are each checked by
/// [`PeerConfig::directive`].
///
/// ```
/// use openvpn_mgmt::{PeerConfig, IntoPeerConfig};
///
/// let config = ["push \"route 10.1.0.0 255.255.0.0\"", "push-reset"].into_peer_config()?;
/// assert_eq!(config.lines().count(), 2);
///
/// let line = "data-ciphers AES-256-GCM";
/// assert!([line].into_peer_config().is_err());
/// PeerConfig::new().directive_unchecked(line)?.into_peer_config()?;
/// # Ok::<(), openvpn_mgmt::Error>(())
/// ```
pub trait IntoPeerConfig {
    /// The configuration.
    ///
    /// # Errors
    /// As [`PeerConfig::directive`], for the first line at fault.
    fn into_peer_config(self) -> Result<PeerConfig>;
}

impl IntoPeerConfig for PeerConfig {
    fn into_peer_config(self) -> Result<PeerConfig> {
        Ok(self)
    }
}

impl IntoPeerConfig for &PeerConfig {
    fn into_peer_config(self) -> Result<PeerConfig> {
        Ok(self.clone())
    }
}

// `PeerConfig` itself is no iterator, so that its unchecked lines cannot come this way.
impl<I> IntoPeerConfig for I
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    fn into_peer_config(self) -> Result<PeerConfig> {
        self.into_iter().try_fold(PeerConfig::new(), PeerConfig::directive)
    }
}

#[cfg(test)]
mod tests;
