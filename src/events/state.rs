//! `>STATE:`

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

use super::grammar::{
    Problem, comma, field, ipv4, ipv6, non_empty, number, scoped_ip, start, time,
};
use crate::Text;

/// `>STATE:time,NAME,detail,local4,remote,rport,laddr,lport,local6`: the daemon's state.
///
/// Older daemons send fewer fields, and most states leave the addresses empty;
/// a field the daemon left empty or out is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// When the state was entered, in Unix seconds.
    pub time: u64,
    /// The state.
    pub name: StateName,
    /// Why, or how: `SUCCESS` when connected, the cause of a restart or an exit,
    /// `timeout 60` while authentication is pending.
    pub detail: Option<Text>,
    /// The tunnel's own IPv4 address.
    pub local_ipv4: Option<Ipv4Addr>,
    /// The address of the server.
    pub remote_addr: Option<IpAddr>,
    /// The scope behind the `%` of a link-local [`remote_addr`](Self::remote_addr).
    pub remote_scope: Option<Text>,
    /// The port of the server (OpenVPN 2.4).
    pub remote_port: Option<u16>,
    /// The address this side sends from (OpenVPN 2.4).
    pub local_addr: Option<IpAddr>,
    /// The scope behind the `%` of a link-local [`local_addr`](Self::local_addr).
    pub local_scope: Option<Text>,
    /// The port this side sends from (OpenVPN 2.4).
    pub local_port: Option<u16>,
    /// The tunnel's own IPv6 address (OpenVPN 2.4).
    pub local_ipv6: Option<Ipv6Addr>,
    extra: Option<Text>,
}

impl State {
    pub(super) fn parse(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        let (rest, (time, _, name, _, detail, _, local)) =
            start((time, comma, field, comma, field, comma, field), body)?;
        if name.is_empty() {
            return Err(Problem("the state has no name"));
        }
        let mut fields = Fields { line, rest };
        let local_ipv4 = non_empty_then(local, ipv4, "the local IPv4 address is none")?;
        let (remote_addr, remote_scope) = fields.addr("the remote address is none")?;
        let remote_port = fields.typed(number, "the remote port is none")?;
        let (local_addr, local_scope) = fields.addr("the local address is none")?;
        let local_port = fields.typed(number, "the local port is none")?;
        let local_ipv6 = fields.typed(ipv6, "the local IPv6 address is none")?;
        Ok(Self {
            time,
            name: StateName::from_wire(line, name),
            detail: non_empty(line, detail),
            local_ipv4,
            remote_addr,
            remote_scope,
            remote_port,
            local_addr,
            local_scope,
            local_port,
            local_ipv6,
            extra: fields.rest.strip_prefix(b",").map(|extra| Text::slice_of(line, extra)),
        })
    }

    /// The fields behind those known here, as newer daemons may send; no known daemon does.
    pub fn extra(&self) -> impl Iterator<Item = &[u8]> {
        let extra = self.extra.iter();
        extra.flat_map(|extra| extra.as_bytes().split(|byte| *byte == b','))
    }

    /// A row of the state history: the body of the event, without its name.
    pub(crate) fn parse_row(row: &Bytes) -> Result<Self, Problem> {
        Self::parse(row, row)
    }
}

/// Whether a `>STATE:` line that is not in its form names a restart, or no state at all.
pub(super) fn may_be_restart(line: &[u8]) -> bool {
    let Some(body) = line.strip_prefix(b"STATE:") else {
        return false;
    };
    let name = body.split(|byte| *byte == b',').nth(1).unwrap_or_default();
    let is_name = !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'?'));
    name == b"RECONNECTING" || !is_name
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(detail) = &self.detail {
            write!(f, " {detail}")?;
        }
        if let Some(local) = self.local_ipv4 {
            write!(f, ", local {local}")?;
        }
        if let Some(local) = self.local_ipv6 {
            write!(f, ", local {local}")?;
        }
        match (self.remote_addr, self.remote_port) {
            (Some(IpAddr::V6(addr)), Some(port)) => write!(f, ", remote [{addr}]:{port}"),
            (Some(addr), Some(port)) => write!(f, ", remote {addr}:{port}"),
            (Some(addr), None) => write!(f, ", remote {addr}"),
            (None, _) => Ok(()),
        }
    }
}

