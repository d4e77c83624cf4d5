//! The JSON of lines that have no type: what subscribers get of them while requests are on.

use serde::{Serialize, Serializer};

use super::{Malformed, Stray, Unknown};
use crate::types::Text;

#[derive(Serialize)]
struct ShownUnknown<'a> {
    name: Option<&'a str>,
    #[serde(flatten)]
    line: ShownStray,
}

#[derive(Serialize)]
struct ShownMalformed<'a> {
    name: Option<&'a str>,
    problem: &'static str,
    #[serde(flatten)]
    line: ShownStray,
}

/// A line up to what may be a secret, and how many bytes are left out.
#[derive(Serialize)]
struct ShownStray {
    line: Text,
    withheld: usize,
}

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { line, .. } = self.clone().withhold_secrets();
        let line = ShownStray { line: Text::from(line.start), withheld: line.withheld };
        ShownUnknown { name: self.name(), line }.serialize(serializer)
    }
}

impl Serialize for Malformed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { line, problem, .. } = self.clone().withhold_secrets();
        let line = ShownStray { line: Text::from(line.start), withheld: line.withheld };
        ShownMalformed { name: self.name(), problem, line }.serialize(serializer)
    }
}

impl Serialize for Stray {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { line } = self.clone().withhold_secrets();
        ShownStray { line: Text::from(line.start), withheld: line.withheld }.serialize(serializer)
    }
}
