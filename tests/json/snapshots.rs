//! Files of entries: the lines that were received, the JSON that they are, and a blank line.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

/// What was received, and the lines of JSON that it is.
pub struct Entry {
    pub received: Vec<String>,
    pub json: Vec<String>,
}

pub struct Snapshots {
    path: PathBuf,
    /// What stands before the first entry.
    head: String,
    pub entries: Vec<Entry>,
}

impl Snapshots {
    /// The file of this name.
    pub fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/json").join(name);
        let text = fs::read_to_string(&path).unwrap();
        let (head, rest) = text.split_once("\n\n").unwrap();
        let blocks = rest.split("\n\n").map(str::trim).filter(|block| !block.is_empty());
        Self { head: head.to_owned(), entries: blocks.map(entry).collect(), path }
    }

    /// Holds the JSON of each entry against what is made of its lines now, or writes it down.
    pub fn check(mut self, mut json_of: impl FnMut(&[String]) -> Vec<String>) {
        let mut differing = String::new();
        for entry in &mut self.entries {
            let now = json_of(&entry.received);
            if now != entry.json {
                let (received, was) = (&entry.received, &entry.json);
                writeln!(differing, "{received:#?}\nwas {was:#?}\nis  {now:#?}").unwrap();
                entry.json = now;
            }
        }
        if env::var_os("JSON_SNAPSHOTS").is_some_and(|wanted| wanted == "write") {
            self.write();
        } else {
            assert!(differing.is_empty(), "{}:\n{differing}", self.path.display());
        }
    }

    fn write(&self) {
        let mut text = self.head.clone() + "\n";
        for entry in &self.entries {
            text.push('\n');
            for line in entry.received.iter().chain(&entry.json) {
                writeln!(text, "{line}").unwrap();
            }
        }
        fs::write(&self.path, text).unwrap();
    }
}

fn entry(block: &str) -> Entry {
    let lines = block.lines().map(str::to_owned);
    let (json, received) = lines.partition(|line| line.starts_with('{'));
    Entry { received, json }
}

/// Every line of JSON of these files.
pub fn all() -> Vec<Value> {
    let files = ["events.txt", "replies.txt", "requests.txt"].map(Snapshots::read);
    let entries = files.into_iter().flat_map(|file| file.entries);
    entries.flat_map(|entry| entry.json).map(|json| object(&json)).collect()
}

/// Reads an object, in which no name comes twice: what it is written as again would be shorter.
fn object(json: &str) -> Value {
    let object: Value = serde_json::from_str(json).unwrap();
    assert_eq!(object.to_string().len(), json.len(), "{json}");
    object
}
