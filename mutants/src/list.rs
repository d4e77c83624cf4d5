//! The changes as cargo-mutants lists them. A change's number is its place in the list, from one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct Mutant {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) genre: String,
    pub(crate) replacement: String,
    pub(crate) span: Span,
    #[serde(skip)]
    pub(crate) number: usize,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Spot,
    pub(crate) end: Spot,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Spot {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Mutant {
    /// The folder of `src` it is in.
    pub(crate) fn part(&self) -> &str {
        let within = self.file.strip_prefix("src/").unwrap_or(&self.file);
        if within.starts_with("client/exchange") {
            return "client/exchange";
        }
        within.split('/').next().unwrap_or(within)
    }

    /// Its name without the line and the column, which move.
    pub(crate) fn words(&self) -> String {
        let rest = self.name.strip_prefix(&self.file).unwrap_or(&self.name);
        let change = rest.splitn(4, ':').nth(3).unwrap_or(rest);
        format!("{}:{change}", self.file)
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<Mutant>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut mutants: Vec<Mutant> = serde_json::from_str(&text)?;
    for (at, mutant) in mutants.iter_mut().enumerate() {
        mutant.number = at + 1;
    }
    Ok(mutants)
}

/// Numbers, a line each; none where there is no file.
pub(crate) fn numbers(path: &Path) -> Result<BTreeSet<usize>> {
    if !path.exists() {
        return Ok(BTreeSet::new());
    }
    let text = fs::read_to_string(path)?;
    text.split_whitespace().map(|number| number.parse().context("a number")).collect()
}
