//! [`LastWords`]: the end of what a daemon has written.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use bytes::Bytes;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::types::{Text, masked};

/// How many lines are kept.
const LINES: usize = 64;
/// How many bytes of a line are kept.
const LINE: usize = 512;
/// A thread that only reads and copies needs little.
pub(super) const STACK: usize = 128 * 1024;

/// What a daemon wrote last: up to 64 lines of up to 512 bytes, without what may be a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastWords {
    lines: Vec<Text>,
    earlier: u64,
}

impl LastWords {
    /// The lines, the oldest first.
    #[must_use]
    pub fn lines(&self) -> &[Text] {
        &self.lines
    }

    /// How many lines came before them, and are not kept.
    #[must_use]
    pub fn earlier(&self) -> u64 {
        self.earlier
    }

    /// The line that most likely says why the daemon ended; `None` where it has written nothing.
    #[must_use]
    pub fn reason(&self) -> Option<&Text> {
        let says_more = |line: &&Text| !line.is_empty() && !holds_any(line, &FAREWELLS);
        let mut lines = self.lines.iter().filter(says_more);
        let wrong_option = lines.clone().find(|line| holds_any(line, &["Options error: "]));
        wrong_option
            .or_else(|| self.before_fatal())
            .or_else(|| lines.next_back())
            .or_else(|| self.lines.iter().rfind(|line| !line.is_empty()))
    }

    /// What a fatal error was of.
    fn before_fatal(&self) -> Option<&Text> {
        let at = self.lines.iter().rposition(|line| holds_any(line, &[FATAL]))?;
        self.lines.get(at.checked_sub(1)?)
    }
}

fn holds_any(line: &Text, marks: &[&str]) -> bool {
    marks.iter().any(|mark| memchr::memmem::find(line.as_bytes(), mark.as_bytes()).is_some())
}

const FATAL: &str = "Exiting due to fatal error";

/// What a daemon says behind the reason.
const FAREWELLS: [&str; 4] = [
    FATAL,
    "Use --help for more information.",
    "Options error: Please correct these errors.",
    "Signal received from management interface, exiting",
];

/// Each line with its end.
impl fmt::Display for LastWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// What a daemon writes, as far as it is kept.
#[derive(Default)]
pub(super) struct Tail {
    lines: VecDeque<Text>,
    earlier: u64,
    /// A line whose end did not come yet.
    open: Zeroizing<Vec<u8>>,
}

impl Tail {
    fn push(&mut self, mut bytes: &[u8]) {
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(at);
            self.extend(line);
            self.end_line();
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.extend(bytes);
    }

    fn extend(&mut self, bytes: &[u8]) {
        // Room for all of it, so that growth leaves no secret behind.
        self.open.reserve_exact(LINE);
        let room = LINE - self.open.len();
        self.open.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn end_line(&mut self) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
            self.earlier += 1;
        }
        self.lines.push_back(shown(self.open.trim_ascii_end()));
        self.open.clear();
    }

    fn last_words(&self) -> LastWords {
        let open = (!self.open.is_empty()).then(|| shown(self.open.trim_ascii_end()));
        let lines = self.lines.iter().cloned().chain(open).collect();
        LastWords { lines, earlier: self.earlier }
    }
}

/// A line, cut where a secret may begin.
fn shown(line: &[u8]) -> Text {
    let text = masked(&Text::from(Bytes::copy_from_slice(line)));
    match misread(text.as_bytes()) {
        Some(start) => Text::from(Bytes::from([start, b"[redacted]"].concat())),
        None => text,
    }
}

/// What comes before the word of a configuration that a daemon could not read, where that looks like no directive: it
/// may be the line of a key that stands in no inline file.
fn misread(line: &[u8]) -> Option<&[u8]> {
    for mark in [&b"exceeded, line starts with "[..], b"is too long (256 chars max): "] {
        if let Some(at) = memchr::memmem::find(line, mark) {
            return line.get(..at + mark.len());
        }
    }
    memchr::memmem::find(line, b"Unrecognized option or missing")?;
    let at = memchr::memmem::rfind(line, b": ")? + 2;
    let word = line.get(at..)?.split(|&byte| byte == b' ').next()?;
    let is_of_names =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    // A line of a static key has 32 hexadecimal digits.
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_name = word.len() <= 40 && digits <= 4 && word.iter().all(is_of_names);
    if is_name { None } else { line.get(..at) }
}

