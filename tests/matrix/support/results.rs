//! What was tried, and what came of it: one JSON object a line, one writer a process.
//!
//! Written only where `MATRIX_RESULTS` names a folder, into a file of the version's name.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::json;

use crate::catalogue;
use lab::Version;

static WRITTEN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Notes what came of a command: `answered`, `refused` or `unsupported`.
pub fn record_command(version: Version, name: &str, mode: &str, outcome: &str) {
    assert!(catalogue::command(name).is_some(), "`{name}` is not in the catalogue");
    let version = version.to_string();
    let row = json!({"version": version, "command": name, "mode": mode, "outcome": outcome});
    write(&version, &row.to_string());
}

/// Notes an event that came, by its key in the catalogue.
pub fn record_event(version: Version, key: &str) {
    let version = version.to_string();
    write(&version, &json!({"version": version, "event": key}).to_string());
}

fn write(version: &str, row: &str) {
    let Some(folder) = std::env::var_os("MATRIX_RESULTS") else { return };
    let mut rows = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    if rows.insert(row.to_owned()) {
        let mut file = open(Path::new(&folder), version);
        file.write_all(format!("{row}\n").as_bytes()).expect("the record can be written");
    }
}

fn open(folder: &Path, version: &str) -> File {
    std::fs::create_dir_all(folder).expect("the folder of the record can be made");
    let path = folder.join(format!("{version}.jsonl"));
    OpenOptions::new().create(true).append(true).open(path).expect("the record can be opened")
}
