//! [`Waiting`]: the clients of a connection that wait for a decision, and how many of them may.

use std::collections::{BTreeMap, BTreeSet};

use super::{Conversation, Ledger, Mark, RENEWALS};
use crate::heads::{Head, Kind};

/// With this reason clients are denied of whom too many wait.
const TOO_MANY: &str = "too many clients wait";

/// What became of the clients that asked on a connection, by the place of their question among its heads.
#[derive(Default)]
pub(crate) struct Waiting {
    addresses: BTreeMap<usize, String>,
    /// Whose block goes on.
    block: Option<usize>,
    /// Somebody has decided about them, or nobody will.
    settled: BTreeSet<usize>,
    /// How many were denied as too many waited.
    denials: u64,
}

/// How many clients may wait, where that is limited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    pub(crate) all: Option<u32>,
    pub(crate) of_address: Option<u32>,
}

impl Waiting {
    /// A line that belongs to this head, or to none.
    pub(crate) fn said(&mut self, line: &str, head: usize) {
        let Some(event) = line.strip_prefix(">CLIENT:") else { return };
        if event.starts_with("CONNECT,") || event.starts_with("REAUTH,") {
            self.block = Some(head);
        } else if let Some(address) = event.strip_prefix("ENV,untrusted_ip=") {
            // The last one is the daemon's own word.
            let of = self.block.map(|head| (head, address.to_owned()));
            self.addresses.extend(of);
        } else if !event.starts_with("ENV,") || event == "ENV,END" {
            self.block = None;
        }
    }

    pub(crate) fn is_settled(&self, head: usize) -> bool {
        self.settled.contains(&head)
    }
}

impl Conversation {
    /// The clients that are to be decided about: their places.
    fn undecided(&self) -> impl Iterator<Item = (usize, &Head)> {
        let heads = self.heads.iter().enumerate();
        heads.filter(|(number, head)| {
            matches!(head.kind, Kind::Client { .. })
                && !self.waiting.is_settled(*number)
                && self.ended_by(*number, u64::MAX).is_none()
        })
    }

    /// How too many wait.
    fn crowd(&self, most: Most) -> Option<String> {
        let mut by_address = BTreeMap::<_, u32>::new();
        let mut all = 0;
        for (number, head) in self.undecided() {
            if self.renewals_behind(number) >= RENEWALS {
                // It may have been given up, whatever became of those that came behind it.
                continue;
            }
            all += 1;
            if matches!(head.kind, Kind::Client { is_new: true, .. }) {
                let address = self.waiting.addresses.get(&number)?;
                *by_address.entry(address.clone()).or_default() += 1;
            }
        }
        if most.all.is_some_and(|most| all > most) {
            return Some(format!("{all} clients wait, of {most:?}"));
        }
        let is_over = |(_, count): &(_, u32)| most.of_address.is_some_and(|most| *count > most);
        let over = by_address.into_iter().find(is_over);
        over.map(|(address, count)| format!("{count} clients of {address} wait, of {most:?}"))
    }

    /// How many renewals of the same client came behind this question.
    pub(super) fn renewals_behind(&self, head: usize) -> usize {
        let Some(Kind::Client { cid: wanted, .. }) = self.heads.get(head).map(|head| &head.kind)
        else {
            return 0;
        };
        let renews = |head: &&Head| matches!(&head.kind, Kind::Client { cid, is_new: false, .. } if cid == wanted);
        self.heads.iter().skip(head + 1).filter(renews).count()
    }

    /// How many renewals of the same client are to be decided about that came behind this one.
    pub(crate) fn later_renewals(&self, head: usize) -> usize {
        let Some(Kind::Client { cid: wanted, .. }) = self.heads.get(head).map(|head| &head.kind)
        else {
            return 0;
        };
        let later = self.undecided().skip_while(|(number, _)| *number <= head);
        let renews = |(_, head): &(usize, &Head)| matches!(&head.kind, Kind::Client { cid, is_new: false, .. } if cid == wanted);
        later.filter(renews).count()
    }
}

