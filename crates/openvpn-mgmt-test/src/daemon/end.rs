//! Signals, restarts, and the end.

use super::clock::Due;
use super::flow::Phase;
use super::prompt::Question;
use super::{Daemon, Mode};
use crate::personality::Personality;

/// A signal to a daemon, from its manager or by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Hup,
    Usr1,
    Usr2,
    Term,
    Int,
    /// SIGUSR1 because the manager has left.
    ManagementDisconnect,
    /// SIGTERM because the manager that it had dialled has left.
    ManagementExit,
}

impl Signal {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "SIGHUP" => Some(Self::Hup),
            "SIGUSR1" => Some(Self::Usr1),
            "SIGUSR2" => Some(Self::Usr2),
            "SIGTERM" => Some(Self::Term),
            "SIGINT" => Some(Self::Int),
            _ => None,
        }
    }

    /// Its name, or the reason it stands for.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hup => "SIGHUP",
            Self::Usr1 => "SIGUSR1",
            Self::Usr2 => "SIGUSR2",
            Self::Term => "SIGTERM",
            Self::Int => "SIGINT",
            Self::ManagementDisconnect => "management-disconnect",
            Self::ManagementExit => "management-exit",
        }
    }

    /// Whether it has the daemon start again.
    pub(super) fn restarts(self) -> bool {
        matches!(self, Self::Hup | Self::Usr1 | Self::ManagementDisconnect)
    }
}

/// What a client dies of that got no certificate.
pub(super) const NO_CERTIFICATE: &str = "Cannot load inline certificate file";

impl Daemon {
    /// Does what a signal asks for, by what the daemon is doing.
    pub(super) fn obey(&mut self, signal: Signal) {
        match (self.phase, self.question().cloned()) {
            (Phase::Ended, _) => {}
            // A hold has not begun anything that could be left.
            (Phase::Hold, _) => self.end(),
            (Phase::Asking, Some(Question::Secret { kind, .. } | Question::Str { kind })) => {
                self.fatal(&format!(
                    "ERROR: could not read {kind} username/password/ok/string from management interface"
                ));
            }
            (Phase::Asking, Some(Question::Ok { kind })) => self.fatal(&format!(
                "ERROR: could not read {kind} username/password/ok/string from management interface"
            )),
            (Phase::Asking, Some(Question::Certificate)) => self.fatal(NO_CERTIFICATE),
            (Phase::Asking, Some(Question::Signature { .. })) => self.leave_handshake(signal),
            (Phase::Asking | Phase::Pausing, _) => self.leave_early(signal),
            (Phase::Running, _) if signal == Signal::Usr2 => self.log_status(),
            (Phase::Running, _) => self.leave(signal, signal.name()),
        }
    }

    /// Restarts or ends without the signature that was wanted: the handshake has failed as well, and
    /// releases differ in which of both counts.
    fn leave_handshake(&mut self, signal: Signal) {
        let ends = matches!(signal, Signal::Term | Signal::Int);
        let counts = match self.personality {
            Personality::V2_5 => false,
            Personality::V2_6 => ends || signal == Signal::Hup,
            Personality::V2_7 => signal != Signal::Usr2,
        };
        match (counts, ends) {
            (true, _) => self.leave(signal, signal.name()),
            (false, true) => self.leave(signal, "tls-error"),
            (false, false) => self.leave(Signal::Usr1, "tls-error"),
        }
    }

    /// Restarts or ends on the way to a tunnel.
    fn leave_early(&mut self, signal: Signal) {
        match signal {
            Signal::Usr2 => self.end(),
            // What was begun cannot be kept.
            Signal::Usr1 => self.restart("close_context usr1 to hup", None),
            _ => self.leave(signal, "init_instance"),
        }
    }

    /// Restarts or ends, for this reason.
    fn leave(&mut self, signal: Signal, reason: &str) {
        if signal.restarts() {
            let seconds = (signal != Signal::Hup).then(|| self.retry_wait());
            self.restart(reason, seconds);
        } else {
            self.close_tunnel();
            self.plain_state("EXITING", reason);
            self.end();
        }
    }

    /// Starts again: as after a new start of the process without `wait`, with what it knows after
    /// that many seconds.
    pub(super) fn restart(&mut self, reason: &str, wait: Option<u64>) {
        self.close_tunnel();
        self.plain_state("RECONNECTING", reason);
        self.prompt = None;
        self.is_open = false;
        self.settings.released = false;
        self.clock.cancel_all_but(Due::ByteCount);
        match wait {
            None => self.begin(),
            Some(seconds) => self.begin_again(seconds),
        }
    }

    /// Seconds until a daemon begins again.
    fn retry_wait(&self) -> u64 {
        // Those of the lab, whose clients are told to wait one second.
        if self.is(Mode::Client) { 1 } else { self.personality.retry_wait() }
    }

    /// Takes the tunnel down, and lets go of a server's clients.
    fn close_tunnel(&mut self) {
        match self.set_up.mode {
            Mode::Server => self.drop_clients(),
            Mode::Client => self.take_down(),
            Mode::PointToPoint => {}
        }
    }

    /// Ends with the last words that a manager hears.
    pub(super) fn fatal(&mut self, text: &str) {
        self.say(format!(">FATAL:{text}"));
        self.end();
    }

    /// Ends, and closes the connection.
    pub(super) fn end(&mut self) {
        self.phase = Phase::Ended;
        self.prompt = None;
        self.plan.clear();
        self.link = None;
        self.clock.cancel_all_but(Due::Restart);
        self.clock.cancel(Due::Restart);
    }
}
