//! The JSON of a [`Realm`]: its name.

use serde::{Serialize, Serializer};

use super::Realm;

impl Serialize for Realm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Other(name) => name.serialize(serializer),
            known => serializer.collect_str(known),
        }
    }
}
