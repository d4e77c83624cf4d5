//! [`StateBuilder`]: a state that a daemon is to tell.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{State, StateName};
use crate::types::{Text, WriteError};

/// What a [`State`] is to say: [`State::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct StateBuilder {
    time: u64,
    name: StateName,
    detail: Text,
    local_ipv4: Option<Ipv4Addr>,
    remote: (Option<IpAddr>, Option<u16>),
    local: (Option<IpAddr>, Option<u16>),
    local_ipv6: Option<Ipv6Addr>,
}

impl State {
    /// A state in the fields of OpenVPN 2.4 and later.
    ///
    /// ```
    /// use openvpn_mgmt::StateName;
    /// use openvpn_mgmt::events::{Event, State};
    ///
    /// let connected = State::builder(1_795_332_416, StateName::Connected).detail("SUCCESS");
    /// let connected = connected.local_ipv4([10, 8, 0, 2].into()).remote([192, 0, 2, 1].into(), 1194);
    /// let line = Event::State(connected.build()?).to_bytes()?;
    /// assert_eq!(line, b">STATE:1795332416,CONNECTED,SUCCESS,10.8.0.2,192.0.2.1,1194,,\r\n");
    /// # Ok::<(), openvpn_mgmt::WriteError>(())
    /// ```
    pub fn builder(time: u64, name: StateName) -> StateBuilder {
        StateBuilder {
            time,
            name,
            detail: Text::default(),
            local_ipv4: None,
            remote: (None, None),
            local: (None, None),
            local_ipv6: None,
        }
    }
}

impl StateBuilder {
    /// Why, or how.
    pub fn detail(self, detail: impl Into<Text>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// The tunnel's own IPv4 address.
    pub fn local_ipv4(self, address: Ipv4Addr) -> Self {
        Self { local_ipv4: Some(address), ..self }
    }

    /// The tunnel's own IPv6 address.
    pub fn local_ipv6(self, address: Ipv6Addr) -> Self {
        Self { local_ipv6: Some(address), ..self }
    }

    /// The address and port of the server.
    pub fn remote(self, address: IpAddr, port: u16) -> Self {
        Self { remote: (Some(address), Some(port)), ..self }
    }

    /// The address and port this side sends from.
    pub fn local(self, address: IpAddr, port: u16) -> Self {
        Self { local: (Some(address), Some(port)), ..self }
    }

    /// The state.
    ///
    /// # Errors
    /// [`WriteError::ReadsOtherwise`] where the detail holds a comma, which ends it.
    pub fn build(self) -> Result<State, WriteError> {
        if self.detail.as_bytes().contains(&b',') {
            return Err(WriteError::reads_otherwise("detail", "holds what ends it"));
        }
        let mut fields = self.detail.as_bytes().to_vec();
        let mut add = |field: Option<String>| {
            fields.push(b',');
            fields.extend(field.into_iter().flat_map(String::into_bytes));
        };
        add(self.local_ipv4.map(|address| address.to_string()));
        for (address, port) in [self.remote, self.local] {
            add(address.map(|address| address.to_string()));
            add(port.map(|port| port.to_string()));
        }
        if let Some(address) = self.local_ipv6 {
            add(Some(address.to_string()));
        }
        let fields = Text::from(bytes::Bytes::from(fields));
        Ok(State::with_fields(self.time, self.name, fields))
    }
}