impl Ledger {
    /// A decision about the client of this head was written.
    pub(super) fn decided(&mut self, place: (usize, usize), head: usize, text: &str) {
        let is_unseen = text.contains(TOO_MANY);
        let Some(conversation) = self.conversation(place) else { return };
        conversation.waiting.settled.insert(head);
        conversation.waiting.denials += u64::from(is_unseen);
        let Some(Head { kind: Kind::Client { cid, kid, name, .. }, .. }) =
            conversation.heads.get(head)
        else {
            return;
        };
        let client = (place.0, name.clone(), *cid, *kid);
        if is_unseen && self.given.contains(&client) {
            let text = format!("somebody decides about {client:?}, and it is denied unseen");
            self.breaks("waiting", text);
        }
    }

    /// Nobody decides about what this mark answers any more.
    pub(crate) fn lets_go(&mut self, mark: usize) {
        let at = self.marks.get(mark).and_then(|mark| mark.place.zip(mark.head));
        let Some((place, head)) = at else { return };
        if let Some(conversation) = self.conversation(place) {
            conversation.waiting.settled.insert(head);
        }
    }

    /// Looks that no more clients wait on this connection than may.
    pub(crate) fn look_for_crowd(&mut self, place: (usize, usize), most: Most) {
        let crowd = self.conversation(place).and_then(|conversation| conversation.crowd(most));
        if let Some(crowd) = crowd {
            self.breaks("waiting", format!("daemon {}: {crowd}", place.0));
        }
    }

    /// Looks that those of this connection are denied whose request was dropped.
    pub(crate) fn look_for_dropped(&mut self, place: (usize, usize)) {
        let Some(of_daemon) = self.conversations.get(place.0) else { return };
        let Some(conversation) = of_daemon.get(place.1) else { return };
        let dropped = self.marks.iter().filter(|mark| {
            // Whoever is asked something waits for what comes of that, dropped or not.
            let asks = |one: &Mark| one.asks && one.asked == mark.asked;
            let is_asked = self.challenged.iter().any(|(_, asked)| *asked == mark.asked)
                || self.marks.iter().any(asks);
            mark.is_dropped && mark.place == Some(place) && !is_asked
        });
        let mut dropped = dropped.filter_map(|mark| Some((mark.head?, &mark.asked)));
        let is_open = |head: usize| {
            !conversation.waiting.is_settled(head)
                && conversation.ended_by(head, u64::MAX).is_none()
                && conversation.later_renewals(head) == 0
        };
        let waits = dropped.find(|(head, _)| is_open(*head));
        let text = waits.map(|(_, asked)| format!("nobody has denied {asked:?}, who was dropped"));
        if let Some(text) = text {
            self.breaks("waiting", text);
        }
    }

    /// How many clients were denied on the connection that began last as too many waited.
    pub(crate) fn denials(&self, daemon: usize) -> u64 {
        let last = self.conversations.get(daemon).and_then(|of_daemon| of_daemon.last());
        last.map_or(0, |conversation| conversation.waiting.denials)
    }

    /// A caller waits from now on until its command, known by this word, is written.
    pub(crate) fn waits(&mut self, daemon: usize, word: String) {
        let place = (daemon, self.newest(daemon));
        let denials = self.denials(daemon);
        self.queued.insert(word, (place, denials));
    }

    /// The command with this word was written: few denials had their turn before it.
    pub(super) fn had_its_turn(&mut self, place: (usize, usize), word: &str) {
        let Some((asked, before)) = self.queued.remove(word) else { return };
        let denials = self.denials(place.0).saturating_sub(before);
        if asked == place && denials > MANY {
            let text = format!("daemon {}: {denials} denials before {word}", place.0);
            self.breaks("waiting", text);
        }
    }
}

/// More denials than that do not go before a command that waits: one waits at a time, but the driver takes what callers
/// submit when it has its turn.
const MANY: u64 = 20;
