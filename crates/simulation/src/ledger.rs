//! [`Ledger`]: everything that was said and written, when it could be read, and what breaks a law.

mod asked;
mod mark;
mod murmurs;
mod replies;
mod trace;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::call::odd::LONGEST;
use crate::heads::{Head, Kind, Slot};
use asked::Turn;
pub(crate) use mark::{Asked, Mark, Told, marks_in, text as mark_text};
use murmurs::Murmurs;
pub(crate) use replies::RAW;
use trace::Trace;
pub(crate) use waiting::Most;
use waiting::Waiting;

/// So many renewals of one client are open at a time: a daemon keeps no more keys.
pub(crate) const RENEWALS: usize = 3;

/// A law that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which law.
    pub law: &'static str,
    /// What happened.
    pub text: String,
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Lines that daemons said.
    pub events: u64,
    /// Commands that daemons heard.
    pub commands: u64,
    /// Requests that programs were given.
    pub requests: u64,
    /// Clients that were let in.
    pub admissions: u64,
    /// Restarts of daemons.
    pub restarts: u64,
    /// Answers written before bytes that made them stale were readable, and read by the daemon behind those: OpenVPN's own.
    pub window: u64,
}

#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Ledger>>);

impl Shared {
    pub(crate) fn new(daemons: usize, is_shown: bool) -> Self {
        Self(Arc::new(Mutex::new(Ledger::new(daemons, is_shown))))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection.
#[derive(Default)]
pub(crate) struct Conversation {
    pub(crate) heads: Vec<Head>,
    said: u64,
    delivered: u64,
    pub(crate) read: u64,
    /// When its program had it as a session.
    attached: Option<Instant>,
    /// What was written of a command that is not whole.
    writing: Vec<u8>,
    /// How many bytes were readable when its first one was written.
    readable: u64,
    /// The manager has let go of it.
    pub(crate) is_dropped: bool,
    /// The places behind its lines.
    ends: Vec<u64>,
    is_closed: bool,
    /// A line was said that nobody can read: what is in a block around it may be lost.
    pub(crate) had_garbage: bool,
    pub(crate) odd: replies::Odd,
    /// The decisions that were written and not refused, by the heads that they are about.
    decisions: BTreeMap<usize, (u64, u64)>,
    pub(crate) waiting: Waiting,
    turns: Vec<Turn>,
    /// Which process of its daemon it is with.
    pub(crate) process: u32,
    /// How much was readable when its hold was released, and said when the daemon heard so.
    released: u64,
    released_at: u64,
}

pub(crate) struct Ledger {
    pub(crate) trace: Trace,
    pub(crate) counts: Counts,
    pub(crate) violations: Vec<Violation>,
    pub(crate) conversations: Vec<Vec<Conversation>>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) murmurs: Murmurs,
    /// The requests that programs were given: daemon, name, CID, KID.
    pub(crate) given: BTreeSet<(usize, String, u64, u64)>,
    /// The clients that were asked something, once for each time that they have not responded.
    challenged: Vec<(usize, Asked)>,
    /// The names in calls that were written, and in those that were told as never sent.
    pub(crate) called: BTreeSet<String>,
    pub(crate) unsent: BTreeSet<String>,
    /// Those in calls that had no reply in time, and were told as sent.
    pub(crate) sent: BTreeSet<String>,
    /// How many signals callers were told of that the daemon took.
    pub(crate) signalled: BTreeMap<usize, u32>,
    /// The words of calls that are to be written: on which connection, and how many were denied there before.
    queued: BTreeMap<String, ((usize, usize), u64)>,
    /// The daemons whose `pid` is no number of the ledger's.
    pub(crate) twins: BTreeSet<usize>,
    /// When the daemon heard what it gave this number for.
    serials: Vec<(usize, Instant)>,
    /// How many calls may be without their replies, as their daemon has answered oddly.
    odd_replies: BTreeMap<usize, u32>,
    /// When they did so last.
    answered_oddly: BTreeMap<usize, Instant>,
}

impl Ledger {
    fn new(daemons: usize, is_shown: bool) -> Self {
        Self {
            trace: Trace::new(is_shown),
            counts: Counts::default(),
            violations: Vec::new(),
            conversations: (0..daemons).map(|_| Vec::new()).collect(),
            marks: Vec::new(),
            murmurs: Murmurs::default(),
            given: BTreeSet::new(),
            challenged: Vec::new(),
            called: BTreeSet::new(),
            unsent: BTreeSet::new(),
            sent: BTreeSet::new(),
            signalled: BTreeMap::new(),
            queued: BTreeMap::new(),
            twins: BTreeSet::new(),
            serials: Vec::new(),
            odd_replies: BTreeMap::new(),
            answered_oddly: BTreeMap::new(),
        }
    }

