//! [`LogFileLine`]: a line of the file that a daemon logs to.

use std::fmt;

use bytes::Bytes;

use super::LogFlags;
use crate::types::{Lines, LocalTime, Masked, Text, leading_number, lines, number};

/// In which form a daemon writes its log to a file or its standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogFileFormat {
    /// With the local time before each message, as it is by default: `2026-11-22 07:23:58 text`.
    Timestamps,
    /// `--machine-readable-output`, with time and level: `1795332238.250000 41 text`.
    MachineReadable,
    /// `--suppress-timestamps`: the text alone.
    Suppressed,
}

impl LogFileFormat {
    /// The form that most of the whole lines have, which is [`Suppressed`](Self::Suppressed) where they have none;
    /// `None` where there is no line.
    ///
    /// Whoever knows the configuration need not ask: without timestamps a daemon writes texts that a client had a
    /// part in, as its name, from the first column on.
    #[must_use]
    pub fn detect(log: &[u8]) -> Option<Self> {
        let whole = log.get(..memchr::memrchr(b'\n', log)?)?;
        let mut counts = [0_usize; 3];
        for line in whole.split(|byte| *byte == b'\n') {
            let [bare, local, machine] = &mut counts;
            *match Prefix::read(line) {
                Some((Prefix { level: Some(_), .. }, _)) => machine,
                Some(_) => local,
                None => bare,
            } += 1;
        }
        let forms = [Self::Suppressed, Self::Timestamps, Self::MachineReadable];
        counts.into_iter().zip(forms).max_by_key(|(count, _)| *count).map(|(_, form)| form)
    }
}

/// A line of the file of `--log FILE` or `--log-append FILE`, or of what a daemon writes to its standard output.
///
/// `Debug` and `Display` cut the text where it would show a secret that the daemon logs as it is, as those of a
/// [`LogLine`](super::LogLine).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogFileLine {
    /// When it was logged; `None` where the line does not tell.
    pub time: Option<LogFileTime>,
    /// What kind of message it is; `None` where the line does not tell.
    pub level: Option<LogFileLevel>,
    /// The message; all of the line, where that begins with no time.
    ///
    /// A server's message about a client begins with the client's name and address: `alice/192.0.2.1:5000 …`.
    pub text: Text,
}

/// When a [`LogFileLine`] was logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogFileTime {
    /// By the daemon's clock and in its time zone.
    Local(LocalTime),
    /// In machine-readable output.
    Unix {
        /// Seconds since 1970-01-01 00:00 UTC.
        seconds: u64,
        /// Microseconds of the second, 0 to 999,999.
        microseconds: u32,
    },
}

impl LogFileTime {
    /// Seconds since 1970-01-01 00:00 UTC; `None` of a local time, whose zone is not known.
    #[must_use]
    pub fn unix(&self) -> Option<u64> {
        match self {
            Self::Unix { seconds, .. } => Some(*seconds),
            Self::Local(_) => None,
        }
    }
}

/// The level of a message in machine-readable output: its verbosity and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogFileLevel(u32);

impl LogFileLevel {
    const FATAL: u32 = 1 << 4;
    const NONFATAL: u32 = 1 << 5;
    const WARNING: u32 = 1 << 6;
    const DEBUG: u32 = 1 << 7;

    /// These bits, as the daemon writes them in hexadecimal digits.
    #[must_use]
    pub const fn new(bits: u32) -> Self {
        Self(bits)
    }

    /// All bits; those above the lowest eight are the daemon's own business.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// From which `verb` on the daemon logs it: 0 to 15.
    #[must_use]
    pub const fn verbosity(self) -> u8 {
        (self.0 & 0xf) as u8
    }

    /// Whether the daemon ends for it.
    #[must_use]
    pub const fn is_fatal(self) -> bool {
        self.0 & Self::FATAL != 0
    }

    /// Whether it is an error that is not fatal.
    #[must_use]
    pub const fn is_nonfatal(self) -> bool {
        self.0 & Self::NONFATAL != 0
    }

    /// Whether it is a warning.
    #[must_use]
    pub const fn is_warning(self) -> bool {
        self.0 & Self::WARNING != 0
    }

    /// Whether it is a debug message.
    #[must_use]
    pub const fn is_debug(self) -> bool {
        self.0 & Self::DEBUG != 0
    }

    /// The letters that `>LOG:` has of the same message.
    #[must_use]
    pub fn flags(self) -> LogFlags {
        let letters = [
            ("I", self.0 == 1),
            ("F", self.is_fatal()),
            ("N", self.is_nonfatal()),
            ("W", self.is_warning()),
            ("D", self.is_debug()),
        ];
        let letters = letters.into_iter().filter(|(_, set)| *set).map(|(letter, _)| letter);
        // Five letters at most, which fit.
        LogFlags::new(&letters.collect::<String>()).unwrap_or_default()
    }
}

