//! The JSON of addresses: texts as OpenVPN writes them, but for a [`RealAddress`], which also says what its text means.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MacAddress, Protocol, RealAddress, VirtualAddress};
use crate::types::Text;

/// What of a [`RealAddress`] is read: all else follows from it.
#[derive(Deserialize)]
pub(super) struct ByText {
    text: Text,
}

impl From<ByText> for RealAddress {
    fn from(address: ByText) -> Self {
        Self::parse(address.text)
    }
}

impl Serialize for Protocol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_text().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Protocol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(Self::parse)
    }
}

impl Serialize for VirtualAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Other(text) => text.serialize(serializer),
            address => serializer.collect_str(address),
        }
    }
}

impl<'de> Deserialize<'de> for VirtualAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(Self::parse)
    }
}

impl Serialize for MacAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MacAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match VirtualAddress::deserialize(deserializer)? {
            VirtualAddress::Mac { address, vlan: None } => Ok(address),
            _ => Err(D::Error::custom("it is no Ethernet address, as `aa:bb:cc:dd:ee:ff`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::json::{refused, round_trip};

    #[test]
    fn real_addresses_say_what_they_mean_and_are_read_by_their_text() {
        for (text, json) in [
            (
                "udp6:[::1]:5000",
                r#"{"protocol":"udp6","ip":"::1","port":5000,"text":"udp6:[::1]:5000"}"#,
            ),
            ("10.0.0.1:1", r#"{"protocol":null,"ip":"10.0.0.1","port":1,"text":"10.0.0.1:1"}"#),
            ("nowhere", r#"{"protocol":null,"ip":null,"port":null,"text":"nowhere"}"#),
        ] {
            let address = RealAddress::parse(text.into());
            assert_eq!(round_trip(&address, json), address);
        }
        assert!(refused::<RealAddress>(r#"{"ip":"::1"}"#).contains("missing field `text`"));
    }

    #[test]
    fn addresses_in_the_tunnel_are_their_texts() {
        for text in
            ["10.8.0.6", "fd00::6", "10.1.0.0/24", "aa:bb:cc:dd:ee:ff", "aa:bb:cc:dd:ee:ff@7", "x"]
        {
            let address = VirtualAddress::parse(text.into());
            assert_eq!(round_trip(&address, &format!("\"{text}\"")), address);
        }
        let mac = MacAddress([1, 2, 3, 4, 5, 255]);
        assert_eq!(round_trip(&mac, "\"01:02:03:04:05:ff\""), mac);
        assert!(refused::<MacAddress>("\"01:02:03:04:05:ff@7\"").contains("no Ethernet address"));
    }

    #[test]
    fn protocols_are_their_words() {
        for word in ["tcp4-server", "quic"] {
            let protocol = Protocol::parse(word.into());
            assert_eq!(round_trip(&protocol, &format!("\"{word}\"")), protocol);
        }
    }
}
