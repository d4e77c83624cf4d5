//! [`shrink`]: the least of a scenario that breaks the same law.

use crate::run::run;
use crate::scenario::{Deed, Scenario};

/// How many runs at most.
const RUNS: usize = 4000;

/// Takes out whatever is not needed for `law` to be broken.
#[must_use]
pub fn shrink(scenario: &Scenario, law: &str) -> Scenario {
    let mut shrinking = Shrinking { least: scenario.clone(), law, runs: 0 };
    loop {
        let before = shrinking.least.clone();
        shrinking.steps();
        shrinking.daemons();
        shrinking.settings();
        if shrinking.least == before || shrinking.runs >= RUNS {
            return shrinking.least;
        }
    }
}

struct Shrinking<'a> {
    least: Scenario,
    law: &'a str,
    runs: usize,
}

impl Shrinking<'_> {
    /// Keeps this one where it breaks the same law.
    fn try_it(&mut self, less: Scenario) -> bool {
        if self.runs >= RUNS || less == self.least {
            return false;
        }
        self.runs += 1;
        let breaks = run(&less, false).is_ok_and(|report| {
            report.violations.first().is_some_and(|violation| violation.law == self.law)
        });
        if breaks {
            self.least = less;
        }
        breaks
    }

    /// Takes out steps, many at a time first.
    fn steps(&mut self) {
        let mut size = self.least.steps.len().max(1);
        while size > 0 {
            let mut from = 0;
            while from < self.least.steps.len() {
                let mut less = self.least.clone();
                let until = (from + size).min(less.steps.len());
                less.steps.drain(from..until);
                if !self.try_it(less) {
                    from += size;
                }
            }
            size /= 2;
        }
    }

    /// Takes out daemons that no step needs.
    fn daemons(&mut self) {
        for daemon in (0..self.least.daemons.len()).rev() {
            if self.least.daemons.len() < 2 {
                return;
            }
            let mut less = self.least.clone();
            less.daemons.remove(daemon);
            less.steps.retain(|step| {
                step.daemon != daemon || matches!(step.deed, Deed::Wait | Deed::Turns)
            });
            for step in &mut less.steps {
                step.daemon -= usize::from(step.daemon > daemon);
                step.daemon = step.daemon.min(less.daemons.len() - 1);
            }
            self.try_it(less);
        }
        let less = Scenario { fleet: false, ..self.least.clone() };
        self.try_it(less);
    }

    /// Makes settings and numbers plain.
    fn settings(&mut self) {
        for daemon in 0..self.least.daemons.len() {
            let changes: [fn(&mut crate::scenario::Plan); 5] = [
                |plan| plan.pipeline = 1,
                |plan| plan.pipe = 200_000,
                |plan| plan.delay = 0,
                |plan| plan.events = 4096,
                |plan| plan.timeout = 10_000,
            ];
            for change in changes {
                let mut less = self.least.clone();
                less.daemons.get_mut(daemon).into_iter().for_each(change);
                self.try_it(less);
            }
            let beside = self.least.daemons.get(daemon).map_or(0, |plan| plan.beside.len());
            for at in (0..beside).rev() {
                let mut less = self.least.clone();
                less.daemons.get_mut(daemon).map(|plan| plan.beside.remove(at));
                self.try_it(less);
            }
            let words: Vec<String> =
                self.least.daemons.get(daemon).map_or_else(Vec::new, |plan| {
                    plan.set_up.split(", ").map(str::to_owned).collect()
                });
            for word in words.iter().skip(1) {
                let mut less = self.least.clone();
                if let Some(plan) = less.daemons.get_mut(daemon) {
                    let rest = plan.set_up.split(", ").filter(|one| one != word);
                    plan.set_up = rest.collect::<Vec<_>>().join(", ");
                }
                self.try_it(less);
            }
        }
    }
}
