//! What a daemon goes through from a start or restart on.

use std::time::Duration;

use super::clock::Due;
use super::prompt::Question;
use super::{Daemon, Mode};

/// What a daemon is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its event loop.
    Running,
    /// Waits for the release of a hold.
    Hold,
    /// Waits for an answer.
    Asking,
    /// Waits a moment before a restart goes on.
    Pausing,
    /// It is no more.
    Ended,
}

/// A step on the way to a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// A hold of so many seconds, if holds are on.
    Hold(u64),
    /// The wait before a restart, if holds are off.
    Pause(u64),
    /// User name and password, if the manager has them.
    Credentials,
    /// The tunnel is being set up.
    Open,
    Remote,
    Proxy,
    Token,
    Certificate,
    KeyPassword,
    /// The first packets to the server.
    Dial,
    Signature,
    /// User name and password, if they were forgotten.
    Login,
    /// The server decides.
    Admission,
    /// The tunnel of a server, or of one of two.
    Serve,
}

const TUNNEL: [Stage; 10] = [
    Stage::Open,
    Stage::Remote,
    Stage::Proxy,
    Stage::Token,
    Stage::Certificate,
    Stage::KeyPassword,
    Stage::Dial,
    Stage::Signature,
    Stage::Login,
    Stage::Admission,
];

impl Daemon {
    /// Starts the process.
    pub(super) fn start(&mut self) {
        let title = self.personality.title();
        self.log("I", title);
        self.log("", "MANAGEMENT: unix domain socket listening on management.sock");
        self.plain_state("CONNECTING", "");
        self.begin();
    }

    /// Reads the configuration, and begins.
    pub(super) fn begin(&mut self) {
        for text in self.set_up.echo.clone() {
            self.echo(&text);
        }
        self.plan.clear();
        self.plan.extend([Stage::Hold(0), Stage::Credentials]);
        self.plan_tunnel();
        self.proceed();
    }

    /// Sets the tunnel up again, after a wait.
    pub(super) fn begin_again(&mut self, wait: u64) {
        self.plan.clear();
        self.plan.extend([Stage::Hold(wait), Stage::Pause(wait)]);
        self.plan_tunnel();
        self.proceed();
    }

    fn plan_tunnel(&mut self) {
        match self.set_up.mode {
            Mode::Client => self.plan.extend(TUNNEL),
            Mode::Server | Mode::PointToPoint => self.plan.extend([Stage::Open, Stage::Serve]),
        }
    }

    /// Goes on until it has to wait.
    pub(super) fn proceed(&mut self) {
        self.phase = Phase::Running;
        while self.phase == Phase::Running {
            let Some(stage) = self.plan.pop_front() else { break };
            self.enter(stage);
        }
    }

    /// Goes on after the wait of a restart.
    pub(super) fn resume(&mut self) {
        if self.phase == Phase::Pausing {
            self.proceed();
        }
    }

    /// Does what follows from the commands that were read.
    pub(super) fn settle(&mut self) {
        loop {
            self.say_prompt();
            self.act_on_decisions();
            if let Some(signal) = self.thrown.take() {
                self.obey(signal);
            } else if self.phase == Phase::Hold && self.settings.released {
                self.prompt = None;
                self.proceed();
            } else if self.phase == Phase::Asking
                && self.prompt.as_ref().is_some_and(|prompt| prompt.answer.is_done)
            {
                self.take_answer();
            } else {
                break;
            }
        }
    }

    fn enter(&mut self, stage: Stage) {
        match stage {
            Stage::Hold(seconds) => self.hold(seconds),
            Stage::Pause(seconds) => self.pause(seconds),
            Stage::Credentials | Stage::Login => self.ask_for_credentials(),
            Stage::Open => self.is_open = true,
            Stage::Remote => self.ask_for_remote(),
            Stage::Proxy => self.ask_for_proxy(),
            Stage::Token => self.ask_for_token(),
            Stage::Certificate => self.ask_for_certificate(),
            Stage::KeyPassword => self.ask_for_key_password(),
            Stage::Dial => self.dial(),
            Stage::Signature => self.ask_for_signature(),
            Stage::Admission => self.await_admission(),
            Stage::Serve => self.serve(),
        }
    }

    fn hold(&mut self, seconds: u64) {
        if self.settings.hold && !self.settings.released {
            self.ask(Question::Hold, format!(">HOLD:Waiting for hold release:{seconds}"));
            // Who was held does not wait as well.
            self.plan.retain(|stage| !matches!(stage, Stage::Pause(_)));
        }
    }

    fn pause(&mut self, seconds: u64) {
        self.phase = Phase::Pausing;
        self.clock.after(Duration::from_secs(seconds), Due::Restart);
    }
}
