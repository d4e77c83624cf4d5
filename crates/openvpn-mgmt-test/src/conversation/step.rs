//! What the lines of a conversation stand for.

use super::pattern::Pattern;
use super::release::Release;

/// One step, and the line it begins at.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) line: usize,
    /// The versions it holds for; empty: all.
    pub(super) only: Vec<Release>,
    pub(super) action: Action,
}

/// What happens in a step.
#[derive(Debug, Clone)]
pub(super) enum Action {
    /// `daemon > TEXT`
    Says(Pattern),
    /// `any order { … }`: the groups, whose lines keep their order.
    AnyOrder(Vec<Vec<Pattern>>),
    /// `daemon closes`
    DaemonCloses,
    /// `manager > TEXT` and each `manager + TEXT` below it, in one write.
    Sends(Vec<Pattern>),
    /// `manager closes`
    ManagerCloses,
    /// `manager connects`
    ManagerConnects,
    /// `world > another manager connects`
    AnotherConnects,
    /// `world > it hears nothing`
    ItHearsNothing,
    /// `world > it leaves`
    ItLeaves,
    /// `world > it takes over`
    ItTakesOver,
    /// `world > WORDS`
    World(Pattern),
}

impl Step {
    pub(super) fn is_for(&self, release: Release) -> bool {
        self.only.is_empty() || self.only.contains(&release)
    }
}
