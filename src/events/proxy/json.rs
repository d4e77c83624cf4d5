//! The JSON of a [`ProxyProtocol`]: its name.

use serde::{Serialize, Serializer};

use super::ProxyProtocol;

impl Serialize for ProxyProtocol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(name) => name.serialize(serializer),
            known => serializer.collect_str(known),
        }
    }
}
