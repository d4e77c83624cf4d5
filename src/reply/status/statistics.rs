//! A client's status: its counters.

use bytes::Bytes;

use super::StatusTime;
use super::format::Places;
use super::lines::{Lines, lines_of};
use crate::reply::fields::{number, rsplit_once};
use crate::reply::{WriteError, WriteReply};
use crate::types::{Text, block};

/// The counters of a client: `OpenVPN STATISTICS`.
///
/// A counter the daemon does not have is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ClientStatistics {
    /// When the daemon wrote this.
    pub updated: Option<StatusTime>,
    /// Bytes read from the tunnel device: `TUN/TAP read bytes,0`.
    pub tun_tap_read_bytes: Option<u64>,
    /// Bytes written to the tunnel device: `TUN/TAP write bytes,0`.
    pub tun_tap_write_bytes: Option<u64>,
    /// Bytes received from the server: `TCP/UDP read bytes,3182`.
    pub tcp_udp_read_bytes: Option<u64>,
    /// Bytes sent to the server: `TCP/UDP write bytes,3004`.
    pub tcp_udp_write_bytes: Option<u64>,
    /// Bytes of data packets that passed authentication: `Auth read bytes,48`.
    pub auth_read_bytes: Option<u64>,
    /// Bytes before compression, where the link compresses.
    pub pre_compress_bytes: Option<u64>,
    /// Bytes after compression, where the link compresses.
    pub post_compress_bytes: Option<u64>,
    /// Bytes before decompression, where the link compresses.
    pub pre_decompress_bytes: Option<u64>,
    /// Bytes after decompression, where the link compresses.
    pub post_decompress_bytes: Option<u64>,
    /// Rows this crate does not know, as name and value.
    pub other: Vec<(Text, Text)>,
    /// Lines that do not fit the format, as they came.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut_each"))]
    pub unparsed: Vec<Text>,
    #[cfg_attr(feature = "serde", serde(skip))]
    places: Places,
}

impl ClientStatistics {
    /// Reads the lines, the title among them.
    pub(super) fn parse(lines: &[Bytes]) -> Self {
        let mut statistics = Self::default();
        for (place, line) in lines.iter().enumerate().skip(1) {
            if statistics.row(line).is_none() {
                statistics.unparsed.push(Text::from(line.clone()));
                statistics.places.0.push(place);
            }
        }
        statistics
    }

    fn row(&mut self, line: &Bytes) -> Option<()> {
        if let Some(time) = line.strip_prefix(b"Updated,") {
            self.updated = Some(StatusTime::text_only(line, time));
            return Some(());
        }
        let (name, value) = rsplit_once(line, b',')?;
        if let Some(counter) = self.counter(name) {
            *counter = Some(number(value)?);
        } else {
            let row = (Text::slice_of(line, name), Text::slice_of(line, value));
            self.other.push(row);
        }
        Some(())
    }

    /// The counters that there are, in the order of the daemon.
    fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counters = [
            ("TUN/TAP read bytes", self.tun_tap_read_bytes),
            ("TUN/TAP write bytes", self.tun_tap_write_bytes),
            ("TCP/UDP read bytes", self.tcp_udp_read_bytes),
            ("TCP/UDP write bytes", self.tcp_udp_write_bytes),
            ("Auth read bytes", self.auth_read_bytes),
            ("pre-compress bytes", self.pre_compress_bytes),
            ("post-compress bytes", self.post_compress_bytes),
            ("pre-decompress bytes", self.pre_decompress_bytes),
            ("post-decompress bytes", self.post_decompress_bytes),
        ];
        counters.into_iter().filter_map(|(name, counter)| Some((name, counter?)))
    }

    /// Lines that could not be read must not be read now.
    fn check_unparsed(&self, written: &[u8]) -> Result<(), WriteError> {
        if self.unparsed.is_empty() {
            return Ok(());
        }
        let read = Self::parse(&lines_of(written));
        let problem = WriteError::reads_otherwise("unparsed line", "is a line of another kind");
        if read.unparsed == self.unparsed { Ok(()) } else { Err(problem) }
    }

    /// Whether a name is one of a known row.
    fn is_known(name: &Text) -> bool {
        let name = name.as_bytes();
        name == b"Updated"
            || name.starts_with(b"Updated,")
            || Self::default().counter(name).is_some()
    }

    fn counter(&mut self, name: &[u8]) -> Option<&mut Option<u64>> {
        match name {
            b"TUN/TAP read bytes" => Some(&mut self.tun_tap_read_bytes),
            b"TUN/TAP write bytes" => Some(&mut self.tun_tap_write_bytes),
            b"TCP/UDP read bytes" => Some(&mut self.tcp_udp_read_bytes),
            b"TCP/UDP write bytes" => Some(&mut self.tcp_udp_write_bytes),
            b"Auth read bytes" => Some(&mut self.auth_read_bytes),
            b"pre-compress bytes" => Some(&mut self.pre_compress_bytes),
            b"post-compress bytes" => Some(&mut self.post_compress_bytes),
            b"pre-decompress bytes" => Some(&mut self.pre_decompress_bytes),
            b"post-decompress bytes" => Some(&mut self.post_decompress_bytes),
            _ => None,
        }
    }
}

/// Writes the counters in the order of the daemon, then the rows that are not known. The time is written without its
/// seconds, which have no place here.
impl WriteReply for ClientStatistics {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let start = out.len();
        block(out, |out| {
            let lines = &mut Lines::new(out, self.places.of(&self.unparsed));
            lines.line(|line| line.raw("OpenVPN STATISTICS"))?;
            if let Some(time) = &self.updated {
                lines.line(|line| line.raw("Updated,").text("time", &time.text))?;
            }
            for (name, counter) in self.counters() {
                lines.line(|line| line.raw(name).raw(",").number(counter))?;
            }
            for (name, value) in &self.other {
                lines.line(|line| {
                    let line = line.text("name of a row", name).raw(",").field("row", value, b',');
                    line.check(!Self::is_known(name), "name of a row", "is that of another")
                })?;
            }
            lines.finish()?;
            self.check_unparsed(out.get(start..).unwrap_or_default())
        })
    }
}