/// What one daemon writes; it is always read, so that no daemon waits for that.
#[derive(Clone)]
pub(super) struct Output {
    tail: Arc<Mutex<Tail>>,
    over: watch::Receiver<bool>,
}

impl Output {
    /// Reads to the end, in a thread of its own: a daemon may outlive every runtime.
    pub(super) fn read(pipe: OwnedFd) -> io::Result<Self> {
        let tail = Arc::new(Mutex::new(Tail::default()));
        let (over, reading) = watch::channel(false);
        let kept = Arc::clone(&tail);
        thread::Builder::new().name("openvpn-output".to_owned()).stack_size(STACK).spawn(
            move || {
                read_all(File::from(pipe), &kept);
                over.send_replace(true);
            },
        )?;
        Ok(Self { tail, over: reading })
    }

    /// Waits until nobody can write any more.
    pub(super) async fn over(&self) {
        // An error is of a thread that is gone, which is over as well.
        let _ = self.over.clone().wait_for(|over| *over).await;
    }

    pub(super) fn last_words(&self) -> LastWords {
        lock(&self.tail).last_words()
    }
}

fn read_all(mut pipe: File, tail: &Mutex<Tail>) {
    let mut chunk = Zeroizing::new([0; 8192]);
    loop {
        match pipe.read(&mut *chunk) {
            Ok(0) => return,
            Ok(read) => lock(tail).push(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return tracing::warn!(%error, "a daemon's output cannot be read"),
        }
    }
}

fn lock(tail: &Mutex<Tail>) -> MutexGuard<'_, Tail> {
    tail.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(chunks: &[&str]) -> LastWords {
        let mut tail = Tail::default();
        for chunk in chunks {
            tail.push(chunk.as_bytes());
        }
        tail.last_words()
    }

    #[test]
    fn lines_are_kept_whole_however_they_come() {
        let whole = words(&["one\ntwo\r\nthree"]);
        assert_eq!(whole.to_string(), "one\ntwo\nthree\n");
        assert_eq!(words(&["o", "ne\nt", "wo\r", "\nthree"]), whole);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let lines = "line\n".repeat(200);
        let kept = words(&[&lines, &"x".repeat(100_000), "\nlast"]);
        assert_eq!(kept.lines().len(), LINES + 1);
        assert_eq!(kept.earlier(), 201 - LINES as u64);
        assert_eq!(kept.lines()[LINES - 1].as_bytes().len(), LINE);
        assert_eq!(kept.lines()[LINES], "last");
    }

    #[test]
    fn the_line_that_says_why_is_found() {
        for (output, reason) in [
            (
                "x\nOptions error: one\nOptions error: Please correct these errors.\nUse --help for more information.\n",
                "Options error: one",
            ),
            (
                "a\nERROR: Cannot ioctl TUNSETIFF tun: Operation not permitted (errno=1)\nExiting due to fatal error\n",
                "ERROR: Cannot ioctl TUNSETIFF tun: Operation not permitted (errno=1)",
            ),
            (
                "MANAGEMENT: connect to unix socket x failed: Permission denied\nSignal received from management interface, exiting\n",
                "MANAGEMENT: connect to unix socket x failed: Permission denied",
            ),
            ("when cipher negotiation failed\none\ntwo\n\n", "two"),
            ("Exiting due to fatal error\n", "Exiting due to fatal error"),
        ] {
            assert_eq!(words(&[output]).reason().unwrap().to_string(), reason);
        }
        assert_eq!(words(&[]).reason(), None);
    }

    #[test]
    fn secrets_are_not_repeated() {
        for line in [
            "Options error: Unrecognized option or missing or extra parameter(s) in c:3: MIIEvQIBADANBg (2.6.14)",
            "Options error: Unrecognized option or missing or extra parameter(s) in c:3: e5e4d6af39289d53171ecc237a8f996a (2.7.8)",
            "In c:3: Maximum option line length (256) exceeded, line starts with hunter2",
            "Options error: Parameter at c:3 is too long (256 chars max): hunter2",
            "MANAGEMENT: CMD 'password \"Auth\" hunter2'",
        ] {
            let shown = words(&[line]).to_string();
            assert!(shown.contains("[redacted]"), "{shown}");
            assert!(!shown.contains("hunter2") && !shown.contains("MIIE"), "{shown}");
            assert!(!shown.contains("e5e4d6af"), "{shown}");
        }
        let line = "Options error: Unrecognized option or missing or extra parameter(s) in c:3: no-such (2.6.14)";
        assert_eq!(words(&[line]).reason().unwrap().to_string(), line);
    }
}
