//! What `state`, `log` and `echo` look back on.

use std::collections::VecDeque;

/// The last lines of one kind, each as `all` shows it.
#[derive(Debug)]
pub(super) struct History {
    lines: VecDeque<String>,
    capacity: usize,
}

impl History {
    pub(super) fn new(capacity: usize) -> Self {
        Self { lines: VecDeque::new(), capacity: capacity.max(1) }
    }

    pub(super) fn add(&mut self, line: String) {
        if self.lines.len() == self.capacity {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The last lines, the oldest first.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = &String> {
        self.lines.iter().skip(self.lines.len().saturating_sub(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_lines() {
        let mut history = History::new(2);
        for line in ["a", "b", "c"] {
            history.add(line.to_owned());
        }
        assert_eq!(history.last(usize::MAX).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(history.last(1).collect::<Vec<_>>(), ["c"]);
    }
}
