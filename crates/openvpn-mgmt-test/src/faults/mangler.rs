//! Makes faulty writes of what a daemon says.

use std::time::Duration;

use super::Faults;

/// One write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) bytes: Vec<u8>,
    /// How long it waits.
    pub(crate) wait: Duration,
    pub(crate) then: Then,
}

/// What happens behind a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    GoOn,
    /// The connection breaks.
    Cut,
    /// Nothing more is said.
    Stall,
    /// The daemon restarts.
    Restart,
}

/// The faults of one connection, and how far it has come.
#[derive(Debug)]
pub(crate) struct Mangler {
    faults: Faults,
    random: fastrand::Rng,
    bytes: u64,
    lines: u64,
    blocks: u32,
    /// Lines of the ENV block that goes on.
    in_block: u32,
}

impl Mangler {
    pub(crate) fn new(faults: Faults) -> Self {
        let random = fastrand::Rng::with_seed(faults.seed);
        Self { faults, random, bytes: 0, lines: 0, blocks: 0, in_block: 0 }
    }

    /// Whether the daemon reads.
    pub(crate) fn reads(&self) -> bool {
        !self.faults.deaf
    }

    /// How long to wait for more to say at once.
    pub(crate) fn window(&self) -> Duration {
        self.faults.merge
    }

