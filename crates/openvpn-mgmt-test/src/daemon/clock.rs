//! The time of a daemon, which its owner moves on.

use std::collections::BTreeMap;
use std::time::Duration;

/// The second a fake daemon starts in: 2026-11-22 07:23:57 UTC.
pub(super) const START: u64 = 1_795_332_237;

/// What a daemon does later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// `>BYTECOUNT:` or `>BYTECOUNT_CLI:`.
    ByteCount,
    /// A restart has waited long enough.
    Restart,
    /// A client asks its server for its configuration.
    GetConfig,
    /// A server that a client has dialled has not answered.
    Silence,
    /// A client of the server gives up what it waits for, or is let go of.
    Client(u64),
    /// A client's keys are old.
    Renew(u64),
}

/// A time and what is due at times to come.
#[derive(Debug, Default)]
pub(super) struct Clock {
    now: Duration,
    /// By time, and in the order they were asked for.
    due: BTreeMap<(Duration, u64), Due>,
    asked: u64,
}

impl Clock {
    /// Time since the start.
    pub(super) fn now(&self) -> Duration {
        self.now
    }

    /// Seconds since 1970.
    pub(super) fn unix(&self) -> u64 {
        START + self.now.as_secs()
    }

    pub(super) fn after(&mut self, wait: Duration, what: Due) {
        self.due.insert((self.now + wait, self.asked), what);
        self.asked += 1;
    }

    /// Takes back what would have been due.
    pub(super) fn cancel(&mut self, what: Due) {
        self.due.retain(|_, due| *due != what);
    }

    /// Takes back all that is not of the management interface itself.
    pub(super) fn cancel_all_but(&mut self, what: Due) {
        self.due.retain(|_, due| *due == what);
    }

    pub(super) fn next(&self) -> Option<Duration> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Moves on to what is due next, up to `until`.
    pub(super) fn advance(&mut self, until: Duration) -> Option<Due> {
        match self.due.first_entry() {
            Some(first) if first.key().0 <= until => {
                self.now = self.now.max(first.key().0);
                Some(first.remove())
            }
            _ => {
                self.now = self.now.max(until);
                None
            }
        }
    }
}

/// `2026-11-22 07:23:57`, in UTC.
pub(super) fn civil(unix: u64) -> String {
    let (days, seconds) = (unix / 86_400, unix % 86_400);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The date of a day since 1970; years begin in March, so that a leap day comes last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_date_as_daemons_do() {
        assert_eq!(civil(START), "2026-11-22 07:23:57");
        assert_eq!(civil(951_782_400), "2000-02-29 00:00:00");
        assert_eq!(civil(0), "1970-01-01 00:00:00");
    }

    #[test]
    fn what_is_due_comes_in_order() {
        let mut clock = Clock::default();
        clock.after(Duration::from_secs(5), Due::ByteCount);
        clock.after(Duration::from_secs(2), Due::Restart);
        assert_eq!(clock.next(), Some(Duration::from_secs(2)));
        let until = Duration::from_secs(9);
        assert_eq!(clock.advance(until), Some(Due::Restart));
        assert_eq!(clock.now(), Duration::from_secs(2));
        assert_eq!(clock.advance(until), Some(Due::ByteCount));
        assert_eq!(clock.advance(until), None);
        assert_eq!(clock.unix(), START + 9);
    }
}
