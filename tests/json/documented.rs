//! What the documentation shows is what is written.

use serde_json::Value;

use crate::snapshots::all;

const PAGE: &str = include_str!("../../src/json.rs");

/// Each line of the page's blocks of JSON.
fn examples() -> impl Iterator<Item = &'static str> {
    let lines = PAGE.lines().filter_map(|line| line.strip_prefix("//! "));
    lines.filter(|line| line.starts_with('{'))
}

/// An example shows some fields of an object, in its order, and `"…":"…"` for those it leaves out.
fn shows(example: &Value, object: &Value) -> bool {
    match (example, object) {
        (Value::Object(example), Value::Object(object)) => {
            let is_cut = example.contains_key("…");
            let shown = example.iter().filter(|(name, _)| *name != "…");
            let fits = |(name, value): (&String, &Value)| {
                object.get(name).is_some_and(|real| shows(value, real))
            };
            shown.clone().all(fits) && (is_cut || example.len() == object.len())
        }
        (Value::Array(example), Value::Array(array)) => {
            example.len() == array.len()
                && example.iter().zip(array).all(|(one, real)| shows(one, real))
        }
        _ => example == object,
    }
}

#[test]
fn every_example_is_a_snapshot() {
    let written = all();
    let mut examples = examples().peekable();
    assert!(examples.peek().is_some());
    for example in examples {
        let json: Value =
            serde_json::from_str(example).unwrap_or_else(|error| panic!("{example}: {error}"));
        assert!(written.iter().any(|object| shows(&json, object)), "{example}");
    }
}

#[test]
fn every_kind_is_documented() {
    for json in all() {
        for kind in ["event", "request", "type"].map(|tag| json[tag].as_str()).into_iter().flatten()
        {
            assert!(PAGE.contains(&format!("`{kind}`")), "{kind}");
        }
    }
}
