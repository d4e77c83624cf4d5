//! `>UPDOWN:`

use std::fmt;

use super::Env;
use super::client::withhold_env;
use crate::types::grammar::Problem;
use crate::types::{Line, WriteError};

/// `>UPDOWN:UP` or `>UPDOWN:DOWN`, and its ENV block: the tunnel interface came up or
/// went down (`management-up-down`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UpDown {
    /// Which of the two.
    pub direction: Direction,
    /// What an `up` or `down` script would have in its environment.
    pub env: Env,
}

/// Whether the tunnel interface came up or went down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Direction {
    /// `UP`
    Up,
    /// `DOWN`
    Down,
}

impl UpDown {
    /// The interface came up, or went down.
    #[must_use]
    pub fn new(direction: Direction, env: Env) -> Self {
        Self { direction, env }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let direction = if self.is_up() { "UP" } else { "DOWN" };
        Line::event(out, "UPDOWN").raw(direction).end()?;
        self.env.write(out, "UPDOWN")
    }

    /// Whether the interface came up.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.direction == Direction::Up
    }

    pub(super) fn withhold_secrets(mut self) -> Self {
        withhold_env(&mut self.env);
        self
    }
}

impl Direction {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        match body {
            b"UP" => Ok(Self::Up),
            b"DOWN" => Ok(Self::Down),
            _ => Err(Problem("neither UP nor DOWN")),
        }
    }
}

impl fmt::Display for UpDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_up() { "tunnel up" } else { "tunnel down" })?;
        let dev = self.env.get("dev");
        dev.map_or(Ok(()), |dev| write!(f, " ({dev})"))
    }
}
