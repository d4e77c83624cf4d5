//! [`Trace`]: what tells one run from another.

use tokio::time::Instant;

/// A hash of all that happened, in its order and at its time.
pub(crate) struct Trace {
    hash: u64,
    began: Instant,
    is_shown: bool,
}

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

impl Trace {
    pub(crate) fn new(is_shown: bool) -> Self {
        Self { hash: BASIS, began: Instant::now(), is_shown }
    }

    pub(crate) fn add(&mut self, text: impl FnOnce() -> String) {
        let text = masked(text());
        self.mix(text.as_bytes());
        self.time();
        if self.is_shown {
            println!("{:>10.3} {text}", self.began.elapsed().as_secs_f64());
        }
    }

    pub(crate) fn number(&mut self, what: u8, place: (usize, usize), count: usize) {
        let numbers = [usize::from(what), place.0, place.1, count];
        for number in numbers {
            self.mix(&number.to_le_bytes());
        }
        self.time();
        if self.is_shown && what != 2 {
            let what = ["", "arrive at", "", "is dropped:", "are written on", "is closed:"];
            let what = what.get(numbers[0]).copied().unwrap_or_default();
            println!(
                "{:>10.3}   {count} {what} {}.{}",
                self.began.elapsed().as_secs_f64(),
                place.0,
                place.1
            );
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    fn time(&mut self) {
        let time = self.began.elapsed().as_micros();
        self.mix(&time.to_le_bytes());
    }

    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }
}

/// The name of a fence holds a number that nobody can guess; all of them are as long.
fn masked(mut text: String) -> String {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("fence-")) {
        let begin = from + at + "fence-".len();
        let end = (begin + 16).min(text.len());
        if text.is_char_boundary(end) {
            text.replace_range(begin..end, "0");
        }
        from = begin;
    }
    text
}
