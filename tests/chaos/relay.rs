//! A relay between a manager and a daemon, which holds, delays, splits and cuts what passes.

use lab::within;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What one connection goes through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    /// Passes on pieces of at most so many bytes each, with a delay before some; 0 for what comes as it comes.
    pub(crate) piece: usize,
    /// After so many bytes of the daemon's the connection is cut.
    pub(crate) cut_down: Option<usize>,
    /// After so many bytes of the manager's the connection is cut.
    pub(crate) cut_up: Option<usize>,
    /// Passes on what the daemon says up to the end of this text, and then only what it is let to.
    pub(crate) hold_at: Option<Vec<u8>>,
    pub(crate) seed: u64,
}

/// What becomes of what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    Holds,
    Dropped,
}

/// A listener beside a daemon's socket. Its connections end when it is dropped.
pub(crate) struct Relay {
    path: PathBuf,
    gate: watch::Sender<Gate>,
    figures: Arc<Mutex<Figures>>,
    serving: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) connections: u64,
    pub(crate) cuts: u64,
    pub(crate) bytes: u64,
}

impl Relay {
    /// Passes what comes at a path of its own on to the daemon; what each connection goes through is chosen when it comes.
    pub(crate) fn new(
        daemon: &Path,
        course: impl FnMut(u64) -> Course + Send + 'static,
    ) -> Result<Self> {
        let path = daemon.with_extension("relay");
        let listener = UnixListener::bind(&path)?;
        let (gate, figures) = (watch::channel(Gate::Open).0, Arc::default());
        let one = One { gate: gate.clone(), figures: Arc::clone(&figures) };
        let serving = tokio::spawn(serve(listener, daemon.to_owned(), course, one));
        Ok(Self { path, gate, figures, serving })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn figures(&self) -> Figures {
        *self.figures.lock().unwrap()
    }

    /// Waits until it holds a connection at the text it was to hold it at.
    pub(crate) async fn holds(&self) -> Result<()> {
        let mut gate = self.gate.subscribe();
        within("text to hold at", gate.wait_for(|gate| *gate == Gate::Holds)).await??;
        Ok(())
    }

    /// Passes on what it holds, and all that comes.
    pub(crate) fn let_go(&self) {
        self.gate.send_replace(Gate::Open);
    }

    /// Ends the connection it holds, with what was not passed on.
    pub(crate) fn drop_held(&self) {
        self.gate.send_replace(Gate::Dropped);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    listener: UnixListener,
    daemon: PathBuf,
    mut course: impl FnMut(u64) -> Course,
    one: One,
) {
    // A management interface serves one manager at a time, and so does this.
    while let Ok((manager, _)) = listener.accept().await {
        let number = {
            let mut figures = one.figures.lock().unwrap();
            figures.connections += 1;
            figures.connections
        };
        let course = course(number);
        if let Ok(daemon) = UnixStream::connect(&daemon).await {
            one.relay(manager, daemon, &course).await;
        }
    }
}

struct One {
    gate: watch::Sender<Gate>,
    figures: Arc<Mutex<Figures>>,
}

impl One {
    /// Until either side ends, or the connection is cut.
    async fn relay(&self, manager: UnixStream, daemon: UnixStream, course: &Course) {
        let (from_manager, to_manager) = manager.into_split();
        let (from_daemon, to_daemon) = daemon.into_split();
        let down = Way::new(to_manager, course, course.cut_down, course.hold_at.as_deref());
        let up = Way::new(to_daemon, course, course.cut_up, None);
        let is_cut = tokio::select! {
            cut = self.pass(from_daemon, down) => cut,
            cut = self.pass(from_manager, up) => cut,
        };
        self.figures.lock().unwrap().cuts += u64::from(is_cut);
    }

    /// Until the end of one way; whether it was cut.
    async fn pass(&self, mut from: OwnedReadHalf, mut way: Way<'_>) -> bool {
        let mut buffer = [0; 4096];
        loop {
            let most = way.left.min(buffer.len());
            let Ok(read @ 1..) = from.read(&mut buffer[..most]).await else { return false };
            let said = &buffer[..read];
            self.figures.lock().unwrap().bytes += read as u64;
            let hold_at = way.hold_at(said);
            let (now, later) = said.split_at(hold_at.unwrap_or(read));
            if !way.write(now).await {
                return false;
            }
            if hold_at.is_some() && !(self.is_let_go().await && way.write(later).await) {
                return true;
            }
            way.left -= read;
            if way.left == 0 {
                return true;
            }
        }
    }

    /// Whether what is held is passed on in the end.
    async fn is_let_go(&self) -> bool {
        self.gate.send_replace(Gate::Holds);
        let mut gate = self.gate.subscribe();
        let ended = gate.wait_for(|gate| *gate != Gate::Holds).await;
        ended.is_ok_and(|gate| *gate == Gate::Open)
    }
}

/// One way of a connection.
struct Way<'c> {
    to: OwnedWriteHalf,
    piece: usize,
    random: StdRng,
    /// How many bytes pass before it is cut.
    left: usize,
    hold_at: Option<&'c [u8]>,
    /// The last that has passed, in which a text to hold at may begin.
    passed: Vec<u8>,
}

impl<'c> Way<'c> {
    fn new(
        to: OwnedWriteHalf,
        course: &Course,
        cut: Option<usize>,
        hold_at: Option<&'c [u8]>,
    ) -> Self {
        let random = StdRng::seed_from_u64(course.seed);
        let left = cut.unwrap_or(usize::MAX);
        Self { to, piece: course.piece, random, left, hold_at, passed: Vec::new() }
    }

    /// Where in these bytes the text ends that it is to be held at; once.
    fn hold_at(&mut self, said: &[u8]) -> Option<usize> {
        let text = self.hold_at?;
        let before = self.passed.len();
        self.passed.extend(said);
        let found = self.passed.windows(text.len()).position(|window| window == text);
        if found.is_some() {
            self.hold_at = None;
        }
        let end = found.map(|at| at + text.len() - before);
        let old = self.passed.len().saturating_sub(text.len() - 1);
        self.passed.drain(..old);
        end
    }

    /// Writes in pieces, some of them late; whether the other side is still there.
    async fn write(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let size = match self.piece {
                0 => bytes.len(),
                most => self.random.random_range(1..=most).min(bytes.len()),
            };
            if self.piece > 0 && self.random.random_bool(0.01) {
                let late = Duration::from_micros(self.random.random_range(0..2000));
                tokio::time::sleep(late).await;
            }
            let (piece, rest) = bytes.split_at(size);
            if self.to.write_all(piece).await.is_err() {
                return false;
            }
            bytes = rest;
            // The reader gets each piece by itself, as far as it is awake.
            tokio::task::yield_now().await;
        }
        true
    }
}
