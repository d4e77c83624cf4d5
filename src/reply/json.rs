//! The JSON of a [`RawReply`], cut where it would show a secret.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::RawReply;
use crate::types::{Text, masked};

impl Serialize for RawReply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lines: Vec<_> =
            self.lines.iter().map(|line| masked(&Text::from(line.clone()))).collect();
        let mut reply = serializer.serialize_struct("RawReply", 2)?;
        reply.serialize_field("success", &self.success.as_ref().map(masked))?;
        reply.serialize_field("lines", &lines)?;
        reply.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_where_a_secret_would_begin() {
        let lines = vec!["1,D,MANAGEMENT: CMD 'needstr x hunter2'".into(), "2,I,x".into()];
        let json = serde_json::to_string(&RawReply::block(lines)).unwrap();
        let cut = "1,D,MANAGEMENT: CMD 'needstr [redacted]";
        assert_eq!(json, format!(r#"{{"success":null,"lines":["{cut}","2,I,x"]}}"#));
    }
}
