//! The JSON of [`Facts`]: a list of lists of two, the name and the value.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{BYTES, Facts, VALUES};
use crate::types::Text;

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Vec::<(Text, Text)>::deserialize(deserializer)?;
        let bytes: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
        if pairs.len() > VALUES || bytes > BYTES {
            let problem = format!("they are over {VALUES} values, or {BYTES} bytes");
            return Err(D::Error::custom(problem));
        }
        Ok(Self(pairs.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::json::{refused, round_trip};

    #[test]
    fn they_keep_their_order_and_their_limits() {
        let facts =
            Facts([("IV_VER", "2.6.14"), ("UV_x", "")].map(|(n, v)| (n.into(), v.into())).into());
        assert_eq!(round_trip(&facts, r#"[["IV_VER","2.6.14"],["UV_x",""]]"#), facts);
        let many = format!("[{}]", vec![r#"["IV_X","1"]"#; VALUES + 1].join(","));
        assert!(refused::<Facts>(&many).contains("over 64 values"));
    }
}
