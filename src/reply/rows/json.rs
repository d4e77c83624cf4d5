//! The JSON of an [`UnreadRow`], which does not hold the row.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::UnreadRow;

impl Serialize for UnreadRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("UnreadRow", 2)?;
        row.serialize_field("length", &self.row.len())?;
        row.serialize_field("problem", self.problem)?;
        row.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Text;

    #[test]
    fn a_row_that_was_not_read_is_told_by_its_length() {
        let row = UnreadRow { row: Text::from("hunter2"), problem: "it is no number" };
        let json = serde_json::to_string(&row).unwrap();
        assert_eq!(json, r#"{"length":7,"problem":"it is no number"}"#);
    }
}