    /// Takes down that a law was broken.
    pub(crate) fn breaks(&mut self, law: &'static str, text: impl Into<String>) {
        let text = text.into();
        self.trace.add(|| format!("!! {law}: {text}"));
        self.violations.push(Violation { law, text });
    }

    /// A connection begins; gives its number.
    pub(crate) fn begins(&mut self, daemon: usize) -> usize {
        let Some(of_daemon) = self.conversations.get_mut(daemon) else { return 0 };
        of_daemon.push(Conversation::default());
        of_daemon.len() - 1
    }

    pub(crate) fn conversation(&mut self, place: (usize, usize)) -> Option<&mut Conversation> {
        self.conversations.get_mut(place.0)?.get_mut(place.1)
    }

    /// The connection that began last.
    pub(crate) fn newest(&self, daemon: usize) -> usize {
        self.conversations.get(daemon).map_or(0, |of_daemon| of_daemon.len().saturating_sub(1))
    }

    /// A daemon says this line, with its line end.
    pub(crate) fn said(&mut self, place: (usize, usize), bytes: &[u8]) {
        self.counts.events += 1;
        let line = String::from_utf8_lossy(bytes);
        self.trace.add(|| format!("{}.{} > {}", place.0, place.1, line.trim_end()));
        let mut restarts = 0;
        let Some(conversation) = self.conversation(place) else { return };
        conversation.said += bytes.len() as u64;
        let end = conversation.said;
        conversation.ends.push(end);
        if let Some(kind) = Kind::parse(line.trim_end()) {
            let is_restart = kind == Kind::Restart;
            conversation.odd.is_held |= kind == Kind::Prompt(Slot::Hold);
            let is_filtered = conversation.odd.may_be_filtered();
            conversation.heads.push(Head {
                end,
                kind,
                at: Instant::now(),
                over: u64::MAX,
                is_filtered,
            });
            restarts += u64::from(is_restart);
        } else if let Some(name) = line.trim_end().strip_prefix(">CLIENT:ENV,username=") {
            conversation.name(name);
        } else if line.starts_with(">CLIENT:ENV,END") {
            let open = conversation.heads.last_mut().filter(|head| head.over == u64::MAX);
            if let Some(head) = open {
                head.over = end;
            }
        }
        if let Some(event) = line.strip_prefix(">CLIENT:CR_RESPONSE,") {
            let cid = event.split(',').next().and_then(|cid| cid.parse().ok());
            conversation.turn(cid, true);
        }
        let head = conversation.heads.len().saturating_sub(1);
        conversation.waiting.said(line.trim_end(), head);
        self.counts.restarts += restarts;
    }

    /// The daemon's end is closed.
    pub(crate) fn closed(&mut self, place: (usize, usize)) {
        self.trace.number(5, place, 0);
        if let Some(conversation) = self.conversation(place) {
            conversation.is_closed = true;
        }
    }

    pub(crate) fn delivered(&mut self, place: (usize, usize), count: usize) {
        self.trace.number(1, place, count);
        if let Some(conversation) = self.conversation(place) {
            conversation.delivered += count as u64;
        }
    }

    pub(crate) fn read(&mut self, place: (usize, usize), count: usize) {
        self.trace.number(2, place, count);
        if let Some(conversation) = self.conversation(place) {
            conversation.read += count as u64;
            let read = conversation.read;
            self.murmurs.read(place, read);
        }
    }

    pub(crate) fn dropped(&mut self, place: (usize, usize)) {
        self.trace.number(3, place, 0);
        if let Some(conversation) = self.conversation(place) {
            conversation.is_dropped = true;
        }
    }

