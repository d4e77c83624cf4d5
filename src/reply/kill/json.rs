//! How the JSON of a [`KillReport`] is read.

use serde::Deserialize;

use super::{KillReport, count};
use crate::types::Text;

#[derive(Deserialize)]
pub(super) struct Said {
    killed: u32,
    text: Text,
}

impl TryFrom<Said> for KillReport {
    type Error = &'static str;

    fn try_from(Said { killed, text }: Said) -> Result<Self, Self::Error> {
        if count(text.as_bytes()) != Some(killed) {
            return Err("`text` does not say that so many were `killed`");
        }
        Ok(Self { killed, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::json::{refused, round_trip};

    #[test]
    fn a_report_is_read_back_where_its_text_agrees() {
        let report = KillReport::by_common_name(&"alice".into(), 1);
        let json = r#"{"killed":1,"text":"common name 'alice' found, 1 client(s) killed"}"#;
        assert_eq!(round_trip(&report, json), report);
        let other = json.replace(":1,", ":2,");
        assert!(refused::<KillReport>(&other).contains("does not say"));
    }
}
