//! The memory of a process, and what is looked for in it.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// So many bytes of a secret in a row are a part of it; fewer stand anywhere.
const PART: usize = 8;

/// How much is read at once.
const PIECE: usize = 1024 * 1024;

const PAGE: usize = 4096;
const ZEROS: &[u8] = &[0; PAGE];

/// What must be in no memory: each part of each secret, forwards and backwards.
#[derive(Debug, Default)]
pub struct Parts {
    parts: HashSet<u64>,
    /// Whether a part begins with these two bytes, which is soon told.
    begins: Vec<bool>,
}

impl Parts {
    pub fn of(secrets: &[impl AsRef<[u8]>]) -> Self {
        let mut parts = Self { parts: HashSet::new(), begins: vec![false; 1 << 16] };
        for secret in secrets {
            let forwards = secret.as_ref().to_vec();
            let backwards: Vec<u8> = forwards.iter().rev().copied().collect();
            parts.add(&forwards);
            parts.add(&backwards);
        }
        parts
    }

    fn add(&mut self, secret: &[u8]) {
        for part in secret.windows(PART) {
            self.begins[begin(part)] = true;
            self.parts.insert(number(part));
        }
    }

    /// Where parts stand, each run of them once, with its length.
    fn find(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        // No part begins with a zero, so that the many pages which nobody has written to are soon looked at.
        let written = (0..bytes.len()).step_by(PAGE).filter(|start| {
            let page = &bytes[*start..bytes.len().min(start + PAGE)];
            page != &ZEROS[..page.len()]
        });
        let places = written.flat_map(|start| start..start + PAGE);
        for at in places.filter(|at| self.is_at(bytes, *at)) {
            match runs.last_mut() {
                Some((start, length)) if at < *start + *length => *length = at + PART - *start,
                _ => runs.push((at, PART)),
            }
        }
        runs
    }

    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        let Some(part) = bytes.get(at..at + PART) else { return false };
        self.begins[begin(part)] && self.parts.contains(&number(part))
    }
}

fn begin(part: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([part[0], part[1]]))
}

fn number(part: &[u8]) -> u64 {
    part.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Where parts of secrets stand in all that a process can write to.
///
/// # Errors
/// The system does not let it be read.
pub fn search(pid: u32, parts: &Parts) -> io::Result<Vec<String>> {
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let mut found = Vec::new();
    for line in std::fs::read_to_string(format!("/proc/{pid}/maps"))?.lines() {
        let Some((start, end)) = writable(line) else { continue };
        let bytes = read(&memory, start, end)?;
        for (at, length) in parts.find(&bytes) {
            let around = &bytes[at.saturating_sub(48)..(at + length + 24).min(bytes.len())];
            let place = start + at as u64;
            found.push(format!("{length} bytes at {place:x} of {line}: {}", around.escape_ascii()));
        }
    }
    Ok(found)
}

/// The range of a mapping that can be written to.
fn writable(line: &str) -> Option<(u64, u64)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let address = |text| u64::from_str_radix(text, 16).ok();
    rest.starts_with("rw").then_some((address(start)?, address(end)?))
}

/// What of a mapping can be read; it may have become smaller meanwhile.
fn read(memory: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
    let mut done = 0;
    while done < bytes.len() {
        let piece = bytes.len().min(done + PIECE);
        match memory.read_at(&mut bytes[done..piece], start + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error)
                if done > 0 || error.raw_os_error() == Some(nix::errno::Errno::EIO as i32) =>
            {
                break;
            }
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(done);
    Ok(bytes)
}

#[test]
fn parts_are_found_whole_cut_and_backwards() {
    let parts = Parts::of(&["abcdefghijkl"]);
    assert_eq!(parts.find(b"..abcdefghijkl.."), [(2, 12)]);
    assert_eq!(parts.find(b"cdefghij abcdefg lkjihgfe"), [(0, 8), (17, 8)]);
    assert!(parts.find(b"abcdefg").is_empty());
}
