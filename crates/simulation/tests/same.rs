//! The same seed is the same world, whatever ran before it and in which process.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::Command;

use simulation::{generate, run};

const SEEDS: u64 = 150;

fn hashes() -> Vec<String> {
    (0..SEEDS)
        .map(|seed| format!("{seed} {:016x}", run(&generate(seed), false).unwrap().hash))
        .collect()
}

#[test]
fn a_seed_is_one_world_in_every_process() {
    let here = hashes();
    // Another order, after other worlds.
    for seed in (0..SEEDS).rev().step_by(3) {
        let again = format!("{seed} {:016x}", run(&generate(seed), false).unwrap().hash);
        assert!(here.contains(&again), "{again}");
    }
    let arguments = ["--seeds", "150", "--brief"];
    let output = Command::new(env!("CARGO_BIN_EXE_simulation")).args(arguments).output().unwrap();
    let there = String::from_utf8(output.stdout).unwrap();
    assert_eq!(there.lines().collect::<Vec<_>>(), here);
    let different: std::collections::HashSet<_> =
        here.iter().map(|line| line.split_once(' ')).collect();
    assert_eq!(different.len(), here.len());
}
