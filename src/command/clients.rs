//! A server's decisions about its clients: `client-*`, `kill`, `env-filter`, `push-update-*`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Effect, Fence, ReplyShape, Wire, Writer};
use crate::error::invalid;
use crate::error::{Error, Result};
use crate::types::limits;
use crate::types::{ArgumentProblem, Dialect, Feature};
use crate::types::{Cid, Kid};

/// Whom `kill` ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KillTarget {
    /// Every client of this common name.
    CommonName(String),
    /// The client at this address.
    Address {
        /// The transport it came by; OpenVPN 2.7 needs it, older versions ignore it.
        transport: Transport,
        /// Its IP address. `kill` itself knows IPv4 only; an IPv6 client is looked
        /// up in `status` and ended by `client-kill`.
        ip: IpAddr,
        /// Its port.
        port: u16,
    },
    /// The one client at this IPv6 address, whatever its port and transport. Refused where there are several.
    AnyPort(Ipv6Addr),
}

/// The transport of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

impl Transport {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }
}

/// How much of a client's environment the daemon sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EnvFilter {
    /// Everything (level 0, the daemon's default).
    All,
    /// What a script that authenticates needs (level 1).
    Reduced,
    /// As `Reduced`, without the digests of deeper certificates and the common name's alias (level 2).
    Minimal,
}

const PENDING_WHY: &str = "longer ones do not reach the user of an OpenVPN 2.x client";

pub(crate) fn client_auth_nt(cid: Cid, kid: Kid) -> Wire {
    let writer = Writer::new("client-auth-nt").number(cid.0).number(kid.0);
    // Both commands answer with the same text.
    writer.line(ReplyShape::Line).expect("client-auth command").effect(Effect::Decides(cid, kid))
}

pub(crate) fn client_deny(
    cid: Cid,
    kid: Kid,
    reason: &[u8],
    client_reason: Option<&[u8]>,
) -> Result<Wire> {
    let mut writer =
        Writer::new("client-deny").number(cid.0).number(kid.0).quoted("reason", reason)?;
    if let Some(text) = client_reason {
        writer = writer.quoted("client reason", text)?;
    }
    Ok(writer
        .line(ReplyShape::Line)
        .expect("client-deny command")
        .effect(Effect::Decides(cid, kid)))
}

pub(crate) fn client_kill(cid: Cid, message: Option<&[u8]>) -> Result<Wire> {
    let mut writer = Writer::new("client-kill").number(cid.0);
    if let Some(message) = message {
        if message.is_empty() {
            return Err(invalid("client-kill", "message", ArgumentProblem::Empty));
        }
        writer = writer.quoted("message", message)?;
    }
    Ok(writer.line(ReplyShape::Line).expect("client-kill command"))
}

/// The parameters by version: 2.5 `CID EXTRA`, 2.6.0 and 2.6.1 `CID EXTRA TIMEOUT`, later `CID KID EXTRA TIMEOUT`.
pub(crate) fn client_pending_auth(
    cid: Cid,
    kid: Kid,
    extra: &[u8],
    seconds: u64,
    dialect: Dialect,
) -> Result<Wire> {
    const NAME: &str = "client-pending-auth";
    if dialect.has(Feature::PendingAuth) != Some(true) {
        return Err(Error::Unsupported { command: NAME, needs: Feature::PendingAuth.needs() });
    }
    if extra.is_empty() {
        return Err(invalid(NAME, "extra", ArgumentProblem::Empty));
    }
    let seconds = super::in_range(NAME, "timeout", seconds, 1, u32::MAX.into())?;
    let mut writer = Writer::new(NAME).number(cid.0);
    if dialect.pending_auth_takes_kid() {
        writer = writer.number(kid.0);
    }
    writer = writer.quoted_within("extra", extra, limits::PENDING_EXTRA, PENDING_WHY)?;
    if dialect.pending_auth_takes_timeout() {
        writer = writer.number(seconds);
    }
    let wire = writer.line(ReplyShape::Line).expect("client-pending-auth command");
    // 2.5.0 to 2.5.6 say SUCCESS and then, in words, that it failed.
    let wire = wire.failure("command failed");
    let asks = extra.starts_with(b"CR_TEXT:");
    Ok(if asks { wire.effect(Effect::AsksResponse(cid, kid)) } else { wire })
}

