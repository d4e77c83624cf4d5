//! The records of all runs, merged.

mod document;
mod recorded;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::catalogue::{COMMANDS, Command, EVENTS, EventRow};

pub use document::assert_same;

/// What the suite found out, version by version, the oldest first.
pub struct Results {
    versions: BTreeMap<Number, Version>,
}

/// `2.6.14`, comparable.
type Number = (u32, u32, u32);

/// What one version did.
#[derive(Default)]
struct Version {
    /// What came of a command, by its name and mode.
    commands: BTreeMap<(String, String), BTreeSet<String>>,
    /// The events that came, and those that are in a transcript.
    events: BTreeSet<String>,
    recorded: BTreeSet<String>,
}

impl Results {
    /// Reads the record of every version in this folder.
    pub fn read(folder: &Path, transcripts: &Path) -> Self {
        let mut versions = BTreeMap::new();
        let files = std::fs::read_dir(folder).expect("the folder of the records");
        for file in files.map(|file| file.unwrap().path()) {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let mut version = Version::default();
            for line in std::fs::read_to_string(&file).unwrap().lines() {
                version.add(&serde_json::from_str(line).expect("a row of the record"));
            }
            version.recorded = recorded::events(&transcripts.join(&name));
            versions.insert(number(&name), version);
        }
        assert!(!versions.is_empty(), "there is no record in {}", folder.display());
        Self { versions }
    }

    /// Every hole, and every claim of the catalogue that is not so, in words.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (number, version) in &self.versions {
            let mut say = |what: String| missing.push(format!("{}: {what}", shown(*number)));
            for command in COMMANDS {
                version.holes_of(command, *number).into_iter().for_each(&mut say);
            }
            for event in EVENTS {
                version.hole_of(event, *number).into_iter().for_each(&mut say);
            }
            for key in &version.events {
                if !EVENTS.iter().any(|event| event.key == key) {
                    say(format!("`{key}` came and is not in the catalogue"));
                }
            }
        }
        missing
    }
}

impl Version {
    fn add(&mut self, row: &Value) {
        let text = |key: &str| row[key].as_str().map(str::to_owned);
        if let Some(event) = text("event") {
            self.events.insert(event);
        }
        if let (Some(command), Some(mode)) = (text("command"), text("mode")) {
            let outcome = text("outcome").expect("an outcome");
            self.commands.entry((command, mode)).or_default().insert(outcome);
        }
    }

    /// What came of a command in any mode.
    fn outcomes(&self, name: &str) -> BTreeSet<&str> {
        let of_it = self.commands.iter().filter(|((command, _), _)| command == name);
        of_it.flat_map(|(_, outcomes)| outcomes.iter().map(String::as_str)).collect()
    }

    fn holes_of(&self, command: &Command, number: Number) -> Vec<String> {
        let outcomes = self.outcomes(command.name);
        let mut holes = Vec::new();
        let mut check = |outcome: &str, wanted: bool| {
            if outcomes.contains(outcome) != wanted {
                let was = if wanted { "was never" } else { "was" };
                holes.push(format!("`{}` {was} {outcome}", command.name));
            }
        };
        let has_it = has(command.since, number);
        check("answered", has_it && command.never_answered.is_none());
        check("refused", has_it && command.never_refused.is_none());
        check("unsupported", !has_it);
        holes
    }

    fn hole_of(&self, event: &EventRow, number: Number) -> Option<String> {
        let seen = self.events.contains(event.key);
        let wanted = has(event.since, number) && event.never.is_none();
        match wanted {
            true if !seen && !self.recorded.contains(event.key) => {
                Some(format!("`>{}` never came and is in no transcript", event.key))
            }
            false if seen => Some(format!("`>{}` came", event.key)),
            _ => None,
        }
    }
}

/// Whether a version has what came with another.
fn has(since: Option<(u32, u32)>, (major, minor, _): Number) -> bool {
    since.is_none_or(|since| (major, minor) >= since)
}

fn number(name: &str) -> Number {
    let numbers: Vec<u32> = name.split('.').map(|part| part.parse().expect("a version")).collect();
    (numbers[0], numbers[1], numbers[2])
}

fn shown((major, minor, patch): Number) -> String {
    format!("{major}.{minor}.{patch}")
}