/// What stands behind the fields that every daemon sends: nothing, or `,field` repeated.
struct Fields<'a> {
    line: &'a Bytes,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<&'a [u8]> {
        let (rest, (_, field)) = start((comma, field), self.rest).ok()?;
        self.rest = rest;
        Some(field)
    }

    fn typed<T>(
        &mut self,
        parse: impl FnOnce(&'a [u8]) -> Option<T>,
        problem: &'static str,
    ) -> Result<Option<T>, Problem> {
        non_empty_then(self.field().unwrap_or_default(), parse, problem)
    }

    fn addr(&mut self, problem: &'static str) -> Result<(Option<IpAddr>, Option<Text>), Problem> {
        let addr = self.typed(scoped_ip, problem)?;
        Ok(addr.map_or((None, None), |(ip, scope)| (Some(ip), non_empty(self.line, scope))))
    }
}

fn non_empty_then<'a, T>(
    field: &'a [u8],
    parse: impl FnOnce(&'a [u8]) -> Option<T>,
    problem: &'static str,
) -> Result<Option<T>, Problem> {
    if field.is_empty() {
        return Ok(None);
    }
    parse(field).map(Some).ok_or(Problem(problem))
}

/// The name of a state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StateName {
    /// `INITIAL`: nothing has been done yet.
    Initial,
    /// `CONNECTING`: the daemon has started.
    Connecting,
    /// `WAIT`: a client waits for the server's first answer.
    Wait,
    /// `AUTH`: a client authenticates.
    Auth,
    /// `GET_CONFIG`: a client fetches its options from the server.
    GetConfig,
    /// `ASSIGN_IP`: the tunnel interface gets its address.
    AssignIp,
    /// `ADD_ROUTES`: routes are added to the system.
    AddRoutes,
    /// `CONNECTED`: the tunnel is up.
    Connected,
    /// `RECONNECTING`: the daemon restarts; on a server, CIDs start again at 0.
    Reconnecting,
    /// `EXITING`: the daemon ends.
    Exiting,
    /// `RESOLVE`: a client looks up the server's name.
    Resolve,
    /// `TCP_CONNECT`: a client opens its TCP connection.
    TcpConnect,
    /// `AUTH_PENDING`: the server waits for further authentication (OpenVPN 2.5).
    AuthPending,
    /// A name this crate does not know; `?` where the daemon does not know it either.
    Unknown(Text),
}

impl StateName {
    fn from_wire(line: &Bytes, name: &[u8]) -> Self {
        match name {
            b"INITIAL" => Self::Initial,
            b"CONNECTING" => Self::Connecting,
            b"WAIT" => Self::Wait,
            b"AUTH" => Self::Auth,
            b"GET_CONFIG" => Self::GetConfig,
            b"ASSIGN_IP" => Self::AssignIp,
            b"ADD_ROUTES" => Self::AddRoutes,
            b"CONNECTED" => Self::Connected,
            b"RECONNECTING" => Self::Reconnecting,
            b"EXITING" => Self::Exiting,
            b"RESOLVE" => Self::Resolve,
            b"TCP_CONNECT" => Self::TcpConnect,
            b"AUTH_PENDING" => Self::AuthPending,
            _ => Self::Unknown(Text::slice_of(line, name)),
        }
    }

    /// The name as the daemon writes it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Initial => b"INITIAL",
            Self::Connecting => b"CONNECTING",
            Self::Wait => b"WAIT",
            Self::Auth => b"AUTH",
            Self::GetConfig => b"GET_CONFIG",
            Self::AssignIp => b"ASSIGN_IP",
            Self::AddRoutes => b"ADD_ROUTES",
            Self::Connected => b"CONNECTED",
            Self::Reconnecting => b"RECONNECTING",
            Self::Exiting => b"EXITING",
            Self::Resolve => b"RESOLVE",
            Self::TcpConnect => b"TCP_CONNECT",
            Self::AuthPending => b"AUTH_PENDING",
            Self::Unknown(name) => name.as_bytes(),
        }
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(self.as_bytes()))
    }
}

#[cfg(test)]
#[path = "state/tests.rs"]
mod tests;