    /// A manager writes these bytes.
    pub(crate) fn wrote(&mut self, place: (usize, usize), bytes: &[u8]) {
        self.trace.number(4, place, bytes.len());
        let mut whole = Vec::new();
        if let Some(conversation) = self.conversation(place) {
            for byte in bytes {
                if conversation.writing.is_empty() {
                    conversation.readable = conversation.delivered;
                }
                conversation.writing.push(*byte);
                if *byte == b'\n' && is_whole(&conversation.writing) {
                    let text = std::mem::take(&mut conversation.writing);
                    let text = String::from_utf8_lossy(&text).into_owned();
                    whole.push((text, conversation.readable));
                }
            }
        }
        for (text, readable) in whole {
            self.command(place, text.trim_end(), readable);
        }
    }

    /// A command was written whole, while so many bytes were readable at its first byte.
    fn command(&mut self, place: (usize, usize), text: &str, readable: u64) {
        self.trace.add(|| format!("{}.{} < {}", place.0, place.1, text.replace('\n', " / ")));
        for id in marks_in(text) {
            self.mark_written(place, id, text, readable);
        }
        if text.lines().any(|line| line.len() > LONGEST) {
            self.breaks("form", format!("longer than a daemon reads: {text}"));
        }
        self.client_command(place, text, readable);
        if let Some(conversation) = self.conversation(place) {
            conversation.odd_written(text);
        }
        if text == "hold release" {
            self.releases_hold(place, readable);
        }
        let words = text
            .split([' ', '"'])
            .filter(|word| word.strip_prefix("nobody").is_some_and(|number| !number.is_empty()));
        for word in words {
            self.had_its_turn(place, word);
            if !self.called.insert(word.to_owned()) {
                self.breaks("once", format!("a command was written twice: {text}"));
            }
        }
    }

    fn mark_written(&mut self, place: (usize, usize), id: usize, text: &str, readable: u64) {
        let Some(mark) = self.marks.get_mut(id) else { return };
        mark.written += 1;
        let (written, asked_at) = (mark.written, mark.place);
        let head = mark.head;
        if written > 1 {
            self.breaks("once", format!("an answer was written {written} times: {text}"));
        }
        let seen = self.marks.get(id).and_then(|mark| mark.seen);
        let Some(asked_at) = asked_at else { return };
        if asked_at != place {
            let text = format!("asked on connection {asked_at:?}, answered on {place:?}: {text}");
            return self.breaks("stale", text);
        }
        let Some(conversation) = self.conversation(place) else { return };
        if let Some((cid, read)) = seen {
            let client = Kind::Client { cid, kid: 0, is_new: true, name: String::new() };
            let mut later = conversation.heads.iter().filter(|head| head.end > read);
            // Its number is nobody's once it has left, until somebody else has it.
            let is_another = |kind: &Kind| kind.ends(&client) && !matches!(kind, Kind::Gone { .. });
            if later.any(|head| head.end <= readable && is_another(&head.kind)) {
                self.breaks("stale", format!("whoever is meant is gone: {text}"));
            }
            return;
        }
        let Some(head) = head else { return };
        if let Some(end) = conversation.ended_by(head, readable) {
            let text = format!("behind {end:?}, which was readable: {text}");
            self.breaks("stale", text);
        }
    }

    /// Looks that a decision about a client is one about a client that was asked about and is still there.
    fn client_command(&mut self, place: (usize, usize), text: &str, readable: u64) {
        let mut words = text.split([' ', '\n']);
        let decides = ["client-auth", "client-auth-nt", "client-deny", "client-pending-auth"];
        let Some(word) = words.next().filter(|word| decides.contains(word)) else { return };
        let mut numbers = words.map(str::parse);
        let (Some(Ok(cid)), Some(Ok(kid))) = (numbers.next(), numbers.next()) else { return };
        let Some(conversation) = self.conversation(place) else { return };
        let asks = |head: &Head| matches!(head.kind, Kind::Client { cid: c, kid: k, .. } if c == cid && k == kid);
        let asked = conversation.heads.iter().rposition(|head| asks(head) && head.end <= readable);
        let is_open = asked.is_some_and(|head| conversation.ended_by(head, readable).is_none());
        let settled = asked.filter(|_| word != "client-pending-auth");
        // Before 2.6 `client-pending-auth` has no KID, and whoever writes one by hand does not look.
        let is_free = text.starts_with("client-pending-auth") || text.contains(RAW);
        if !is_open && !is_free {
            self.breaks("stale", format!("nobody of these IDs waits: {text}"));
        } else if is_open && asked.is_some_and(|head| conversation.decides(head, text)) {
            self.breaks("once", format!("this was decided before: {text}"));
        }
        if let Some(head) = settled {
            self.decided(place, head, text);
        }
    }

