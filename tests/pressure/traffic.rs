//! A daemon whose clients come and go between lines of its log, in pieces of all lengths, by a seed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::task::yield_now;

use openvpn_mgmt_test::scripted::Daemon;

/// What it says of its clients, and what it has heard of them.
pub(crate) struct Traffic {
    rng: StdRng,
    pieces: VecDeque<Vec<u8>>,
    said: Said,
    heard: Heard,
}

/// What is said in all.
#[derive(Clone, Default)]
pub(crate) struct Said {
    pub(crate) events: u64,
    pub(crate) clients: u64,
    /// The clients that leave at once, of which a decision may come too late.
    pub(crate) leaving: BTreeSet<u64>,
}

#[derive(Default)]
pub(crate) struct Heard {
    /// How often each client was decided about.
    pub(crate) decisions: BTreeMap<u64, u32>,
    /// What is to be said of it as soon as no line is begun.
    replies: String,
}

impl Traffic {
    /// Of so many clients.
    pub(crate) fn new(seed: u64, clients: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut said = Said { clients, ..Said::default() };
        let mut script = String::new();
        for cid in 0..clients {
            said.logs(&mut script, &mut rng);
            said.client(&mut script, cid, rng.random_bool(0.2));
        }
        let pieces = cut(script.as_bytes(), &mut rng);
        Self { rng, pieces, said, heard: Heard::default() }
    }

    pub(crate) fn said(&self) -> Said {
        self.said.clone()
    }

    /// Says all of it, answers what it hears, and ends when those that stay are decided about.
    pub(crate) async fn runs(mut self, mut daemon: Daemon) -> Heard {
        while let Some(piece) = self.pieces.pop_front() {
            daemon.says(&piece).await;
            let patience = self.rng.random_range(0..4);
            self.heard.hear(&mut daemon, patience).await;
            if piece.ends_with(b"\n") {
                daemon.says(std::mem::take(&mut self.heard.replies)).await;
            }
        }
        while !self.is_done() {
            let line = daemon.line().await;
            self.heard.answer(&line);
            daemon.says(std::mem::take(&mut self.heard.replies)).await;
        }
        self.heard
    }

    fn is_done(&self) -> bool {
        let mut staying = (0..self.said.clients).filter(|cid| !self.said.leaving.contains(cid));
        staying.all(|cid| self.heard.decisions.contains_key(&cid))
    }
}

impl Said {
    /// Few lines of the log, or more than are caught up with at once.
    fn logs(&mut self, script: &mut String, rng: &mut StdRng) {
        let count = [0, 1, 5, 200][rng.random_range(0..4)];
        for _ in 0..count {
            self.log(script);
        }
    }

    /// A line of the log, which has the number of its event.
    fn log(&mut self, script: &mut String) {
        write!(script, ">LOG:1,I,{}\r\n", self.events).unwrap();
        self.events += 1;
    }

    fn client(&mut self, script: &mut String, cid: u64, leaves: bool) {
        write!(script, ">CLIENT:CONNECT,{cid},0\r\n>CLIENT:ENV,username=u{cid}\r\n").unwrap();
        self.log(script);
        script.push_str(">CLIENT:ENV,password=p\r\n>CLIENT:ENV,END\r\n");
        self.events += 1;
        if leaves {
            write!(script, ">CLIENT:DISCONNECT,{cid}\r\n>CLIENT:ENV,END\r\n").unwrap();
            self.events += 1;
            self.leaving.insert(cid);
        }
    }
}

/// Pieces that end within a line mostly, and may be all there is.
fn cut(mut bytes: &[u8], rng: &mut StdRng) -> VecDeque<Vec<u8>> {
    let mut pieces = VecDeque::new();
    while !bytes.is_empty() {
        let most = [1, 64, 4096, 32_768][rng.random_range(0..4)];
        let (piece, rest) = bytes.split_at(rng.random_range(1..=most).min(bytes.len()));
        pieces.push_back(piece.to_vec());
        bytes = rest;
    }
    pieces
}

impl Heard {
    /// Takes what is said within so many turns.
    async fn hear(&mut self, daemon: &mut Daemon, patience: u32) {
        for _ in 0..patience {
            tokio::select! {
                biased;
                line = daemon.line() => self.answer(&line),
                () = yield_now() => {}
            }
        }
    }

    fn answer(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["pid"] => self.replies.push_str("SUCCESS: pid=7\r\n"),
            [command @ ("client-auth-nt" | "client-deny"), cid, ..] => {
                *self.decisions.entry(cid.parse().unwrap()).or_default() += 1;
                let command = command.trim_end_matches("-nt");
                write!(self.replies, "SUCCESS: {command} command succeeded\r\n").unwrap();
            }
            _ => panic!("{line:?}"),
        }
    }
}
