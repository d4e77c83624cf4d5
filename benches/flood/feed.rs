//! A thread that sends a corpus as often as it is told to, and the least that can be done at
//! the other end.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, mpsc};
use std::thread;

use crate::corpora::Corpus;
use crate::daemon::GREETING;

/// The sending end. The thread ends when it is dropped.
pub(crate) struct Feed(mpsc::Sender<()>);

impl Feed {
    /// Greets, and gives the other end.
    pub(crate) fn start(corpus: Arc<Corpus>) -> (Self, UnixStream) {
        let (mut daemon, ours) = UnixStream::pair().unwrap();
        let (again, wanted) = mpsc::channel();
        thread::spawn(move || {
            daemon.write_all(GREETING).unwrap();
            while wanted.recv().is_ok() {
                corpus.pieces().for_each(|piece| daemon.write_all(piece).unwrap());
            }
        });
        (Self(again), ours)
    }

    /// Sends the corpus once more.
    pub(crate) fn again(&self) {
        self.0.send(()).unwrap();
    }
}

/// Reads and counts lines, and waits in the kernel: the limit.
pub(crate) struct Counting {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Counting {
    /// What the crate reads at once.
    const READ: usize = 16 * 1024;

    pub(crate) fn new(mut stream: UnixStream) -> Self {
        let mut greeting = [0; GREETING.len()];
        stream.read_exact(&mut greeting).unwrap();
        Self { stream, buffer: vec![0; Self::READ] }
    }

    pub(crate) fn read(&mut self, lines: usize) {
        let mut seen = 0;
        while seen < lines {
            let count = self.stream.read(&mut self.buffer).unwrap();
            seen += crate::limits::lines(self.buffer.get(..count).unwrap());
        }
    }
}
