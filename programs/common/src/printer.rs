//! [`Printer`]: prints without ever waiting for whoever reads.
//!
//! A pipe that nobody reads is full after 64 KiB, and a terminal may be stopped by Ctrl-S: a
//! task that prints would wait, and with it the whole program, its connection to the daemon,
//! and with that the VPN. So a thread of its own prints, from a queue of limited size.

use std::collections::VecDeque;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// What may wait to be printed, in bytes; what does not fit is dropped. As much again may be
/// on its way.
const ROOM: usize = 256 * 1024;

/// How long a program that ends waits for what it has printed to be read. A pipe whose reader
/// is only slow has room for all of it, as a rule.
pub const AT_THE_END: Duration = Duration::from_secs(2);
/// As [`AT_THE_END`], where somebody wants it to end at once.
pub const WHEN_STOPPED: Duration = Duration::from_millis(500);

/// Prints from a thread of its own; what there is no room for is dropped, and counted.
#[derive(Debug)]
pub struct Printer {
    queue: Arc<Queue>,
    done: watch::Receiver<u64>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    texts: VecDeque<String>,
    bytes: usize,
    /// How many were ever taken.
    taken: u64,
    /// How many were dropped since this was told last.
    dropped: u64,
    closed: bool,
}

/// The printer of the standard output.
#[must_use]
pub fn stdout() -> &'static Printer {
    static STDOUT: LazyLock<Printer> = LazyLock::new(|| Printer::to(io::stdout()));
    &STDOUT
}

/// The printer of the standard error.
#[must_use]
pub fn stderr() -> &'static Printer {
    static STDERR: LazyLock<Printer> = LazyLock::new(|| Printer::to(io::stderr()));
    &STDERR
}

/// Prints what is left of both, for as long at most.
pub async fn flush(within: Duration) {
    tokio::join!(stdout().flush(within), stderr().flush(within));
}

impl Printer {
    fn to(stream: impl AsFd) -> Self {
        // A file of its own: the streams of the standard library have a lock, which whoever
        // waits in it keeps from all others.
        match stream.as_fd().try_clone_to_owned() {
            Ok(file) => Self::new(File::from(file)),
            Err(_) => Self::new(io::sink()),
        }
    }

    /// Starts the thread that prints to `out`.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        let queue = Arc::new(Queue::default());
        let (printed, done) = watch::channel(0);
        let source = Arc::clone(&queue);
        // Without the thread everything is dropped, as with a closed pipe.
        let thread = std::thread::Builder::new().name("printer".to_owned());
        thread.spawn(move || run(&source, out, &printed)).ok();
        Self { queue, done }
    }

    /// Prints a text and an end of line, soon; never waits.
    pub fn line(&self, text: &str) {
        self.text(format!("{text}\n"));
    }

    /// Prints a text as it is, soon; never waits.
    pub fn text(&self, text: String) {
        let mut waiting = self.queue.lock();
        if waiting.bytes.saturating_add(text.len()) > ROOM {
            waiting.dropped = waiting.dropped.saturating_add(1);
        } else {
            waiting.bytes += text.len();
            waiting.taken += 1;
            waiting.texts.push_back(text);
        }
        drop(waiting);
        self.queue.changed.notify_one();
    }

    /// Waits until what was taken so far is printed, for as long at most.
    pub async fn flush(&self, within: Duration) {
        let taken = self.queue.lock().taken;
        let mut done = self.done.clone();
        // Late, or nobody prints any more: what is left is lost.
        timeout(within, done.wait_for(|done| *done >= taken)).await.ok();
    }
}

/// For programs that write; each write is a text.
impl Write for &Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_one();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for texts, and takes all, with the number of those dropped after them. `None`
    /// once there is no printer any more.
    fn take(&self) -> Option<(VecDeque<String>, u64)> {
        let is_idle = |waiting: &mut Waiting| {
            waiting.texts.is_empty() && waiting.dropped == 0 && !waiting.closed
        };
        let waiting = self.changed.wait_while(self.lock(), is_idle);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        waiting.bytes = 0;
        let taken = (std::mem::take(&mut waiting.texts), std::mem::take(&mut waiting.dropped));
        (!waiting.closed).then_some(taken)
    }
}

/// Prints until the printer is dropped. Where the other end is closed, a disk full or a
/// terminal gone, nothing fails but the printing.
fn run(queue: &Queue, mut out: impl Write, printed: &watch::Sender<u64>) {
    let mut lost: u64 = 0;
    while let Some((texts, dropped)) = queue.take() {
        for text in &texts {
            if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
                lost = lost.saturating_add(1);
            }
        }
        lost = lost.saturating_add(dropped);
        if lost > 0 && tell(&mut out, lost).is_ok() {
            lost = 0;
        }
        printed.send_modify(|printed| *printed += texts.len() as u64);
    }
}

fn tell(out: &mut impl Write, lost: u64) -> io::Result<()> {
    writeln!(out, "({lost} lines are missing here: they came faster than they were read)")?;
    out.flush()
}

/// Text that a peer sent, without what would drive the terminal.
pub fn harmless(text: impl Display) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.to_string().chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use nix::unistd::pipe;

    use super::*;

    const LATE: Duration = Duration::from_secs(60);
    const SOON: Duration = Duration::from_millis(1);

    /// A pipe that takes nothing more, and the other end of it.
    fn full_pipe() -> (File, File) {
        let (output, input) = pipe().unwrap();
        fcntl(&input, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let mut input = File::from(input);
        while input.write(&[b'.'; 4096]).is_ok() {}
        fcntl(&input, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
        (input, File::from(output))
    }

    #[tokio::test]
    async fn a_full_pipe_stops_nobody_and_what_is_missing_is_told() {
        let (input, mut output) = full_pipe();
        let printer = Printer::new(input);
        printer.line("first");
        let line = "x".repeat(1023);
        for _ in 0..10_000 {
            printer.line(&line);
        }
        printer.flush(SOON).await;
        assert!(printer.queue.lock().bytes <= ROOM);
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).unwrap();
            text
        });
        printer.flush(LATE).await;
        printer.line("last");
        printer.flush(LATE).await;
        drop(printer);
        let text = reader.join().unwrap();
        let kept = text.matches(&line).count();
        let told = text.lines().filter_map(|line| line.strip_prefix('(')?.split_once(" lines are"));
        let missing: usize = told.map(|(number, _)| number.parse::<usize>().unwrap()).sum();
        assert_eq!(kept + missing, 10_000);
        assert!(missing > 0 && text.contains("first\n"));
        assert!(text.ends_with("last\n"));
    }

    #[tokio::test]
    async fn a_closed_pipe_ends_nothing() {
        let (input, output) = full_pipe();
        drop(output);
        let printer = Printer::new(input);
        for _ in 0..3 {
            printer.line("nobody reads this");
            printer.flush(LATE).await;
        }
        assert_eq!(*printer.done.borrow(), 3);
    }

    #[tokio::test]
    async fn a_text_larger_than_the_room_is_dropped() {
        let (input, mut output) = full_pipe();
        let printer = Printer::new(input);
        printer.text("x".repeat(ROOM + 1));
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).map(|_| text)
        });
        printer.line("and this is not");
        printer.flush(LATE).await;
        drop(printer);
        let text = reader.join().unwrap().unwrap();
        assert!(text.contains("(1 lines are missing") && text.contains("and this is not\n"));
    }
}
