//! What a test expects of the program under test.

use super::shared::Shared;

/// Commands that must have come when a fake daemon is dropped.
#[derive(Debug, Default)]
pub(super) struct Expectations {
    starts: Vec<String>,
}

impl Expectations {
    pub(super) fn add(&mut self, start: &str) {
        self.starts.push(start.to_owned());
    }

    /// Panics where one has not come, each as often as it is expected.
    pub(super) fn check(&self, shared: &Shared) {
        if self.starts.is_empty() {
            return;
        }
        let mut came = shared.commands();
        for start in &self.starts {
            let Some(at) = came.iter().position(|line| line.starts_with(start)) else {
                panic!("no command came that begins with {start:?}:\n{}", shared.conversation());
            };
            came.remove(at);
        }
    }
}