impl LogFileLine {
    /// Reads a line without its end. A line without the form's beginning, as the output of a script, is all text.
    ///
    /// ```
    /// use openvpn_mgmt::events::{LogFileFormat, LogFileLine, LogFileTime};
    ///
    /// let line = "2026-11-22 07:23:58 Initialization Sequence Completed";
    /// let line = LogFileLine::parse(line, LogFileFormat::Timestamps);
    /// let Some(LogFileTime::Local(time)) = line.time else { panic!("{line:?}") };
    /// assert_eq!((time.hour, time.minute), (7, 23));
    /// assert_eq!(line.text, "Initialization Sequence Completed");
    ///
    /// let line = "1795332238.250000 41 WARNING: no server certificate verification method";
    /// let line = LogFileLine::parse(line, LogFileFormat::MachineReadable);
    /// assert!(line.level.is_some_and(|level| level.is_warning() && level.verbosity() == 1));
    /// ```
    #[must_use]
    pub fn parse(line: impl Into<Text>, format: LogFileFormat) -> Self {
        let line = line.into();
        let prefix = match format {
            LogFileFormat::Suppressed => None,
            LogFileFormat::Timestamps => Prefix::local(line.as_bytes()),
            // What is logged before that option is read has a local time.
            LogFileFormat::MachineReadable => Prefix::read(line.as_bytes()),
        };
        match prefix {
            Some((Prefix { time, level }, text)) => {
                let text = line.non_empty(text).unwrap_or_default();
                Self { time: Some(time), level, text }
            }
            None => Self { time: None, level: None, text: line },
        }
    }
}

impl fmt::Display for LogFileLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Masked(&self.text).fmt(f)
    }
}

impl fmt::Debug for LogFileLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogFileLine")
            .field("time", &self.time)
            .field("level", &self.level)
            .field("text", &Masked(&self.text))
            .finish()
    }
}

/// The whole lines of a log file, with LF or CRLF behind them.
///
/// ```
/// use openvpn_mgmt::events::{LogFileFormat, LogFileLines};
///
/// let log = "2026-11-22 07:23:58 one\n2026-11-22 07:23:59 two\n2026-11-22 07:2";
/// let mut lines = LogFileLines::new(log, LogFileFormat::Timestamps);
/// let texts: Vec<_> = lines.by_ref().map(|line| line.text.to_string()).collect();
/// assert_eq!(texts, ["one", "two"]);
/// // The daemon has not written the rest yet: it belongs before what is read next.
/// assert_eq!(lines.rest(), "2026-11-22 07:2");
/// ```
#[derive(Clone)]
#[must_use]
pub struct LogFileLines {
    lines: Lines,
    format: LogFileFormat,
}

impl LogFileLines {
    /// The lines of a file, or of a part that begins with a line. What is kept of them shares the memory of `log`.
    pub fn new(log: impl Into<Bytes>, format: LogFileFormat) -> Self {
        Self { lines: lines(&log.into()), format }
    }

    /// What was not given as a line yet: once there are no more, a last line without its end.
    #[must_use]
    pub fn rest(&self) -> Text {
        self.lines.rest()
    }
}

impl Iterator for LogFileLines {
    type Item = LogFileLine;

    fn next(&mut self) -> Option<LogFileLine> {
        Some(LogFileLine::parse(self.lines.next()?, self.format))
    }
}

/// Shows how much is left only: a log may hold secrets.
impl fmt::Debug for LogFileLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogFileLines({:?}, {} bytes left)", self.format, self.rest().len())
    }
}

/// What stands before the text.
struct Prefix {
    time: LogFileTime,
    level: Option<LogFileLevel>,
}

impl Prefix {
    /// Either form, and the text behind it.
    fn read(line: &[u8]) -> Option<(Self, &[u8])> {
        Self::machine(line).or_else(|| Self::local(line))
    }

    fn local(line: &[u8]) -> Option<(Self, &[u8])> {
        let (time, rest) = LocalTime::leading(line)?;
        let text = rest.strip_prefix(b" ")?;
        Some((Self { time: LogFileTime::Local(time), level: None }, text))
    }

    /// `1795332238.250000 41 `
    fn machine(line: &[u8]) -> Option<(Self, &[u8])> {
        let (seconds, rest) = leading_number(line)?;
        let (microseconds, rest) = rest.strip_prefix(b".")?.split_at_checked(6)?;
        let rest = rest.strip_prefix(b" ")?;
        let end = rest.iter().position(|byte| *byte == b' ')?;
        let (level, text) = rest.split_at_checked(end)?;
        let time = LogFileTime::Unix { seconds, microseconds: number(microseconds)? };
        Some((Self { time, level: Some(LogFileLevel(hexadecimal(level)?)) }, text.get(1..)?))
    }
}

/// Up to eight lower-case digits.
fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let digits =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| is_digit(&b)))?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
#[path = "log_file/tests.rs"]
mod tests;
