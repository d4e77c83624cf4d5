//! What an odd daemon says, and which laws hold for it all the same.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::heads::Kind;
use crate::ledger::{Asked, Conversation, Ledger};

/// So long an answer may be on its way, and that of the fence behind it.
const AT_ONCE: Duration = Duration::from_millis(300);

/// What is known of one connection beside what is said at most of them.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "what is known, each by itself")]
pub(crate) struct Odd {
    /// How many lines came before the greeting.
    pub(crate) talk: u32,
    /// A line was said that cannot be read, by itself.
    pub(crate) was_unreadable: bool,
    /// How many `state on` were taken, and whether the first one was refused.
    states_on: u32,
    pub(crate) states_refused: bool,
    /// How many `env-filter` were written, and answered.
    filters_written: u32,
    filters_answered: u32,
    /// The last one was 0, and is answered.
    is_unfiltered: bool,
    /// 0 was refused: what is filtered is not known any more.
    filter_refused: bool,
    /// The daemon has said so; a program may be told later, or never.
    zero_refused: bool,
    /// About whom a decision was refused: whoever made it may be the driver, which asks nobody.
    pub(crate) refused: BTreeSet<(u64, u64)>,
    /// The daemon holds, and nobody was asked or has released it.
    pub(crate) is_held: bool,
    /// How many signals the daemon took by their names.
    signals: u32,
}

impl Odd {
    /// Whether an environment that is said now may be filtered, for all that its manager can know.
    pub(crate) fn may_be_filtered(&self) -> bool {
        !self.is_unfiltered || self.filter_refused
    }
}

fn level(command: &str) -> Option<bool> {
    let rest = command.strip_prefix("env-filter")?;
    Some(matches!(rest.trim(), "" | "0"))
}

