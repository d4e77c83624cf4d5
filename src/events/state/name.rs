//! [`StateName`]

use std::fmt;

use bytes::Bytes;

use crate::types::Text;

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
    pub(in crate::events) fn from_wire(line: &Bytes, name: &[u8]) -> Self {
        Self::known(name).unwrap_or_else(|| Self::Unknown(Text::slice_of(line, name)))
    }

    /// Whether it is read from its own bytes.
    pub(super) fn is_its_own(&self) -> bool {
        !self.as_bytes().is_empty()
            && (!matches!(self, Self::Unknown(_)) || Self::known(self.as_bytes()).is_none())
    }

    fn known(name: &[u8]) -> Option<Self> {
        Some(match name {
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
            _ => return None,
        })
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
