//! Commands whose lines went on to `END`.

use base64ct::{Base64, Encoding as _};

use super::remotes::{cid, kid};
use crate::daemon::Daemon;
use crate::daemon::text::from_bytes;

/// The longest user name or password of a daemon with PKCS#11, in bytes.
const SECRET: usize = 4095;

impl Daemon {
    pub(super) fn block(&mut self, name: &str, rest: &[&str], lines: &[String]) {
        match (name, rest) {
            ("client-auth", [c, k, ..]) => {
                if let (Ok(cid), Ok(kid)) = (cid(c), kid(k)) {
                    self.admit(cid, kid, lines);
                }
            }
            ("client-pf", [c, ..]) => {
                if let Ok(cid) = cid(c) {
                    self.filter_packets(cid, lines);
                }
            }
            ("password", [kind, ..]) => self.decode_password(kind, lines),
            // What becomes of them is said when the daemon goes on.
            _ => self.answered_with(lines.concat()),
        }
    }

    fn decode_password(&mut self, kind: &str, lines: &[String]) {
        let encoded = lines.concat();
        if encoded.len() / 4 * 3 > SECRET {
            return self.say("ERROR: password too long");
        }
        match Base64::decode_vec(&encoded) {
            Ok(password) => self.long_password(kind, &from_bytes(&password)),
            Err(_) => self.say("ERROR: could not base64-decode password"),
        }
    }
}
