//! Deadlines that no duration is too long for.

use std::time::Duration;

use tokio::time::Instant;

/// The moment `after` another. A time so far away that it cannot be told is 30 years off.
pub(crate) fn far(from: Instant, after: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    from.checked_add(after).unwrap_or_else(|| from + FAR)
}
