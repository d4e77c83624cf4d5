//! [`PendingCommand`]: who waits for a reply, and what lets a command out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use memchr::memmem;
use tokio::sync::{Notify, oneshot};
use tracing::debug;
use zeroize::Zeroizing;

use crate::client::dispatcher::Dispatcher;
use crate::client::exchange::{Failure, Outcome};
use crate::client::identity::{Peer, PeerIdentities, PeerWatch};
use crate::client::registry::Ticket;
use crate::command::{Effect, Encoded, parameters};
use crate::error::{CloseReason, Error, Result};
use crate::reply::RawReply;
use crate::types::{Kid, Text, masked, shown};

/// A command on its way from a caller to the driver.
pub(super) struct SubmittedCommand {
    pub(super) wire: Encoded,
    pub(super) reply: oneshot::Sender<Result<RawReply>>,
    pub(super) delivery: Arc<Delivery>,
    pub(super) pass: Pass,
    pub(super) wants: Wants,
}

/// What a command shows to be let out.
#[derive(Debug, Default)]
pub(super) enum Pass {
    /// Nothing: it answers no request.
    #[default]
    Free,
    /// The request it answers must be open.
    Answer(Ticket),
    /// The client it is about must still be the one that has its ID.
    Peer(Peer),
    /// A denial of the driver's own, good as long as the client is there and nobody else has decided about it.
    Denial(Peer, Kid),
}

/// What a caller wants to know beside the reply.
#[derive(Debug, Default)]
pub(super) enum Wants {
    /// Nothing.
    #[default]
    Nothing,
    /// Who has which client ID when the reply arrives.
    PeerIdentities(oneshot::Sender<PeerIdentities>),
    /// When a client is gone, from when the command is sent.
    End(Box<PeerWatch>),
}

/// Whether a command was sent. Settled once, between the caller that gives up and the driver that
/// sends, so that both know the same.
#[derive(Debug, Default)]
pub(super) struct Delivery(AtomicU8);

const QUEUED: u8 = 0;
const SENT: u8 = 1;
const WITHDRAWN: u8 = 2;

impl Delivery {
    /// The driver is about to send it; `false` where its caller gave up before.
    fn send(&self) -> bool {
        self.settle(SENT)
    }

    /// Its caller gives up; `false` where it was sent before.
    pub(super) fn withdraw(&self) -> bool {
        self.settle(WITHDRAWN)
    }

    fn is_withdrawn(&self) -> bool {
        self.0.load(Ordering::Acquire) == WITHDRAWN
    }

    fn is_queued(&self) -> bool {
        self.0.load(Ordering::Acquire) == QUEUED
    }

