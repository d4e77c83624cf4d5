//! What was said and heard, for the message of a failed step.

use std::collections::VecDeque;
use std::fmt;

/// The last steps that are kept.
const STEPS: usize = 40;

/// The bytes of a step that are kept.
const BYTES: usize = 200;

#[derive(Clone, Copy)]
pub(super) enum Side {
    Client,
    Daemon,
}

struct Step {
    side: Side,
    start: Vec<u8>,
    /// The bytes behind the start.
    more: usize,
}

/// The last steps of a conversation.
#[derive(Default)]
pub(super) struct Transcript {
    steps: VecDeque<Step>,
    earlier: usize,
}

impl Transcript {
    pub(super) fn add(&mut self, side: Side, bytes: &[u8]) {
        let (start, more) = bytes.split_at(bytes.len().min(BYTES));
        if self.steps.len() == STEPS {
            self.steps.pop_front();
            self.earlier += 1;
        }
        self.steps.push_back(Step { side, start: start.to_vec(), more: more.len() });
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.earlier > 0 {
            writeln!(f, "  ({} steps before)", self.earlier)?;
        }
        for step in &self.steps {
            writeln!(f, "  {step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Client => "client",
            Side::Daemon => "daemon",
        };
        write!(f, "{side}: {}", self.start.escape_ascii())?;
        match self.more {
            0 => Ok(()),
            more => write!(f, " ... and {more} bytes"),
        }
    }
}