    /// Makes a mark for an answer to what is asked there, or by now at the latest.
    pub(crate) fn mark(
        &mut self,
        daemon: usize,
        conversation: Option<usize>,
        asked: Asked,
    ) -> usize {
        let (place, head) = self.origin(daemon, conversation, &asked);
        let id = self.marks.len();
        self.marks.push(Mark { asked, place, head, ..Mark::default() });
        id
    }

    /// Makes a mark for a command about the client that has this ID by now, where the connection tells which.
    pub(crate) fn kills(&mut self, daemon: usize, wanted: u64) -> Option<usize> {
        let of_daemon = self.conversations.get(daemon)?;
        let (number, one) = of_daemon.iter().enumerate().next_back()?;
        let is_it = |head: &Head| {
            head.end <= one.read
                && matches!(head.kind, Kind::Client { cid, is_new: true, .. } if cid == wanted)
        };
        let Some(head) = one.heads.iter().rposition(is_it) else {
            return self.kills_unannounced((daemon, number), wanted);
        };
        one.ended_by(head, one.read).is_none().then_some(())?;
        let Kind::Client { cid, kid, name, .. } = one.heads.get(head)?.kind.clone() else {
            return None;
        };
        let (asked, id) = (Asked::Client { cid, kid, name }, self.marks.len());
        let place = Some((daemon, number));
        self.marks.push(Mark { asked, place, head: Some(head), ..Mark::default() });
        Some(id)
    }

    /// The same of a client that was there when the connection began.
    fn kills_unannounced(&mut self, place: (usize, usize), cid: u64) -> Option<usize> {
        let (read, id) = (self.conversation(place)?.read, self.marks.len());
        let asked = Asked::Client { cid, kid: 0, name: String::new() };
        let seen = Some((cid, read));
        self.marks.push(Mark { asked, place: Some(place), seen, ..Mark::default() });
        Some(id)
    }

    /// Where something was asked.
    fn origin(
        &self,
        daemon: usize,
        conversation: Option<usize>,
        asked: &Asked,
    ) -> (Option<(usize, usize)>, Option<usize>) {
        let Some(of_daemon) = self.conversations.get(daemon) else { return (None, None) };
        for (number, one) in of_daemon.iter().enumerate().rev() {
            if conversation.is_some_and(|wanted| wanted != number) {
                continue;
            }
            let head = match asked {
                Asked::Client { cid, kid, name } => one.heads.iter().rposition(|head| {
                    matches!(&head.kind, Kind::Client { cid: c, kid: k, name: n, .. } if c == cid && k == kid && n == name)
                }),
                // Of those that were read: which connection it was is not known otherwise.
                Asked::Slot(slot) if conversation.is_some() => one.heads.iter().rposition(|head| {
                    head.kind == Kind::Prompt(*slot) && head.end <= one.read
                }),
                Asked::Slot(_) => None,
            };
            if head.is_some() {
                return (Some((daemon, number)), head);
            }
        }
        (None, None)
    }

    /// When the time of this mark's request began, at the earliest: what was said before the session was there has had
    /// some of it already.
    pub(crate) fn began(&self, id: usize) -> Instant {
        let said = || {
            let mark = self.marks.get(id)?;
            let (daemon, number) = mark.place?;
            let conversation = self.conversations.get(daemon)?.get(number)?;
            let said = conversation.heads.get(mark.head?)?.at;
            conversation.attached.is_none_or(|attached| said < attached).then_some(said)
        };
        said().unwrap_or_else(Instant::now)
    }

    /// Whether another answer to the same had no fitting reply, so that its request was dropped.
    pub(crate) fn has_failed_beside(&self, id: usize) -> bool {
        let Some(mark) = self.marks.get(id) else { return false };
        let has_failed = |(other, one): (usize, &Mark)| {
            other != id && one.asked == mark.asked && matches!(one.told, Some(Told::Unknown(_)))
        };
        self.marks.iter().enumerate().any(has_failed)
    }

