//! What a test has a daemon say or do that it would not by itself.

use super::Daemon;
use super::end::Signal;
use super::flow::Phase;
use super::prompt::Question;
use super::text::from_utf8;

impl Daemon {
    /// From now on, says these lines to commands that begin so, in place of an answer; none for silence.
    ///
    /// For what no daemon says, or for commands of daemons that are not OpenVPN's.
    pub fn answers(&mut self, command: &str, lines: &[&str]) {
        let lines = lines.iter().map(|line| from_utf8(line)).collect();
        self.scripted.retain(|(known, _)| known != command);
        self.scripted.push((command.to_owned(), lines));
    }

    /// Says a line to the manager: what no daemon says, or what another would.
    pub fn says(&mut self, line: &str) {
        self.say(from_utf8(line));
    }

    /// Says bytes to the manager, as they are.
    pub fn says_bytes(&mut self, bytes: &[u8]) {
        if self.link.is_some() {
            self.out.extend_from_slice(bytes);
        }
    }

    /// Asks for a confirmation, `>NEED-OK:`, and waits for it; not in a hold or at a prompt.
    ///
    /// Whatever is answered, it goes on: the answer is in [`take_commands`](Self::take_commands).
    pub fn asks_confirmation(&mut self, name: &str, text: &str) {
        if self.phase == Phase::Running {
            let (kind, text) = (from_utf8(name), from_utf8(text));
            let line = format!(">NEED-OK:Need '{kind}' confirmation MSG:{text}");
            self.ask(Question::Ok { kind }, line);
        }
    }

    /// Ends with `>FATAL:` and a text.
    pub fn dies(&mut self, text: &str) {
        self.fatal(&from_utf8(text));
    }

    /// Closes the connection to its manager, as no daemon does by itself.
    pub fn hangs_up(&mut self) {
        if self.link.take().is_some() {
            self.left();
            self.settle();
        }
    }

    /// The manager is one that the daemon has dialled, `management-client`: it ends with it.
    pub fn ends_with_its_manager(&mut self) {
        self.set_up.dials = true;
    }

    /// Restarts, as by SIGUSR1 of somebody else; not in a hold or at a prompt.
    pub fn restarts_by_itself(&mut self) {
        if self.phase == Phase::Running {
            self.thrown = Some(Signal::Usr1);
            self.settle();
        }
    }
}
