//! `bytecount` and `load-stats`.

use std::time::Duration;

use crate::daemon::clock::Due;
use crate::daemon::{Daemon, Mode};

impl Daemon {
    pub(super) fn byte_count(&mut self, seconds: i64) {
        self.clock.cancel(Due::ByteCount);
        self.settings.byte_count = u64::try_from(seconds).unwrap_or(0);
        self.await_byte_count();
        self.say("SUCCESS: bytecount interval changed");
    }

    fn await_byte_count(&mut self) {
        if self.settings.byte_count > 0 {
            let wait = Duration::from_secs(self.settings.byte_count);
            self.clock.after(wait, Due::ByteCount);
        }
    }

    /// Tells the bytes of the tunnel, or of each client, and waits for the next time.
    pub(in crate::daemon) fn tell_byte_count(&mut self) {
        if self.is(Mode::Server) {
            for (cid, bytes_in, bytes_out) in self.clients.byte_counts() {
                self.say(format!(">BYTECOUNT_CLI:{cid},{bytes_in},{bytes_out}"));
            }
        } else if self.is_open && !self.is_standalone() {
            let (bytes_in, bytes_out) = (self.tunnel.bytes_in, self.tunnel.bytes_out);
            self.say(format!(">BYTECOUNT:{bytes_in},{bytes_out}"));
        }
        self.await_byte_count();
    }

    pub(super) fn load_stats(&mut self) {
        let (bytes_in, bytes_out) = match self.set_up.mode {
            Mode::Server => self.clients.traffic(),
            _ => (self.tunnel.bytes_in, self.tunnel.bytes_out),
        };
        let clients = self.clients.count();
        self.say(format!("SUCCESS: nclients={clients},bytesin={bytes_in},bytesout={bytes_out}"));
    }
}
