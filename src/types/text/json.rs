//! The JSON of a [`Text`]: a string, and for bytes that are not UTF-8 an object: `{"base64":"Y2Fm6Q=="}`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Text;
use crate::types::base64;

/// The bytes of a text that is not UTF-8.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Encoded {
    base64: String,
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(text) = self.to_str() {
            return serializer.serialize_str(text);
        }
        let base64 = base64::encode(self.as_bytes()).as_str().to_owned();
        Encoded { base64 }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, or an object with the bytes in `base64`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text::from(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Text, E> {
        Ok(Text::from(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
        let Encoded { base64 } = Encoded::deserialize(MapAccessDeserializer::new(map))?;
        let bytes = base64::decode(base64.as_bytes());
        let bytes = bytes.ok_or_else(|| A::Error::custom("`base64` is not base64 with padding"))?;
        Ok(Text::from(bytes.expose().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::json::{refused, round_trip};

    #[test]
    fn utf_8_is_a_string_and_all_else_an_object() {
        for (text, json) in [
            (&b"caf\xc3\xa9 \"x\"\n"[..], "\"caf\u{e9} \\\"x\\\"\\n\""),
            (b"", "\"\""),
            (b"caf\xe9", r#"{"base64":"Y2Fm6Q=="}"#),
            (b"{\"base64\":\"\"}", r#""{\"base64\":\"\"}""#),
        ] {
            let text = Text::from(text.to_vec());
            assert_eq!(round_trip(&text, json), text);
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for (json, problem) in [
            ("7", "invalid type: integer `7`, expected a string, or an object"),
            ("null", "invalid type: null"),
            ("{}", "missing field `base64`"),
            (r#"{"base64":"Y2Fm6Q"}"#, "`base64` is not base64 with padding"),
            (r#"{"base64":"Y2Fm6Q==","more":1}"#, "unknown field `more`"),
            (r#"{"bytes":"Y2Fm6Q=="}"#, "unknown field `bytes`"),
        ] {
            assert!(refused::<Text>(json).contains(problem), "{json}: {}", refused::<Text>(json));
        }
    }

    proptest! {
        #[test]
        fn every_text_is_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let text = Text::from(bytes);
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), text.clone());
            // Also where serde holds it back to look at what stands beside it.
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(serde_json::from_value::<Text>(value).unwrap(), text);
        }
    }
}
