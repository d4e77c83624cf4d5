//! The JSON of an [`Env`]: its pairs in order, and of the secrets only the names.

use serde::{Serialize, Serializer};

use super::Env;
use crate::types::Text;

#[derive(Serialize)]
struct Shown<'a> {
    trusted: bool,
    pairs: Vec<(Text, Text)>,
    secrets: Vec<&'a Text>,
    /// How many lines hold no `=`: such a line may be anything.
    unparsed: usize,
}

impl Serialize for Env {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = Shown {
            trusted: self.is_trusted(),
            pairs: self.iter().collect(),
            secrets: self.secrets().map(|(name, _)| name).collect(),
            unparsed: self.unparsed().count(),
        };
        shown.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_in_order_and_secrets_are_names() {
        let env = Env::builder().set("a", "1").set("password", "hunter2").set("a", "2");
        let env = env.set("b", b"\xff").line("hunter2").line("password hunter2").trusted(true);
        let json = serde_json::to_string(&env.build().unwrap()).unwrap();
        let pairs = r#"[["a","1"],["a","2"],["b",{"base64":"/w=="}]]"#;
        let expected =
            format!(r#"{{"trusted":true,"pairs":{pairs},"secrets":["password",""],"unparsed":1}}"#);
        assert_eq!(json, expected);
    }
}
