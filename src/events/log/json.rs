//! The JSON of [`LogFlags`]: their letters.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::LogFlags;
use crate::types::Text;
use crate::types::grammar::Problem;

impl Serialize for LogFlags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Text::from(self.as_bytes().to_vec()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LogFlags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let letters = Text::deserialize(deserializer)?;
        Self::read(letters.as_bytes()).map_err(|Problem(problem)| D::Error::custom(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::super::LogLine;
    use super::*;
    use crate::types::json::{refused, round_trip};

    #[test]
    fn a_line_is_read_back() {
        let line = LogLine::new(1, LogFlags::new("NW").unwrap(), "odd, or not");
        let json = r#"{"time":1,"flags":"NW","text":"odd, or not"}"#;
        assert_eq!(round_trip(&line, json), line);
        let flags = refused::<LogLine>(&json.replace("NW", "IFNWDIFN"));
        assert!(flags.contains("more than 7 flags"), "{flags}");
    }

    #[test]
    fn a_line_is_cut_where_a_secret_would_begin() {
        let line = LogLine::new(1, LogFlags::default(), "MANAGEMENT: CMD 'cr-response hunter2'");
        let json = serde_json::to_string(&line).unwrap();
        assert!(json.contains("CMD 'cr-response [redacted]\"") && !json.contains("hunter2"));
    }
}
