//! A client's status: its counters.

use bytes::Bytes;

use super::StatusTime;
use crate::reply::fields::{number, rsplit_once};
use crate::types::Text;

/// The counters of a client: `OpenVPN STATISTICS`.
///
/// A counter the daemon does not have is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
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
    pub unparsed: Vec<Text>,
}

impl ClientStatistics {
    /// Reads the lines, the title among them.
    pub(super) fn parse(lines: &[Bytes]) -> Self {
        let mut statistics = Self::default();
        for line in lines.iter().skip(1) {
            if statistics.row(line).is_none() {
                statistics.unparsed.push(Text::from(line.clone()));
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
