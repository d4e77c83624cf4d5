//! What the tests of this folder share.

use std::collections::HashMap;
use std::time::Duration;

use lab::DEADLINE;
use openvpn_mgmt::{Backoff, Builder, Client, CloseReason, Error, Event, Events, Link, ReplyShape};

/// Whether the long form was asked for.
pub(crate) fn is_long() -> bool {
    std::env::var("CHAOS").is_ok_and(|form| form == "long")
}

/// How much of something is done: in the gate, or in the long form.
pub(crate) fn amount(short: usize, long: usize) -> usize {
    if is_long() { long } else { short }
}

/// Settings for a machine however busy.
pub(crate) fn patient() -> Builder {
    let builder = Builder::new().connect_timeout(DEADLINE).greeting_timeout(DEADLINE);
    builder.command_timeout(DEADLINE).reply_timeout(DEADLINE).close_timeout(DEADLINE)
}

/// A link that tries again soon, and after each session at once.
pub(crate) fn soon(link: Link) -> Link {
    let (least, most) = (Duration::from_millis(10), Duration::from_millis(100));
    link.backoff(Backoff::new(least, most).reset_after(Duration::ZERO))
}

/// Whether the connection ended as that of a daemon that is gone does.
pub(crate) fn is_gone(reason: &CloseReason) -> bool {
    matches!(reason, CloseReason::Remote | CloseReason::Io(_))
}

/// Numbers from here on nobody else would send.
pub(crate) const FIRST: u32 = 1_000_000;

/// How often each numbered `mute` was run, by the daemon's log.
pub(crate) fn runs(log: &str) -> HashMap<u32, u32> {
    let mut runs = HashMap::new();
    let lines = log.lines().filter_map(|line| line.split_once("MANAGEMENT: CMD 'mute "));
    for number in lines.filter_map(|(_, rest)| rest.split_once('\'')?.0.parse().ok()) {
        *runs.entry(number).or_default() += 1;
    }
    runs
}

/// Asks what only the one who asked can be answered: a signal of this name, which there is not.
pub(crate) async fn ask_by_name(client: &Client, name: &str) -> openvpn_mgmt::Result<()> {
    let line = format!("signal {name}");
    match client.raw_command(line, ReplyShape::Line).await {
        Err(Error::Refused { text, .. }) => {
            let own = format!("signal '{name}' is not a known signal type");
            assert_eq!(text.to_string(), own, "another's reply");
            Ok(())
        }
        Ok(reply) => panic!("{name} is a signal: {reply:?}"),
        Err(error) => Err(error),
    }
}

/// Reads to the end of the connection; what of it belongs to nothing: lines without a command, or of no known form. A
/// subscriber that lags may miss some of them.
pub(crate) async fn odd_events(mut events: Events) -> Vec<Event> {
    let mut odd = Vec::new();
    while let Some(event) = events.next().await {
        if let Ok(event @ (Event::Stray(_) | Event::Unknown(_) | Event::Malformed(_))) = event {
            odd.push(event);
        }
    }
    odd
}
