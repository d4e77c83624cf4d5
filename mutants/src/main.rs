//! Writes every change that cargo-mutants lists into one copy of the sources, each behind a number that the variable
//! `MUTANT` switches on, so that all of them are one compilation, and runs the tests with each.
//! `scripts/mutants-at-once.sh` goes through the steps.

mod errors;
mod list;
mod places;
mod plant;
mod render;
mod run;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about)]
struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Writes the changes into a tree, in place.
    Plant {
        /// What `cargo mutants --list --json` says.
        list: PathBuf,
        /// The crate whose sources are rewritten.
        tree: PathBuf,
        /// Gets a line of JSON a change that was written.
        own: PathBuf,
        /// Numbers of changes that do not compile, a line each.
        skip: PathBuf,
    },
    /// Lays errors of the compiler (`--message-format=json`, from standard input) at the doors of changes; fails where
    /// one is nobody's.
    Errors {
        /// What was written by `plant`.
        own: PathBuf,
        /// Gets the numbers.
        skip: PathBuf,
    },
    /// Runs the tests with each change.
    Run(run::Args),
    /// Prints the figures of each part, and what was missed; fails where the paper does not tell of it.
    Table {
        /// What `cargo mutants --list --json` says.
        list: PathBuf,
        /// What was written by `run`.
        results: PathBuf,
        /// `docs/MUTANTS.md`.
        paper: PathBuf,
        /// Numbers of changes that do not compile.
        skip: PathBuf,
    },
}

fn main() -> Result<ExitCode> {
    let fine = match Args::parse().step {
        Step::Plant { list, tree, own, skip } => {
            plant::plant(&list, &tree, &own, &skip).map(|()| true)
        }
        Step::Errors { own, skip } => errors::lay(&own, &skip).map(|()| true),
        Step::Run(args) => run::run(&args).map(|()| true),
        Step::Table { list, results, paper, skip } => table::print(&list, &results, &paper, &skip),
    }?;
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
