//! The buffer a daemon collects a command line in.

/// A daemon's 1,024 bytes: a line that does not fit is thrown away up to there, and its rest runs as
/// a line of its own.
#[derive(Debug, Default)]
pub(crate) struct LineBuffer {
    held: Vec<u8>,
}

/// What the buffer holds at most, the line end counted.
const CAPACITY: usize = 1024;

impl LineBuffer {
    /// Takes what one read gave, and drops the bytes that a daemon drops.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().copied().filter(|byte| is_kept(*byte)) {
            if self.held.len() < CAPACITY {
                self.held.push(byte);
            } else {
                // The byte that found no room is gone too.
                self.held.clear();
            }
        }
    }

    /// The next whole line, without its end.
    pub(crate) fn next_line(&mut self) -> Option<Vec<u8>> {
        let end = self.held.iter().position(|byte| *byte == b'\n')?;
        let mut line: Vec<u8> = self.held.drain(..=end).collect();
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        Some(line)
    }
}

/// What is printable to C, or a line end; bytes above 127 are, as daemons read them.
fn is_kept(byte: u8) -> bool {
    byte == b'\n' || (byte >= 0x20 && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_too_long_runs_as_what_is_left_of_it() {
        let mut buffer = LineBuffer::default();
        let line = [&[b'x'; 1024][..], b"ypid\n"].concat();
        line.chunks(256).for_each(|chunk| buffer.add(chunk));
        assert_eq!(buffer.next_line().unwrap(), b"pid");
        assert_eq!(buffer.next_line(), None);
    }

    #[test]
    fn a_line_of_1023_bytes_fits() {
        let mut buffer = LineBuffer::default();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        line.chunks(256).for_each(|chunk| buffer.add(chunk));
        assert_eq!(buffer.next_line().unwrap().len(), 1023);
    }

    #[test]
    fn control_bytes_are_dropped() {
        let mut buffer = LineBuffer::default();
        buffer.add(b"p\ti\r\x7fd\r\n\xff\n");
        assert_eq!(buffer.next_line().unwrap(), b"pid");
        assert_eq!(buffer.next_line().unwrap(), b"\xff");
    }
}
