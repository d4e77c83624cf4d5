//! The JSON of an [`Info`].

use serde::{Serialize, Serializer};

use super::Info;
use crate::types::{Text, masked};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Shown {
    Greeting { management_version: u32 },
    Other { text: Text },
}

impl Serialize for Info {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = match self {
            Self::Greeting { management_version } => {
                Shown::Greeting { management_version: *management_version }
            }
            Self::Other(text) => Shown::Other { text: masked(text) },
        };
        shown.serialize(serializer)
    }
}
