//! Seeded faults of a connection or a daemon.

mod mangler;

use std::time::Duration;

pub(crate) use self::mangler::{Mangler, Piece, Then};

/// What is wrong with a fake daemon or the way to it.
///
/// The same seed gives the same faults at the same bytes. Without any method but [`seeded`](Self::seeded)
/// nothing is wrong.
///
/// ```
/// use std::time::Duration;
/// use openvpn_mgmt_test::Faults;
///
/// let faults = Faults::seeded(7).split().delay(Duration::from_millis(20)).cut_at(1000);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    seed: u64,
    split: bool,
    delay: Duration,
    merge: Duration,
    cut_at: Option<u64>,
    stall_at: Option<u64>,
    garbage: Option<u32>,
    flood: Option<(u32, u32)>,
    restart_at: Option<u64>,
    half_block: Option<u32>,
    deaf: bool,
}

impl Faults {
    /// No faults yet; those that are random are drawn from this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Writes are split at random bytes.
    #[must_use]
    pub fn split(mut self) -> Self {
        self.split = true;
        self
    }

    /// Each write waits for a random time up to this one.
    #[must_use]
    pub fn delay(mut self, most: Duration) -> Self {
        self.delay = most;
        self
    }

    /// What is said within this time is written at once.
    #[must_use]
    pub fn merge(mut self, window: Duration) -> Self {
        self.merge = window;
        self
    }

    /// The connection breaks after so many bytes of the daemon.
    #[must_use]
    pub fn cut_at(mut self, bytes: u64) -> Self {
        self.cut_at = Some(bytes);
        self
    }

    /// The daemon says nothing more after so many bytes, and the connection stays.
    #[must_use]
    pub fn stall_at(mut self, bytes: u64) -> Self {
        self.stall_at = Some(bytes);
        self
    }

    /// Between two lines, once in so many, stands a line of random bytes.
    ///
    /// They begin with `>`, as what does not could be a reply.
    #[must_use]
    pub fn garbage(mut self, once_in: u32) -> Self {
        self.garbage = Some(once_in.max(1));
        self
    }

    /// Between two lines, once in so many, stand so many lines of the log.
    #[must_use]
    pub fn flood(mut self, once_in: u32, lines: u32) -> Self {
        self.flood = Some((once_in.max(1), lines));
        self
    }

    /// The daemon restarts after so many lines, and what it was about to say is lost.
    #[must_use]
    pub fn restart_at(mut self, lines: u64) -> Self {
        self.restart_at = Some(lines);
        self
    }

    /// The connection breaks in the middle of such an ENV block; 1 is the first.
    #[must_use]
    pub fn half_block(mut self, number: u32) -> Self {
        self.half_block = Some(number);
        self
    }

    /// The daemon reads nothing.
    #[must_use]
    pub fn deaf(mut self) -> Self {
        self.deaf = true;
        self
    }
}