/// Which client a command decides about.
fn decided(command: &str) -> Option<(u64, u64)> {
    let mut words = command.split([' ', '\n']);
    let name = words.next()?;
    ["client-auth", "client-auth-nt", "client-deny"].contains(&name).then_some(())?;
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// The reason of a denial that was written by hand.
pub(crate) const RAW: &str = "by-hand";

impl Conversation {
    /// A decision was written, about what was asked there; gives whether there was one before.
    pub(crate) fn decides(&mut self, head: usize, command: &str) -> bool {
        let ids = decided(command);
        let before = ids.and_then(|ids| self.decisions.insert(head, ids));
        // Whoever writes one by hand does not look.
        before.is_some() && !command.ends_with(RAW)
    }

    /// Whether a decision was written about what was asked there.
    pub(crate) fn is_decided(&self, head: usize) -> bool {
        self.decisions.contains_key(&head)
    }

    /// A command was written.
    pub(crate) fn odd_written(&mut self, command: &str) {
        self.odd.is_held &= !command.starts_with("hold release");
        let Some(is_zero) = level(command) else { return };
        self.odd.filters_written += 1;
        if !is_zero {
            self.odd.is_unfiltered = false;
            let read = self.read;
            for head in self.heads.iter_mut().filter(|head| head.over > read) {
                head.is_filtered = true;
            }
        }
    }
}

impl Ledger {
    /// A daemon answers a command in another way than daemons do, which may cost so many calls their replies.
    pub(crate) fn odd_reply(&mut self, daemon: usize, calls: u32) {
        self.trace.add(|| format!("{daemon} answers oddly"));
        *self.odd_replies.entry(daemon).or_default() += calls;
        self.answered_oddly.insert(daemon, Instant::now());
    }

    /// Whether an odd reply explains that a call had none; each explains so many.
    pub(crate) fn explains(&mut self, daemon: usize) -> bool {
        let Some(left) = self.odd_replies.get_mut(&daemon).filter(|left| **left > 0) else {
            return false;
        };
        *left -= 1;
        true
    }

    /// Whether this daemon has left a reply out, or said it in other words, within so long.
    pub(crate) fn was_odd_within(&self, daemon: usize, time: Duration) -> bool {
        self.answered_oddly.get(&daemon).is_some_and(|at| at.elapsed() < time)
    }

    /// Whether a call could have been told long ago that its reply was in other words.
    pub(crate) fn is_told_late(&self, daemon: usize) -> bool {
        self.answered_oddly.get(&daemon).is_some_and(|at| at.elapsed() > AT_ONCE)
    }

    /// A command is answered with these lines.
    pub(crate) fn replied(&mut self, place: (usize, usize), command: &str, lines: &[&[u8]]) {
        let first = lines.iter().find(|line| !line.starts_with(b">"));
        let begins = |word: &str| first.is_some_and(|line| line.starts_with(word.as_bytes()));
        let Some(conversation) = self.conversation(place) else { return };
        if let Some((cid, kid)) = decided(command).filter(|_| begins("ERROR:")) {
            conversation.decisions.retain(|_, ids| *ids != (cid, kid));
            conversation.odd.refused.insert((cid, kid));
        }
        let odd = &mut conversation.odd;
        if command.starts_with("state on") {
            odd.states_refused |= odd.states_on == 0 && begins("ERROR:");
            odd.states_on += u32::from(begins("SUCCESS: real-time"));
        }
        if command.starts_with("signal SIG") {
            odd.signals += u32::from(begins("SUCCESS: signal"));
        }
        let Some(is_zero) = level(command) else { return };
        odd.filters_answered += 1;
        let is_last = odd.filters_answered == odd.filters_written;
        if begins("SUCCESS: env_filter_level") {
            odd.is_unfiltered = is_zero && (is_last || odd.is_unfiltered);
        } else if begins("ERROR:") {
            // Of any later one a program may not learn; then what it was told before still holds.
            odd.filter_refused |= is_zero && odd.filters_answered == 1;
            odd.zero_refused |= is_zero;
        }
    }

    /// A program was told that `env-filter 0` is refused, which may be by an older connection than the last.
    pub(crate) fn filter_refused(&mut self, daemon: usize) {
        for conversation in self.conversations.get_mut(daemon).into_iter().flatten() {
            conversation.odd.filter_refused |= conversation.odd.zero_refused;
        }
    }

    /// A client that waits for a decision on the last connection.
    pub(crate) fn someone(&self, daemon: usize, which: u32) -> Option<(u64, u64)> {
        let one = self.conversations.get(daemon)?.last()?;
        let open = one.heads.iter().enumerate().filter(|(number, head)| {
            head.over <= one.read
                && one.ended_by(*number, u64::MAX).is_none()
                && !one.decisions.contains_key(number)
        });
        let open: Vec<_> = open
            .filter_map(|(_, head)| match head.kind {
                Kind::Client { cid, kid, .. } => Some((cid, kid)),
                _ => None,
            })
            .collect();
        open.get(usize::try_from(which).ok()? % open.len().max(1)).copied()
    }

    /// How many signals a daemon has taken.
    pub(crate) fn signals(&self, daemon: usize) -> u32 {
        let of_daemon = self.conversations.get(daemon);
        of_daemon.map_or(0, |all| all.iter().map(|one| one.odd.signals).sum())
    }

    /// A subscriber was shown a state, which nobody is who has not asked for them.
    pub(crate) fn shown_state(&mut self, daemon: usize) {
        let of_daemon = self.conversations.get(daemon);
        // The first one is for the requests.
        if of_daemon.is_none_or(|all| all.iter().all(|one| one.odd.states_on < 2)) {
            self.breaks("shown", format!("daemon {daemon}: a state that nobody has asked for"));
        }
    }

    /// An environment counts as the daemon's own word.
    pub(crate) fn trusted(&mut self, daemon: usize, asked: &Asked) {
        let Asked::Client { cid, kid, name } = asked else { return };
        let of_daemon = self.conversations.get(daemon).into_iter().flatten();
        let heads =
            of_daemon.flat_map(|one| &one.heads).filter(|head| head.is_of(*cid, *kid, name));
        let mut filtered: Vec<bool> = heads.map(|head| head.is_filtered).collect();
        filtered.dedup();
        if filtered == [true] {
            self.breaks("trusted", format!("daemon {daemon}: what may be filtered, of {asked:?}"));
        }
    }

    /// A session has come about on this connection.
    pub(crate) fn attached(&mut self, place: (usize, usize)) {
        let Some(conversation) = self.conversation(place) else { return };
        conversation.attached = Some(Instant::now());
        let odd = &conversation.odd;
        let (talk, is_refused) = (odd.talk, odd.states_refused && odd.states_on == 0);
        if is_refused {
            self.breaks("attached", format!("{place:?}: states were refused"));
        }
        if talk > 100 {
            self.breaks("attached", format!("{place:?}: behind {talk} lines before the greeting"));
        }
    }
}