    /// What is written for these bytes.
    pub(crate) fn pieces(&mut self, bytes: Vec<u8>) -> Vec<Piece> {
        if self.faults == Faults::seeded(self.faults.seed) {
            return vec![Piece { bytes, wait: Duration::ZERO, then: Then::GoOn }];
        }
        let mut pieces = Vec::new();
        let mut out = Vec::new();
        let mut then = Then::GoOn;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            out.extend_from_slice(line);
            then = self.behind(line);
            if then != Then::GoOn {
                break;
            }
            if line.ends_with(b"\n") {
                self.between(&mut out);
            }
        }
        then = self.ending(&mut out, then);
        self.split(out, &mut pieces);
        if let Some(last) = pieces.last_mut() {
            last.then = then;
        }
        pieces
    }

    /// What happens behind a line.
    fn behind(&mut self, line: &[u8]) -> Then {
        if line.ends_with(b"\n") {
            self.lines += 1;
        }
        if self.faults.restart_at == Some(self.lines) {
            // Once, not again with every unfinished line.
            self.faults.restart_at = None;
            return Then::Restart;
        }
        if line.windows(5).any(|part| part == b":ENV,") {
            self.blocks += u32::from(self.in_block == 0);
            self.in_block += 1;
            if line.ends_with(b":ENV,END\r\n") {
                self.in_block = 0;
            }
            if self.in_block == 3 && self.faults.half_block == Some(self.blocks) {
                return Then::Cut;
            }
        }
        Then::GoOn
    }

    /// What stands between two lines.
    fn between(&mut self, out: &mut Vec<u8>) {
        if self.faults.garbage.is_some_and(|once_in| self.random.u32(0..once_in) == 0) {
            out.push(b'>');
            let count = self.random.usize(0..200);
            out.extend((0..count).map(|_| self.random.u8(..)).filter(|byte| *byte != b'\n'));
            out.extend_from_slice(b"\r\n");
        }
        if let Some((once_in, lines)) = self.faults.flood {
            if self.random.u32(0..once_in) == 0 {
                for number in 0..lines {
                    let text = format!(">LOG:1795332237,,flood {number}\r\n");
                    out.extend_from_slice(text.as_bytes());
                }
            }
        }
    }

    /// Cuts or stalls at a byte.
    fn ending(&mut self, out: &mut Vec<u8>, then: Then) -> Then {
        let (before, after) = (self.bytes, self.bytes + out.len() as u64);
        self.bytes = after;
        let ends = [(self.faults.cut_at, Then::Cut), (self.faults.stall_at, Then::Stall)];
        let due = ends.into_iter().filter_map(|(at, then)| Some((at?, then)));
        let Some((at, end)) = due.filter(|(at, _)| *at <= after).min_by_key(|(at, _)| *at) else {
            return then;
        };
        out.truncate(usize::try_from(at.saturating_sub(before)).unwrap_or(usize::MAX));
        end
    }

    fn split(&mut self, mut out: Vec<u8>, pieces: &mut Vec<Piece>) {
        while self.faults.split && out.len() > 1 {
            let rest = out.split_off(self.random.usize(1..out.len().min(200)).max(1));
            pieces.push(Piece { bytes: out, wait: self.wait(), then: Then::GoOn });
            out = rest;
        }
        pieces.push(Piece { bytes: out, wait: self.wait(), then: Then::GoOn });
    }

    fn wait(&mut self) -> Duration {
        let most = u64::try_from(self.faults.delay.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.random.u64(0..=most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &[u8] = b"a\r\nb\r\nc\r\n";

    fn run(faults: Faults, bytes: &[u8]) -> (Vec<u8>, Then, usize) {
        let pieces = Mangler::new(faults).pieces(bytes.to_vec());
        let then = pieces.last().map_or(Then::GoOn, |piece| piece.then);
        (pieces.iter().flat_map(|piece| piece.bytes.clone()).collect(), then, pieces.len())
    }

    #[test]
    fn without_faults_everything_is_written_at_once() {
        assert_eq!(run(Faults::seeded(3), LINES), (LINES.to_vec(), Then::GoOn, 1));
    }

    #[test]
    fn splits_lose_nothing_and_are_the_same_again() {
        let bytes = LINES.repeat(100);
        let faults = Faults::seeded(3).split().delay(Duration::from_secs(1));
        let (all, then, count) = run(faults.clone(), &bytes);
        assert_eq!((all, then), (bytes.clone(), Then::GoOn));
        assert!(count > 3);
        let again = |seed| {
            let faults = Faults { seed, ..faults.clone() };
            Mangler::new(faults).pieces(bytes.clone())
        };
        assert_eq!(again(3), again(3));
        assert_ne!(again(3), again(4));
    }

    #[test]
    fn cuts_and_stalls_at_their_byte() {
        assert_eq!(run(Faults::default().cut_at(4), LINES), (b"a\r\nb".to_vec(), Then::Cut, 1));
        assert_eq!(run(Faults::default().stall_at(0), LINES), (b"".to_vec(), Then::Stall, 1));
        let mut mangler = Mangler::new(Faults::default().cut_at(10));
        assert_eq!(mangler.pieces(LINES.to_vec())[0].then, Then::GoOn);
        let pieces = mangler.pieces(LINES.to_vec());
        assert_eq!((pieces[0].bytes.as_slice(), pieces[0].then), (&b"a"[..], Then::Cut));
    }

    #[test]
    fn restarts_between_two_lines() {
        let (bytes, then, _) = run(Faults::default().restart_at(2), LINES);
        assert_eq!((bytes.as_slice(), then), (&b"a\r\nb\r\n"[..], Then::Restart));
    }

    #[test]
    fn breaks_in_the_middle_of_a_block() {
        let block = b">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,a=1\r\n>CLIENT:ENV,END\r\n";
        let long = b">CLIENT:ENV,a\r\n>CLIENT:ENV,b\r\n>CLIENT:ENV,c\r\n>CLIENT:ENV,END\r\n";
        let (bytes, then, _) = run(Faults::default().half_block(2), &[&block[..], long].concat());
        assert!(bytes.ends_with(b">CLIENT:ENV,c\r\n"));
        assert_eq!(then, Then::Cut);
    }

    #[test]
    fn garbage_and_floods_are_events() {
        let (bytes, ..) = run(Faults::seeded(1).garbage(1).flood(1, 2), LINES);
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines.iter().filter(|line| line.starts_with(b">LOG:")).count(), 6);
        assert_eq!(lines.iter().filter(|line| line.starts_with(b">")).count(), 9);
    }
}
