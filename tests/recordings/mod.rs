//! The conversations recorded with real daemons, in `tests/transcripts`.
#![allow(dead_code, unreachable_pub, reason = "each including test uses a part")]

use std::fs;
use std::path::Path;

/// What one side sent in one piece.
pub struct Record {
    pub from_daemon: bool,
    /// Empty for a daemon that closed.
    pub bytes: Vec<u8>,
}

/// One conversation.
pub struct Recording {
    /// `2.6.14/errors`.
    pub name: String,
    pub records: Vec<Record>,
}

/// Every recording, by name.
pub fn all() -> Vec<Recording> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut recordings = Vec::new();
    for version in fs::read_dir(root).unwrap().map(Result::unwrap) {
        for file in fs::read_dir(version.path()).unwrap().map(Result::unwrap) {
            let (version, file) = (version.file_name(), file.path());
            let stem = file.file_stem().unwrap().to_str().unwrap();
            let name = format!("{}/{stem}", version.to_str().unwrap());
            recordings.push(Recording { name, records: read(&file) });
        }
    }
    recordings.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(recordings.len() > 60, "{} recordings", recordings.len());
    recordings
}

impl Recording {
    /// All that the daemon sent.
    pub fn daemon_bytes(&self) -> Vec<u8> {
        let from_daemon = self.records.iter().filter(|record| record.from_daemon);
        from_daemon.flat_map(|record| record.bytes.iter().copied()).collect()
    }
}

fn read(file: &Path) -> Vec<Record> {
    let record = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let data = record["data"].as_str().unwrap();
        // One code point a byte.
        let bytes = data.chars().map(|char| u8::try_from(u32::from(char)).unwrap()).collect();
        Record { from_daemon: record["from"] == "daemon", bytes }
    };
    fs::read_to_string(file).unwrap().lines().map(record).collect()
}