    fn settle(&self, state: u8) -> bool {
        self.0.compare_exchange(QUEUED, state, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// Withdraws a command whose caller stops waiting, where it was not sent yet.
pub(super) struct Withdraw {
    delivery: Arc<Delivery>,
    work: Arc<Notify>,
}

impl Withdraw {
    /// `work` tells the driver, which drops the command.
    pub(super) fn new(delivery: &Arc<Delivery>, work: &Arc<Notify>) -> Self {
        Self { delivery: Arc::clone(delivery), work: Arc::clone(work) }
    }
}

impl Drop for Withdraw {
    fn drop(&mut self) {
        self.delivery.withdraw();
        if self.delivery.is_withdrawn() {
            self.work.notify_one();
        }
    }
}

/// The driver's record of a command.
pub(super) struct PendingCommand {
    name: &'static str,
    effect: Effect,
    /// The number of an `env-filter`, once it is sent.
    env_filter: u64,
    pass: Pass,
    wants: Wants,
    waiting: Waiting,
    /// The command itself, where it may carry a secret that the reply repeats.
    secret: Option<Zeroizing<Vec<u8>>>,
}

/// Who waits for the reply.
enum Waiting {
    Caller {
        reply: oneshot::Sender<Result<RawReply>>,
        delivery: Arc<Delivery>,
    },
    /// The connection is not ready before this is answered.
    Connect(oneshot::Sender<Result<RawReply>>),
    /// Nobody: the driver sends it of its own, or it has been told.
    Nobody,
}

impl SubmittedCommand {
    pub(super) fn into_parts(self) -> (PendingCommand, Encoded) {
        let waiting = Waiting::Caller { reply: self.reply, delivery: self.delivery };
        let pending = PendingCommand::new(&self.wire, self.pass, self.wants, waiting);
        (pending, self.wire)
    }
}

impl PendingCommand {
    fn new(wire: &Encoded, pass: Pass, wants: Wants, waiting: Waiting) -> Self {
        let is_secret = wire.kind.is_raw() || SECRET.contains(&wire.name);
        let secret = is_secret.then(|| Zeroizing::new(wire.bytes.to_vec()));
        Self { name: wire.name, effect: wire.effect, env_filter: 0, pass, wants, waiting, secret }
    }

    /// For what the driver sends of its own before the connection is ready.
    pub(super) fn connect(wire: &Encoded, ready: oneshot::Sender<Result<RawReply>>) -> Self {
        Self::new(wire, Pass::Free, Wants::Nothing, Waiting::Connect(ready))
    }

    /// For a denial of the driver's own; it is no decision of a user's past a request.
    pub(super) fn denial(wire: &Encoded, peer: Peer, kid: Kid) -> Self {
        let pending = Self::new(wire, Pass::Denial(peer, kid), Wants::Nothing, Waiting::Nobody);
        Self { effect: Effect::None, ..pending }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether what was read last decides if the command may go out.
    pub(super) fn depends_on_events(&self) -> bool {
        !matches!(self.pass, Pass::Free)
    }

    /// Whether its caller gave up before it was sent.
    pub(super) fn is_withdrawn(&self) -> bool {
        matches!(&self.waiting, Waiting::Caller { delivery, .. } if delivery.is_withdrawn())
    }

    /// Whether it decides about a client, so that it may not pass a decision that waits.
    pub(super) fn decides(&self) -> bool {
        matches!(self.effect, Effect::Decides(..))
    }

    pub(super) fn releases_hold(&self) -> bool {
        matches!(self.effect, Effect::ReleasesHold)
    }

    /// Whether it was neither sent nor given up by its caller.
    fn is_queued(&self) -> bool {
        matches!(&self.waiting, Waiting::Caller { delivery, .. } if delivery.is_queued())
    }

    /// Whether the command may go out now; the last word before it does.
    pub(super) fn admit(&mut self, dispatcher: &mut Dispatcher) -> bool {
        let command = self.name;
        if matches!(&self.waiting, Waiting::Caller { delivery, .. } if !delivery.send()) {
            debug!(command, "withdrawn by its caller before it was sent");
            return false;
        }
        let open = match &self.pass {
            Pass::Free => true,
            Pass::Answer(ticket) => self.is_current(dispatcher) && ticket.admit(),
            Pass::Peer(_) | Pass::Denial(..) => self.is_current(dispatcher),
        };
        if !open {
            debug!(command, "what it is about is gone");
            self.tell(Err(Error::Stale { command }));
            return false;
        }
        match self.effect {
            Effect::None | Effect::TellsStates | Effect::HidesStates | Effect::ReleasesHold => {}
            // A lower one may be in force from now on, whether its reply is seen or not.
            Effect::Announces(version) => dispatcher.shared.announce_at_most(version),
            Effect::Decides(cid, kid) => dispatcher.registry.settled(cid, kid),
            Effect::AsksResponse(cid, kid) => dispatcher.registry.challenged(cid, kid),
            Effect::FiltersEnv { zero } => self.env_filter = dispatcher.env_filter.sending(zero),
        }
        match std::mem::take(&mut self.wants) {
            Wants::End(watch) => dispatcher.peers.watch(*watch),
            wants => self.wants = wants,
        }
        debug!(command, "sending");
        true
    }

    /// Whether what it is about is still there, as far as was read.
    pub(super) fn is_current(&self, dispatcher: &Dispatcher) -> bool {
        let peers = &dispatcher.peers;
        match &self.pass {
            Pass::Free => true,
            Pass::Answer(Ticket { state, peer, .. }) => {
                state.epoch() == peers.epoch()
                    && !state.is_replaced()
                    && peer.as_ref().is_none_or(|peer| peers.is_current(peer))
            }
            Pass::Peer(peer) => peers.is_current(peer),
            Pass::Denial(peer, kid) => {
                peers.is_current(peer) && dispatcher.registry.is_denying(peer.cid(), *kid)
            }
        }
    }

    pub(super) fn is_denial(&self) -> bool {
        matches!(self.pass, Pass::Denial(..))
    }

    /// Nothing of the command was written, and what it is about is gone.
    pub(super) fn take_back(mut self) {
        let command = self.name;
        debug!(command, "taken back before it was written");
        self.tell(Err(Error::Stale { command }));
    }

    pub(super) fn answer(mut self, outcome: Outcome, dispatcher: &mut Dispatcher) {
        let command = self.name;
        debug!(command, success = outcome.is_ok(), "answered");
        let success = outcome.as_ref().ok();
        let refused = matches!(outcome, Err(Failure::Refused(_)));
        match self.effect {
            // Without a reply, or with an odd one, the client may have been asked.
            Effect::AsksResponse(cid, kid) if refused => {
                dispatcher.registry.not_challenged(cid, kid);
            }
            Effect::FiltersEnv { zero } => {
                let text = success.map(|reply| reply.success.clone().unwrap_or_default());
                dispatcher.env_filter.answered(self.env_filter, zero, text.as_ref(), refused);
            }
            Effect::TellsStates if success.is_some() => dispatcher.shared.tell_states(),
            Effect::ReleasesHold if success.is_some() => dispatcher.shared.set_in_hold(false),
            // Also where its caller has hung up.
            Effect::Announces(version) if success.is_some() => dispatcher.shared.announce(version),
            _ => {}
        }
        if let Wants::PeerIdentities(peers) = std::mem::take(&mut self.wants) {
            let _ = peers.send(dispatcher.identities());
        }
        let secret = self.secret.take();
        let outcome = outcome.map_err(|failure| failure_error(command, failure, secret.as_deref()));
        // Whoever is told that it was answered finds nothing of it left.
        drop(secret);
        self.tell(outcome);
    }

    pub(super) fn fail(mut self, reason: CloseReason) {
        let command = self.name;
        // An answer that still waited is not told as one that may have been taken.
        let stale = matches!(self.pass, Pass::Answer(_)) && self.is_queued();
        self.tell(Err(if stale { Error::Stale { command } } else { Error::Closed(reason) }));
    }

    /// A caller that hung up misses nothing.
    fn tell(&mut self, result: Result<RawReply>) {
        match std::mem::replace(&mut self.waiting, Waiting::Nobody) {
            Waiting::Caller { reply, .. } | Waiting::Connect(reply) => {
                let _ = reply.send(result);
            }
            Waiting::Nobody => {}
        }
    }
}

fn failure_error(command: &'static str, failure: Failure, secret: Option<&Vec<u8>>) -> Error {
    let safe = |text: Text| match secret {
        Some(secret) if repeats(text.as_bytes(), secret) => Text::from("[redacted]"),
        _ => masked(&text),
    };
    match failure {
        Failure::Refused(text) => Error::Refused { command, text: safe(text) },
        Failure::Unexpected { expected, line } => {
            Error::UnexpectedReply { command, expected, line: shown(&safe(Text::from(line))) }
        }
        Failure::BrokenOff { lines } => Error::BrokenOff { command, lines },
        Failure::Unanswered => Error::NoReply { command },
    }
}

/// The commands that carry a secret.
const SECRET: [&str; 4] = ["cr-response", "needstr", "password", "username"];

/// Whether a reply holds what a command carries behind its name and, for all but `cr-response`, what it is for.
fn repeats(text: &[u8], command: &[u8]) -> bool {
    let mut lines = command.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let parameters = lines.next().and_then(|line| parameters(line).ok()).unwrap_or_default();
    let Some(name) =
        parameters.first().filter(|name| SECRET.iter().any(|s| s.as_bytes() == name.as_slice()))
    else {
        return false;
    };
    let told = if name.as_slice() == b"cr-response" { 1 } else { 2 };
    // A letter or two stand in any text.
    let holds = |part: &[u8]| part.len() > 2 && memmem::find(text, part).is_some();
    parameters.iter().skip(told).any(|parameter| holds(parameter))
        || lines.any(|line| line != b"END" && holds(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_carries_is_known_again() {
        let password = b"password \"Auth\" \"hun\\\"ter2\"\n";
        assert!(repeats(b"value 'hun\"ter2' not accepted", password));
        assert!(!repeats(b"no password is currently needed, of type Auth", password));
        assert!(repeats(b"unknown: hunter2", b"password Auth hunter2\n"));
        assert!(!repeats(b"entered, but not yet verified", b"needstr x y\n"));
        assert!(repeats(b"unknown: MTIz", b"cr-response MTIz\n"));
        assert!(repeats(
            b"unknown command [aHVudGVyMg==]",
            b"password \"Auth\"\naHVudGVyMg==\nEND\n"
        ));
        assert!(!repeats(b"unknown command [END]", b"password \"Auth\"\naHVudGVyMg==\nEND\n"));
        assert!(!repeats(b"signal 'x' is ignored", b"signal x\n"));
    }
}
