//! Commands whose lines go on to `END`.

use base64ct::{Base64, Encoding as _};

use crate::daemon::Daemon;
use crate::daemon::link::Block;
use crate::daemon::text::from_bytes;

/// The longest user name or password of a daemon with PKCS#11, in bytes.
const SECRET: usize = 4095;

impl Daemon {
    /// Collects the lines that follow.
    pub(super) fn begin_lines(&mut self, block: Block) {
        if let Some(link) = &mut self.link {
            link.block = Some((block, Vec::new()));
        }
    }

    pub(super) fn block_line(&mut self, line: &str) {
        let Some(manager) = &mut self.link else { return };
        if line != "END" {
            if let Some((_, lines)) = &mut manager.block {
                lines.push(line.to_owned());
            }
        } else if let Some((block, lines)) = manager.block.take() {
            self.end_block(&block, &lines);
        }
    }

    fn end_block(&mut self, block: &Block, lines: &[String]) {
        match block {
            Block::ClientAuth { cid, kid } => self.admit(*cid, *kid, lines),
            Block::ClientPf { cid } => self.filter_packets(*cid, lines),
            // What becomes of them is said when the daemon goes on.
            Block::Signature | Block::Certificate => {
                if let Some(prompt) = &mut self.prompt {
                    prompt.answer.password = Some(lines.concat());
                }
                self.answered();
            }
            Block::Password(kind) => self.decode_password(kind, lines),
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