    /// Whether something explains that an answer is stale.
    pub(crate) fn has_reason(&mut self, id: usize) -> bool {
        let Some(mark) = self.marks.get(id) else { return true };
        let is_another = |(other, one): (usize, &Mark)| {
            other != id && one.asked == mark.asked && one.written > 0 && !one.asks
        };
        let is_answered = self.marks.iter().enumerate().any(is_another);
        let Some((place, head)) = mark.place.zip(mark.head) else { return true };
        // Whoever decides by hand has decided, though it was refused.
        let by_hand = mark.asked.ids();
        let conversation = self.conversation(place);
        is_answered
            || conversation.is_none_or(|one| {
                one.is_dropped
                    || one.is_over(head)
                    || one.is_decided(head)
                    || by_hand.is_some_and(|ids| one.odd.refused.contains(&ids))
            })
    }

    /// What was answered on this connection by what was not sent in time, and was not asked again.
    pub(crate) fn due_again(&self, place: (usize, usize)) -> Vec<Asked> {
        let conversation = self.conversations.get(place.0).and_then(|one| one.get(place.1));
        let is_open = |mark: &Mark| {
            let head = mark.head.zip(conversation);
            let by_hand = mark.asked.ids();
            mark.place == Some(place)
                && mark.written == 0
                && head.is_some_and(|(head, one)| {
                    // Of many renewals the oldest are given up.
                    one.ended_by(head, u64::MAX).is_none()
                        && !one.is_decided(head)
                        && !by_hand.is_some_and(|ids| one.odd.refused.contains(&ids))
                        && one.renewals_behind(head) < RENEWALS
                })
        };
        let marks = self.marks.iter().enumerate();
        let due = marks.filter(|(_, mark)| mark.is_due_again && is_open(mark));
        let is_last = |id: usize, mark: &Mark| {
            !self.marks.iter().skip(id + 1).any(|later| later.asked == mark.asked)
        };
        let lost = due.filter(|(id, mark)| is_last(*id, mark));
        lost.map(|(_, mark)| mark.asked.clone()).collect()
    }

    /// A request was given to a program.
    pub(crate) fn gave(&mut self, daemon: usize, name: &str, cid: u64, kid: u64, is_again: bool) {
        self.counts.requests += 1;
        self.trace.add(|| format!("{daemon} asks about {name} {cid} {kid}"));
        let asked = Asked::Client { cid, kid, name: name.to_owned() };
        if self.origin(daemon, None, &asked).0.is_none() {
            self.breaks("request", format!("daemon {daemon} has not asked about {asked:?}"));
        }
        if !self.given.insert((daemon, name.to_owned(), cid, kid)) && !is_again {
            self.breaks("request", format!("daemon {daemon} asks twice about {name} {cid} {kid}"));
        }
    }

    /// A program asks a client something, which responds once.
    pub(crate) fn challenges(&mut self, daemon: usize, asked: Asked) {
        self.challenged.push((daemon, asked));
    }

    /// A program was given the response of a client.
    pub(crate) fn responded(&mut self, daemon: usize, asked: &Asked) {
        let challenge = |(of, challenged): &(usize, Asked)| *of == daemon && challenged == asked;
        match self.challenged.iter().position(challenge) {
            Some(position) => drop(self.challenged.swap_remove(position)),
            None => self.breaks("request", format!("daemon {daemon}: nothing waits for {asked:?}")),
        }
    }

    /// The daemon has heard a command with these marks, and taken or refused it.
    pub(crate) fn heard(&mut self, marks: &[usize], taken: Option<bool>) {
        self.counts.commands += 1;
        for id in marks {
            let Some(mark) = self.marks.get_mut(*id) else { continue };
            mark.taken = taken;
            let asked_at = mark.place.zip(mark.head);
            // That it was written in time was looked at where it was written.
            let is_late = asked_at.is_some_and(|(place, head)| {
                let conversation = self.conversation(place);
                conversation.is_some_and(|one| one.ended_by(head, u64::MAX).is_some())
            });
            self.counts.window += u64::from(is_late);
        }
    }

