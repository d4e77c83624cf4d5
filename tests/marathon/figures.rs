//! How often what was done.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Figures {
    counts: Mutex<BTreeMap<&'static str, u64>>,
    slowest: Mutex<Duration>,
}

impl Figures {
    pub fn count(&self, what: &'static str) {
        *self.counts.lock().unwrap().entry(what).or_default() += 1;
    }

    pub fn get(&self, what: &str) -> u64 {
        self.counts.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    pub fn took(&self, time: Duration) {
        let mut slowest = self.slowest.lock().unwrap();
        *slowest = (*slowest).max(time);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in &*self.counts.lock().unwrap() {
            writeln!(f, "{count:>9} {what}")?;
        }
        write!(f, "{:>9?} for the slowest reply", *self.slowest.lock().unwrap())
    }
}
