//! [`StatusClientBuilder`]: a client's row for a status that is to be written.

use bytes::{Bytes, BytesMut};

use super::StatusClient;
use crate::reply::status::StatusTime;
use crate::reply::status::span::Span;
use crate::types::{Cid, Text, WriteError};

/// What the row of a client is to say: [`StatusClient::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct StatusClientBuilder {
    common_name: Text,
    real_address: Text,
    virtual_address: Text,
    virtual_ipv6: Text,
    since: StatusTime,
    username: Text,
    cipher: Text,
    bytes_received: u64,
    bytes_sent: u64,
    cid: Option<Cid>,
    peer_id: Option<u32>,
}

impl StatusClient {
    /// A client for a status that is to be written, by the texts of its columns.
    ///
    /// It has no address in the tunnel, no IDs and no cipher, has carried nothing, and its user name is
    /// `UNDEF`, a daemon's word for none; as common name, too.
    ///
    /// ```
    /// use openvpn_mgmt::Cid;
    /// use openvpn_mgmt::reply::{StatusClient, StatusTime};
    ///
    /// let since = StatusTime::new("2026-11-22 07:23:59", 1_795_332_239);
    /// let alice = StatusClient::builder("alice", "udp4:192.0.2.1:5000", since);
    /// let alice = alice.virtual_address("10.8.0.2").ids(Cid(7), 3).cipher("AES-256-GCM").build()?;
    /// assert_eq!(alice.cid(), Some(Cid(7)));
    /// # Ok::<(), openvpn_mgmt::WriteError>(())
    /// ```
    pub fn builder(
        common_name: impl Into<Text>,
        real_address: impl Into<Text>,
        since: StatusTime,
    ) -> StatusClientBuilder {
        StatusClientBuilder {
            common_name: common_name.into(),
            real_address: real_address.into(),
            virtual_address: Text::default(),
            virtual_ipv6: Text::default(),
            since,
            username: Text::from("UNDEF"),
            cipher: Text::default(),
            bytes_received: 0,
            bytes_sent: 0,
            cid: None,
            peer_id: None,
        }
    }
}

impl StatusClientBuilder {
    /// Its IPv4 address in the tunnel.
    pub fn virtual_address(self, address: impl Into<Text>) -> Self {
        Self { virtual_address: address.into(), ..self }
    }

    /// Its IPv6 address in the tunnel.
    pub fn virtual_ipv6(self, address: impl Into<Text>) -> Self {
        Self { virtual_ipv6: address.into(), ..self }
    }

    /// Bytes received from it and sent to it.
    pub fn bytes(self, received: u64, sent: u64) -> Self {
        Self { bytes_received: received, bytes_sent: sent, ..self }
    }

    /// The user name it gave.
    pub fn username(self, username: impl Into<Text>) -> Self {
        Self { username: username.into(), ..self }
    }

    /// Its client ID, and the ID in its data packets.
    pub fn ids(self, cid: Cid, peer_id: u32) -> Self {
        Self { cid: Some(cid), peer_id: Some(peer_id), ..self }
    }

    /// The cipher of its data channel; `BF-CBC` before one is negotiated.
    pub fn cipher(self, cipher: impl Into<Text>) -> Self {
        Self { cipher: cipher.into(), ..self }
    }

    /// The row. Whether its texts can be written in a format is told when it is written.
    ///
    /// # Errors
    /// [`WriteError::ReadsOtherwise`] where the texts are over 64 KiB, which no row of a daemon comes near.
    pub fn build(self) -> Result<StatusClient, WriteError> {
        let mut line = Texts::default();
        Ok(StatusClient {
            common_name: line.add(&self.common_name)?,
            real_address: line.add(&self.real_address)?,
            virtual_address: line.add(&self.virtual_address)?,
            virtual_ipv6: line.add(&self.virtual_ipv6)?,
            since: line.add(&self.since.text)?,
            username: line.add(&self.username)?,
            cipher: line.add(&self.cipher)?,
            bytes_received: self.bytes_received,
            bytes_sent: self.bytes_sent,
            since_unix: self.since.unix,
            cid: self.cid,
            peer_id: self.peer_id,
            other: None,
            sends_frames: false,
            line: line.freeze(),
        })
    }
}

/// The texts of a row, one behind the other.
#[derive(Default)]
pub(in crate::reply::status) struct Texts(BytesMut);

impl Texts {
    pub(in crate::reply::status) fn add(&mut self, text: &Text) -> Result<Span, WriteError> {
        let start = self.0.len();
        self.0.extend_from_slice(text.as_bytes());
        let problem = WriteError::reads_otherwise("row", "is over 64 KiB, which no reader takes");
        Span::new(start, self.0.len()).ok_or(problem)
    }

    pub(in crate::reply::status) fn freeze(self) -> Bytes {
        self.0.freeze()
    }
}
