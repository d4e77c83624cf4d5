//! The JSON of a [`StatusClient`].

use serde::{Deserialize, Serialize};

use super::{Admission, StatusClient};
use crate::reply::status::StatusTime;
use crate::reply::status::table::OtherColumns;
use crate::types::{Cid, RealAddress, Text, VirtualAddress, WriteError};

#[derive(Serialize, Deserialize, PartialEq)]
pub(super) struct Fields {
    common_name: Option<Text>,
    real_address: RealAddress,
    virtual_address: Option<VirtualAddress>,
    virtual_ipv6: Option<VirtualAddress>,
    bytes_received: u64,
    bytes_sent: u64,
    connected_since: StatusTime,
    username: Option<Text>,
    cid: Option<Cid>,
    peer_id: Option<u32>,
    cipher: Option<Text>,
    other: Vec<(Text, Text)>,
    sends_frames: bool,
    /// Follows from the rest.
    #[serde(skip_deserializing)]
    admission: Option<Admission>,
}

impl From<StatusClient> for Fields {
    fn from(client: StatusClient) -> Self {
        Self {
            common_name: client.common_name(),
            real_address: client.real_address(),
            virtual_address: client.virtual_address(),
            virtual_ipv6: client.virtual_ipv6(),
            bytes_received: client.bytes_received,
            bytes_sent: client.bytes_sent,
            connected_since: client.connected_since(),
            username: client.username(),
            cid: client.cid,
            peer_id: client.peer_id,
            cipher: client.cipher(),
            other: client.other(),
            sends_frames: client.sends_frames,
            admission: Some(client.admission()),
        }
    }
}

impl TryFrom<Fields> for StatusClient {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let client = fields.row().map_err(|problem| problem.to_string())?;
        let Some((line, other)) = OtherColumns::behind(&client.line, &fields.other) else {
            return Err("a value in `other` holds a line end".into());
        };
        let (cid, peer_id, sends_frames) = (fields.cid, fields.peer_id, fields.sends_frames);
        let client = Self { line, other, cid, peer_id, sends_frames, ..client };
        let said = Fields { admission: None, ..Fields::from(client.clone()) };
        if said != fields {
            return Err("no row of a status says this: a name is empty, or none's name".into());
        }
        Ok(client)
    }
}

impl Fields {
    /// The row, as far as a builder makes it.
    fn row(&self) -> Result<StatusClient, WriteError> {
        let none = || Text::from("UNDEF");
        let text = |address: &Option<VirtualAddress>| match address {
            Some(VirtualAddress::Other(text)) => text.clone(),
            Some(address) => Text::from(address.to_string()),
            None => Text::default(),
        };
        let name = self.common_name.clone().unwrap_or_else(none);
        let (real, since) = (self.real_address.text.clone(), self.connected_since.clone());
        StatusClient::builder(name, real, since)
            .virtual_address(text(&self.virtual_address))
            .virtual_ipv6(text(&self.virtual_ipv6))
            .bytes(self.bytes_received, self.bytes_sent)
            .username(self.username.clone().unwrap_or_else(none))
            .cipher(self.cipher.clone().unwrap_or_default())
            .build()
    }
}
