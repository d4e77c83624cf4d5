//! The table of the matrix: which command and which event does what in which version.
//!
//! `make test-matrix` runs the suite once a version, each run recording what came of it in
//! `MATRIX_RESULTS`, and then this. It fails where a command or an event is missing, prints
//! the table and writes `docs/MATRIX.md`, or compares it where `CI` is set.
#![allow(unreachable_pub, reason = "a test exports nothing")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "matrix/catalogue/mod.rs"]
mod catalogue;

#[path = "matrix/table/mod.rs"]
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use catalogue::{COMMANDS, METHODS};
use table::Results;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_method_is_in_the_catalogue() {
    let mut methods = BTreeSet::new();
    for file in std::fs::read_dir(repository().join("src/client/commands")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines() {
            let Some(method) = line.trim_start().strip_prefix("pub async fn ") else { continue };
            methods.insert(method.split(['(', '<']).next().unwrap().to_owned());
        }
    }
    let known: BTreeSet<String> = COMMANDS
        .iter()
        .map(|command| command.method)
        .chain(METHODS.iter().copied())
        .map(str::to_owned)
        .collect();
    assert!(methods.len() > 60, "{methods:?}");
    assert_eq!(methods, known);
}

/// Merges the records of the versions; started by `make test-matrix`.
#[test]
#[ignore = "needs the records of the suite's runs; `make test-matrix` runs both"]
fn the_matrix_is_complete() {
    let folder = std::env::var_os("MATRIX_RESULTS").expect("MATRIX_RESULTS names the records");
    let results = Results::read(&PathBuf::from(folder), &repository().join("tests/transcripts"));
    let missing = results.missing();
    assert!(missing.is_empty(), "the matrix has holes:\n  {}", missing.join("\n  "));
    let document = results.document();
    println!("{document}");
    let path = repository().join("docs/MATRIX.md");
    if std::env::var_os("CI").is_some() {
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        table::assert_same(&committed, &document);
    } else {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, document).unwrap();
    }
}