/// Each line begins with `[`, `+` or `-`: a daemon that does not want the block runs its lines as
/// commands, and no command begins so.
pub(crate) fn client_pf<L: AsRef<[u8]>>(
    cid: Cid,
    filter: impl IntoIterator<Item = L>,
    dialect: Dialect,
) -> Result<Wire> {
    const NAME: &str = "client-pf";
    const FILTER: &str = "filter";
    if dialect.has(Feature::PacketFilters) != Some(true) {
        return Err(Error::Unsupported { command: NAME, needs: Feature::PacketFilters.needs() });
    }
    let why = "the daemon loses longer lines that stand among others";
    let mut block = Writer::new(NAME).number(cid.0).block();
    for line in filter {
        let line = line.as_ref();
        block = block.line(FILTER, line, limits::CONFIG_LINE, why)?;
        if !line.starts_with(b"[") && !line.starts_with(b"+") && !line.starts_with(b"-") {
            let problem = "has a line that begins with none of `[`, `+` and `-`";
            return Err(invalid(NAME, FILTER, ArgumentProblem::Other(problem)));
        }
    }
    Ok(block.end(ReplyShape::Fenced(Fence::AfterRefusal)).expect("client-pf command"))
}

pub(crate) fn env_filter(filter: EnvFilter) -> Wire {
    let level: u8 = match filter {
        EnvFilter::All => 0,
        EnvFilter::Reduced => 1,
        EnvFilter::Minimal => 2,
    };
    let wire = Writer::new("env-filter").number(level).line(ReplyShape::Line);
    wire.expect("env_filter_level=").effect(Effect::FiltersEnv { zero: level == 0 })
}

/// A name with a colon would be read as an address, and a long one would be cut.
pub(crate) fn kill_common_name(name: &str) -> Result<Wire> {
    const ARGUMENT: &str = "common name";
    if name.is_empty() {
        return Err(invalid("kill", ARGUMENT, ArgumentProblem::Empty));
    }
    if name.contains(':') {
        let problem =
            ArgumentProblem::Other("holds a colon; the daemon would take it for an address");
        return Err(invalid("kill", ARGUMENT, problem));
    }
    let why = "the daemon cuts longer names and would look for another one";
    let writer = Writer::new("kill").quoted_within(ARGUMENT, name, limits::KILL_NAME, why)?;
    Ok(writer.line(ReplyShape::Line).expect("common name"))
}

pub(crate) fn kill_address(
    transport: Transport,
    ip: Ipv4Addr,
    port: u16,
    names_transport: bool,
) -> Result<Wire> {
    super::in_range("kill", "port", port.into(), 1, u16::MAX.into())?;
    let address = if names_transport {
        format!("{}:{ip}:{port}", transport.as_str())
    } else {
        format!("{ip}:{port}")
    };
    Ok(Writer::new("kill").word(&address).line(ReplyShape::Line))
}

/// Two lines for one answer, so a fence tells the end.
pub(crate) fn push_update(cid: Option<Cid>, options: &[u8]) -> Result<Wire> {
    let writer = match cid {
        Some(cid) => Writer::new("push-update-cid").number(cid.0),
        None => Writer::new("push-update-broad"),
    };
    if options.is_empty() {
        return Err(invalid(writer.name(), "options", ArgumentProblem::Empty));
    }
    let writer = writer.quoted("options", options)?;
    Ok(writer.line(ReplyShape::Fenced(Fence::AfterFirst)))
}
