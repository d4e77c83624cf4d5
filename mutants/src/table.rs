//! The figures of each part, and what was missed, in the words of `docs/MUTANTS.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::list;
use crate::run::{self, Line, Outcome};

#[derive(Debug, Default)]
struct Row {
    listed: usize,
    not_compiled: usize,
    not_run: usize,
    own: usize,
    own_in_time: usize,
    others: usize,
    others_in_time: usize,
    missed: usize,
}

/// Whether the paper tells of all that was missed.
pub(crate) fn print(list: &Path, results: &Path, paper: &Path, skip: &Path) -> Result<bool> {
    let paper = fs::read_to_string(paper)?;
    let told: BTreeSet<&str> = paper.lines().filter_map(told).collect();
    let skipped = list::numbers(skip)?;
    let lines: BTreeMap<usize, Line> =
        run::read(results)?.into_iter().map(|line| (line.number, line)).collect();
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let (mut missed, mut untold) = (Vec::new(), BTreeSet::new());
    for mutant in list::read(list)? {
        let row = rows.entry(mutant.part().to_owned()).or_default();
        row.listed += 1;
        if skipped.contains(&mutant.number) {
            row.not_compiled += 1;
            continue;
        }
        let Some(line) = lines.get(&mutant.number) else {
            row.not_run += 1;
            continue;
        };
        let in_time = usize::from(line.outcome == Outcome::Time);
        match (line.outcome, line.own) {
            (Outcome::Missed, _) => {
                row.missed += 1;
                let words = mutant.words();
                if !told.contains(words.as_str()) {
                    untold.insert(words.clone());
                }
                missed.push(words);
            }
            (_, true) => {
                row.own += 1;
                row.own_in_time += in_time;
            }
            (_, false) => {
                row.others += 1;
                row.others_in_time += in_time;
            }
        }
    }
    println!(
        "| part | listed | not compiled | not run | noticed by its own folder | by others of the library | missed |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (part, row) in &rows {
        println!(
            "| `src/{part}` | {} | {} | {} | {} ({} in time) | {} ({} in time) | {} |",
            row.listed,
            row.not_compiled,
            row.not_run,
            row.own,
            row.own_in_time,
            row.others,
            row.others_in_time,
            row.missed
        );
    }
    for words in &missed {
        println!("* `{words}`");
    }
    if !untold.is_empty() {
        println!("docs/MUTANTS.md does not tell of these:");
        for words in &untold {
            println!("* `{words}`");
        }
    }
    Ok(untold.is_empty())
}

/// The change that a line of the paper tells of, in whichever of its lists.
fn told(line: &str) -> Option<&str> {
    let line = ["- `", "* `", "+ `"].iter().find_map(|begins| line.strip_prefix(begins))?;
    // What follows is why, if anything.
    line.split_once("`:").map(|(words, _)| words).or_else(|| line.strip_suffix('`'))
}
