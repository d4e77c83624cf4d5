//! What the JSON of several types has in common (feature `serde`).

use serde::{Serialize, Serializer};

use crate::types::{Text, masked};

/// Writes a text that is for people, cut where a secret would begin.
pub(crate) fn cut<S: Serializer>(text: &Text, serializer: S) -> Result<S::Ok, S::Error> {
    masked(text).serialize(serializer)
}

/// Writes a text that may be absent as [`cut`] does.
#[expect(clippy::ref_option, reason = "serde gives the field as it is")]
pub(crate) fn cut_optional<S>(text: &Option<Text>, serializer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
{
    text.as_ref().map(masked).serialize(serializer)
}

/// Writes texts that are for people, each as [`cut`] does.
#[expect(clippy::ptr_arg, reason = "serde gives the field as it is")]
pub(crate) fn cut_each<S: Serializer>(texts: &Vec<Text>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(texts.iter().map(masked))
}

/// Writes and reads a value, which must give this JSON, and gives what was read.
#[cfg(test)]
pub(crate) fn round_trip<T: Serialize + serde::de::DeserializeOwned>(value: &T, json: &str) -> T {
    assert_eq!(serde_json::to_string(value).unwrap(), json);
    serde_json::from_str(json).unwrap()
}

/// Why this JSON is refused.
#[cfg(test)]
pub(crate) fn refused<T: serde::de::DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
    serde_json::from_str::<T>(json).unwrap_err().to_string()
}
