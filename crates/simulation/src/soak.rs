//! [`Soak`]: seed after seed, and again those that came to states nobody had seen, changed a little.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::generate::{generate, step};
use crate::ledger::{Counts, Violation};
use crate::run::{Report, run};
use crate::scenario::{Deed, Scenario};

/// How many scenarios are kept to be changed.
const KEPT: usize = 4096;

/// What has happened in all worlds so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// How many worlds there were.
    pub worlds: u64,
    /// Virtual time.
    pub time: Duration,
    /// How much happened in them.
    pub counts: Counts,
    /// How many abstract states were seen.
    pub states: usize,
}

/// A world that broke a law.
#[derive(Clone, Debug)]
pub struct Found {
    /// What happened in it.
    pub scenario: Scenario,
    /// The law that was broken first.
    pub violation: Violation,
}

/// Many worlds.
#[derive(Debug)]
pub struct Soak {
    states: HashSet<u64>,
    kept: Vec<Scenario>,
    totals: Totals,
    /// Whether scenarios are changed, beside those of seeds.
    changes: bool,
    current: Current,
}

/// The world that goes on, and how many there were before: for whoever looks whether it has an end.
pub type Current = Arc<Mutex<(u64, Option<Scenario>)>>;

impl Soak {
    /// None yet. With `changes` every second world is one that came to a new state, with some of its steps changed.
    #[must_use]
    pub fn new(changes: bool) -> Self {
        Self {
            states: HashSet::new(),
            kept: Vec::new(),
            totals: Totals::default(),
            changes,
            current: Current::default(),
        }
    }

    /// The world that goes on, now and later.
    #[must_use]
    pub fn current(&self) -> Current {
        Arc::clone(&self.current)
    }

    /// What has happened so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals { states: self.states.len(), ..self.totals }
    }

    /// The world of a seed, and with it one that is changed; gives those that broke a law.
    ///
    /// # Errors
    /// There is no runtime to be had.
    pub fn seed(&mut self, seed: u64) -> std::io::Result<Vec<Found>> {
        let mut found = Vec::new();
        found.extend(self.world(generate(seed))?);
        if self.changes {
            let mut random = fastrand::Rng::with_seed(!seed);
            if !self.kept.is_empty() {
                let kept = random.usize(0..self.kept.len());
                let changed =
                    self.kept.get(kept).map(|scenario| change(&mut random, scenario.clone()));
                if let Some(changed) = changed {
                    found.extend(self.world(changed)?);
                }
            }
        }
        Ok(found)
    }

    fn world(&mut self, scenario: Scenario) -> std::io::Result<Option<Found>> {
        let now = (self.totals.worlds, Some(scenario.clone()));
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = now;
        let report = run(&scenario, false)?;
        self.totals.add(&report);
        let before = self.states.len();
        self.states.extend(&report.states);
        if self.states.len() > before && self.changes {
            let at = usize::try_from(self.totals.worlds).unwrap_or(0) % KEPT;
            match self.kept.get_mut(at) {
                Some(kept) => kept.clone_from(&scenario),
                None => self.kept.push(scenario.clone()),
            }
        }
        let violation = report.violations.into_iter().next();
        Ok(violation.map(|violation| Found { scenario, violation }))
    }
}

impl Totals {
    fn add(&mut self, report: &Report) {
        self.worlds += 1;
        self.time += report.time;
        let Counts { events, commands, requests, admissions, restarts, window } = report.counts;
        self.counts.events += events;
        self.counts.commands += commands;
        self.counts.requests += requests;
        self.counts.admissions += admissions;
        self.counts.restarts += restarts;
        self.counts.window += window;
    }
}

/// The same scenario with a few steps taken out, doubled, moved or added.
fn change(random: &mut fastrand::Rng, mut scenario: Scenario) -> Scenario {
    scenario.seed = random.u64(..);
    for _ in 0..random.usize(1..6) {
        let count = scenario.steps.len();
        let at = random.usize(0..=count);
        match random.u32(0..4) {
            0 if at < count => drop(scenario.steps.remove(at)),
            1 if at < count => {
                let twice = scenario.steps.get(at).copied();
                scenario.steps.splice(at..at, twice);
            }
            2 if at < count => {
                let to = random.usize(0..count);
                scenario.steps.swap(at, to);
            }
            _ if count < 90 => {
                // A world of daemons that are as daemons are stays one.
                let is_odd = scenario.steps.iter().any(|step| step.deed.is_odd());
                let deeds = Deed::ALL.iter().copied().filter(|deed| is_odd || !deed.is_odd());
                let deeds: Vec<_> = deeds.collect();
                let new = step(random, scenario.daemons.len(), &deeds);
                scenario.steps.insert(at, new);
            }
            _ => {}
        }
    }
    scenario
}
