//! No law is broken in the worlds of some seeds, and in those that broke one before.
#![allow(clippy::unwrap_used, reason = "a test")]

use simulation::{Scenario, Soak, generate, run};

/// Some ten seconds of a build without optimisation.
const SEEDS: u64 = 400;

#[test]
fn no_law_is_broken() {
    let mut soak = Soak::new(false);
    for seed in 0..SEEDS {
        let found = soak.seed(seed).unwrap();
        let found = found.first().map(|found| (&found.violation, found.scenario.to_string()));
        assert!(found.is_none(), "cargo run -p simulation -- --seed {seed}: {found:#?}");
    }
    // That little happened would prove little.
    let totals = soak.totals();
    assert!(
        totals.counts.admissions > SEEDS / 4 && totals.counts.restarts > SEEDS / 4,
        "{totals:?}"
    );
    assert!(totals.states > 2000, "{totals:?}");
}

#[test]
fn no_law_is_broken_again() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let scenario = Scenario::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let report = run(&scenario, false).unwrap();
        assert!(report.violations.is_empty(), "{}: {:?}", path.display(), report.violations);
        count += 1;
    }
    assert!(count > 0, "there are none");
}

#[test]
fn a_scenario_is_read_as_it_was_written() {
    for seed in 0..500 {
        let scenario = generate(seed);
        assert_eq!(Scenario::parse(&scenario.to_string()).unwrap(), scenario);
    }
    for text in [
        "",
        "simulation 2",
        "simulation 1\nflies 0 0 0",
        "simulation 1\nwait 0 1",
        "simulation 1\ndaemon 2.6 link : x",
    ] {
        assert!(Scenario::parse(text).is_err(), "{text:?}");
    }
}
