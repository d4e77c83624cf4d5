//! [`Input`]: what a target takes out of the bytes of its input.

/// The bytes of an input, taken from the front. Where there are no more, numbers are 0 and texts are empty.
pub(crate) struct Input<'a>(&'a [u8]);

/// Ends a text: a byte that no text of UTF-8 holds.
pub(crate) const END: u8 = 0xfe;

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((byte, rest)) => {
                self.0 = rest;
                *byte
            }
            None => 0,
        }
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u8) -> u8 {
        self.byte() % end
    }

    pub(crate) fn choose<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    /// A number of any size; small ones, and the ends of the ranges, come often.
    pub(crate) fn number(&mut self) -> u64 {
        match self.byte() {
            small @ 0..=0xef => small.into(),
            0xf0 => u64::MAX,
            0xf1 => u32::MAX.into(),
            0xf2 => u64::from(u32::MAX) + 1,
            0xf3 => u16::MAX.into(),
            _ => self.array().map_or(0, u64::from_be_bytes),
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "any number will do")]
    pub(crate) fn u32(&mut self) -> u32 {
        self.number() as u32
    }

    #[allow(clippy::cast_possible_truncation, reason = "any number will do")]
    pub(crate) fn u16(&mut self) -> u16 {
        self.number() as u16
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    /// Bytes up to an [`END`]; a first byte of 0xfd repeats what follows, so that long texts are near.
    pub(crate) fn text(&mut self) -> Vec<u8> {
        if self.0.first() == Some(&0xfd) {
            self.byte();
            let times = usize::from(self.byte());
            return self.plain().repeat(times);
        }
        self.plain().to_vec()
    }

    fn plain(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == END).unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at(end);
        self.0 = rest.get(1..).unwrap_or_default();
        text
    }

    pub(crate) fn option<T>(&mut self, take: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| take(self))
    }

    /// Up to `most` values.
    pub(crate) fn list<T>(&mut self, most: u8, mut take: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| take(self)).collect()
    }

    /// The lengths of the pieces that the rest comes in.
    pub(crate) fn cuts(&mut self) -> Cuts {
        Cuts(self.list(8, |input| usize::from(input.byte()) + 1))
    }

    /// All that was not taken.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// How bytes are cut; no lengths: not at all.
pub(crate) struct Cuts(Vec<usize>);

impl Cuts {
    /// The pieces of these bytes, the lengths again and again.
    pub(crate) fn of<'a>(&self, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let mut lengths = self.0.iter().cycle();
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let length = lengths.next().map_or(bytes.len(), |length| bytes.len().min(*length));
            let (piece, rest) = bytes.split_at(length);
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }
}
