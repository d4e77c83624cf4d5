//! Works that take turns, so that what else the machine does meets all of them.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// Something that is done once a round, and gives a figure each time.
pub(crate) struct Work<'a> {
    run: Box<dyn FnMut() -> f64 + 'a>,
}

impl<'a> Work<'a> {
    /// Its figure is the nanoseconds of a unit.
    pub(crate) fn timed(units: usize, mut run: impl FnMut() + 'a) -> Self {
        Self::new(move || {
            let from = Instant::now();
            run();
            nanoseconds(from) / to_f64(units)
        })
    }

    /// Its figure is the nanoseconds of a unit that this thread was at work, which is the same on a
    /// machine that others use, too.
    pub(crate) fn busy(units: usize, mut run: impl FnMut() + 'a) -> Self {
        Self::new(move || {
            let before = at_work();
            run();
            (at_work() - before) / to_f64(units)
        })
    }

    /// Its figure is what it says.
    pub(crate) fn new(run: impl FnMut() -> f64 + 'a) -> Self {
        Self { run: Box::new(run) }
    }
}

/// The median of each, after a round that does not count.
pub(crate) fn medians<const N: usize>(rounds: usize, mut works: [Work<'_>; N]) -> [f64; N] {
    let mut round = || works.each_mut().map(|work| (work.run)());
    round();
    let rounds: Vec<_> = (0..rounds.max(1)).map(|_| round()).collect();
    std::array::from_fn(|at| {
        median(rounds.iter().filter_map(|round| round.get(at).copied()).collect())
    })
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How many nanoseconds this thread has had a processor.
pub(crate) fn at_work() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("the clock of this thread");
    Duration::from(time).as_secs_f64() * 1e9
}

pub(crate) fn nanoseconds(from: Instant) -> f64 {
    from.elapsed().as_secs_f64() * 1e9
}

/// Counts here are far below what an `f64` holds exactly.
#[allow(clippy::cast_precision_loss, reason = "see above")]
pub(crate) fn to_f64(count: usize) -> f64 {
    count as f64
}
