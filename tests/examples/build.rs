//! The programs of the examples, built once and before any clock runs.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context as _, Result, anyhow, ensure};

/// Those of which cargo builds nothing without the feature `process`.
const OF_PROCESS: [&str; 2] = ["orchestrator", "spawn"];

/// All that are in the folder, and can be built with the features of this test.
pub(crate) fn names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending == "rs") {
            let name = path.file_stem().context("no name")?;
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.retain(|name| cfg!(feature = "process") || !OF_PROCESS.contains(&&**name));
    names.sort();
    Ok(names)
}

/// An example's program, built as this test is.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    static BUILT: OnceLock<Result<Vec<PathBuf>, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    let built = built.as_ref().map_err(|error| anyhow!("{error}"))?;
    let program = built.iter().find(|path| path.file_stem().is_some_and(|stem| stem == name));
    program.cloned().context("cargo names no such example")
}

fn build() -> Result<Vec<PathBuf>> {
    let mut cargo = Command::new(env!("CARGO"));
    // Of the workspace, as the gate: alone, the SDK has its dependencies with other features, so built anew.
    cargo.args(["build", "--workspace", "--quiet", "--locked"]);
    cargo.arg("--message-format=json-render-diagnostics");
    cargo.args(names()?.iter().flat_map(|name| ["--example", name]));
    if cfg!(feature = "process") {
        cargo.arg("--all-features");
    }
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    // What cargo tells a test of its package would have others built anew.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.stderr(Stdio::inherit()).output().context("cargo does not run")?;
    ensure!(output.status.success(), "the examples do not build");
    let executable = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    };
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(executable).collect())
}