    /// A client is in, by a command with these marks.
    pub(crate) fn admitted(&mut self, daemon: usize, name: &str, marks: &[usize]) {
        self.counts.admissions += 1;
        let marks: Vec<_> = marks.iter().filter_map(|id| self.marks.get(*id)).collect();
        let is_for =
            |mark: &&Mark| matches!(&mark.asked, Asked::Client { name: n, .. } if n == name);
        let admits = |mark: &&Mark| mark.admits;
        if marks.iter().any(|mark| is_for(mark) && admits(mark)) {
            return;
        }
        // That it was written in time is looked at where it was written.
        if !marks.iter().any(admits) {
            let text = format!("daemon {daemon} has let in {name}, whom nobody has let in");
            self.breaks("admitted", text);
        }
    }

    /// The number that tells what the daemon heard now.
    pub(crate) fn serial(&mut self, daemon: usize) -> usize {
        self.serials.push((daemon, Instant::now()));
        self.serials.len()
    }

    /// A caller was given this number by a call that began then.
    pub(crate) fn given_serial(
        &mut self,
        daemon: usize,
        serial: usize,
        began: Instant,
        what: &str,
    ) {
        if self.twins.contains(&daemon) {
            return;
        }
        let heard = serial.checked_sub(1).and_then(|at| self.serials.get_mut(at));
        match heard {
            Some((of, heard)) if *of == daemon && *heard >= began => *of = usize::MAX,
            _ => {
                let text =
                    format!("{what} of daemon {daemon} has the reply {serial} of another call");
                self.breaks("reply", text);
            }
        }
    }

    /// The prompt or client that this program is asked by.
    pub(crate) fn prompt_given(&mut self, daemon: usize, slot: Slot) {
        self.counts.requests += 1;
        self.trace.add(|| format!("{daemon} asks for {slot:?}"));
        let newest = self.newest(daemon);
        if let Some(one) = self.conversation((daemon, newest)).filter(|_| slot == Slot::Hold) {
            one.odd.is_held = false;
        }
    }
}

impl Conversation {
    /// Sets the name of the client whose block goes on.
    fn name(&mut self, username: &str) {
        if let Some(Head { kind: Kind::Client { name, .. }, .. }) = self.heads.last_mut() {
            if name.is_empty() {
                username.clone_into(name);
            }
        }
    }

    /// What of the first so many bytes ended what was asked there.
    pub(crate) fn ended_by(&self, head: usize, bytes: u64) -> Option<&Kind> {
        let asked = &self.heads.get(head)?.kind;
        let later = self.heads.iter().skip(head + 1).take_while(|later| later.end <= bytes);
        later.map(|later| &later.kind).find(|kind| kind.ends(asked))
    }

    /// Whether what was asked there is over, or the connection is.
    pub(crate) fn is_over(&self, head: usize) -> bool {
        self.is_closed || self.ended_by(head, self.read).is_some() || self.is_outrun(head)
    }

    /// Whether its client has asked so often since that the SDK has given it up.
    fn is_outrun(&self, head: usize) -> bool {
        let Some(Kind::Client { cid: asked, .. }) = self.heads.get(head).map(|head| &head.kind)
        else {
            return false;
        };
        let later = self.heads.iter().skip(head + 1).take_while(|later| later.end <= self.read);
        let renews = |later: &&Head| matches!(&later.kind, Kind::Client { cid, is_new: false, .. } if cid == asked);
        later.filter(renews).count() >= RENEWALS
    }

    /// Whether it ended inside a line.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_closed && self.delivered > 0 && self.ends.binary_search(&self.delivered).is_err()
    }

    /// How much was said.
    pub(crate) fn said(&self) -> u64 {
        self.said
    }

    /// Whether the daemon has closed it.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether a command is half written.
    pub(crate) fn is_writing(&self) -> bool {
        !self.writing.is_empty()
    }

    /// Whether everything that was said was read.
    pub(crate) fn is_read(&self) -> bool {
        self.read == self.said
    }
}

/// Whether a command ends there: one with a block goes on to its `END`.
fn is_whole(text: &[u8]) -> bool {
    let begins = |name: &[u8]| text.starts_with(name);
    let has_block =
        [&b"client-auth "[..], b"client-pf ", b"pk-sig\n", b"rsa-sig\n", b"certificate\n"];
    !has_block.iter().any(|name| begins(name)) || text.ends_with(b"\nEND\n")
}
