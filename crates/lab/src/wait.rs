//! Waits that end, with what did not come.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::{interval, timeout};

use crate::process::DEADLINE;

/// How often something is looked at that tells of no change itself.
const OFTEN: Duration = Duration::from_millis(5);

/// Waits for this, but not for ever.
///
/// # Errors
/// It did not come before the [deadline](DEADLINE); `what` says what.
pub async fn within<T>(what: &str, waiting: impl Future<Output = T>) -> Result<T> {
    timeout(DEADLINE, waiting).await.with_context(|| format!("no {what} in time"))
}

/// Looks until it is so.
///
/// # Errors
/// As [`within`], or what looking failed with.
pub async fn until(what: &str, mut is: impl FnMut() -> Result<bool>) -> Result<()> {
    let mut often = interval(OFTEN);
    let looking = async {
        while !is()? {
            often.tick().await;
        }
        Ok(())
    };
    within(what, looking).await?
}
