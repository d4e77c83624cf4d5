//! The JSON of a [`Change`]: what it is as `change`, and beside it the record, or the bytes.

use serde::{Serialize, Serializer};

use super::{Change, Departure};
use crate::peers::{PeerRecord, RecordId};

#[derive(Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
enum Form<'a> {
    Joined {
        record: &'a PeerRecord,
    },
    Changed {
        record: &'a PeerRecord,
    },
    Bytes {
        id: RecordId,
        received: u64,
        sent: u64,
    },
    Left {
        record: &'a PeerRecord,
        /// Whole seconds, as daemons tell it.
        duration: Option<u64>,
        how: Departure,
    },
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match self {
            Self::Joined(record) => Form::Joined { record },
            Self::Changed(record) => Form::Changed { record },
            Self::Bytes { id, received, sent } => {
                Form::Bytes { id: *id, received: *received, sent: *sent }
            }
            Self::Left { record, duration, how } => {
                let duration = duration.map(|duration| duration.as_secs());
                Form::Left { record, duration, how: *how }
            }
        };
        form.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::peers::Phase;
    use crate::types::Cid;
    use crate::types::json::{refused, round_trip};

    fn record() -> PeerRecord {
        let mut record = PeerRecord::new(RecordId(3), Arc::from("udp"), Cid(7), Phase::In);
        record.name_as(Some("alice".into()), None);
        record.come_from("192.0.2.7".parse().unwrap(), Some(1194));
        record.add_address("10.8.0.6".parse().unwrap(), true);
        record.count(2847, 2956);
        record
    }

    const RECORD: &str = concat!(
        r#"{"id":3,"daemon":"udp","cid":7,"kid":null,"phase":"in","common_name":"alice","#,
        r#""username":null,"since":null,"real_ip":"192.0.2.7","real_port":1194,"protocol":null,"#,
        r#""addresses":["10.8.0.6"],"networks":[],"bytes_received":2847,"bytes_sent":2956,"#,
        r#""facts":[],"is_partial":false}"#,
    );

    #[test]
    fn a_record_is_read_back() {
        assert_eq!(round_trip(&record(), RECORD), record());
        let other = RECORD.replace("\"phase\":\"in\"", "\"phase\":\"gone\"");
        assert!(refused::<PeerRecord>(&other).contains("unknown variant `gone`"));
        let none = RECORD.replace("\"cid\":7,", "");
        assert!(refused::<PeerRecord>(&none).contains("missing field `cid`"));
    }

    #[test]
    fn changes_say_what_they_are() {
        let left = Change::Left {
            record: Arc::new(record()),
            duration: Some(Duration::from_secs(90)),
            how: Departure::Disconnected,
        };
        for (change, json) in [
            (
                Change::Joined(Arc::new(record())),
                format!(r#"{{"change":"joined","record":{RECORD}}}"#),
            ),
            (
                Change::Bytes { id: RecordId(3), received: 1, sent: 2 },
                r#"{"change":"bytes","id":3,"received":1,"sent":2}"#.to_owned(),
            ),
            (
                left,
                format!(
                    r#"{{"change":"left","record":{RECORD},"duration":90,"how":"disconnected"}}"#
                ),
            ),
        ] {
            assert_eq!(serde_json::to_string(&change).unwrap(), json);
        }
    }
}
