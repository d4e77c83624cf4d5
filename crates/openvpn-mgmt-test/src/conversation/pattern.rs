//! [`Pattern`]: a line with holes, read, matched and filled in.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// What named holes stand for.
pub(super) type Bindings = BTreeMap<String, Vec<u8>>;

/// A line with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    source: String,
    pieces: Vec<Piece>,
    /// It holds `{*}`: any number of such lines.
    pub(super) repeats: bool,
    /// It ends in `{no line end}`.
    pub(super) open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Hole { name: Option<String>, kind: Kind },
}

/// What may stand in a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Anything,
    Something,
    Number,
    Time,
    Ip,
    Port,
}

impl Pattern {
    /// Reads a line with holes.
    ///
    /// # Errors
    /// A hole that is none, in words.
    pub(super) fn parse(source: &str) -> Result<Self, String> {
        let mut pattern =
            Self { source: source.to_owned(), pieces: Vec::new(), repeats: false, open: false };
        let mut rest = source;
        while let Some((text, behind)) = rest.split_once('{') {
            pattern.text(text.as_bytes());
            if let Some(behind) = behind.strip_prefix('{') {
                pattern.text(b"{");
                rest = behind;
                continue;
            }
            let (hole, behind) = behind.split_once('}').ok_or("a hole is not closed by `}`")?;
            pattern.hole(hole)?;
            rest = behind;
        }
        pattern.text(rest.as_bytes());
        Ok(pattern)
    }

    /// The line as it was written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The names of its holes.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole { name: Some(name), .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// A hole that has no name, so that it cannot be filled in.
    pub(super) fn has_nameless_hole(&self) -> bool {
        let nameless = |piece: &Piece| matches!(piece, Piece::Hole { name: None, .. });
        self.repeats || self.pieces.iter().any(nameless)
    }

    /// Whether a line is this one; then what its holes stand for is noted.
    pub(super) fn matches(&self, line: &[u8], bindings: &mut Bindings) -> bool {
        let mut found = bindings.clone();
        let matched = matches(&self.pieces, line, &mut found);
        if matched {
            *bindings = found;
        }
        matched
    }

    /// The bytes with each hole filled in; what has no value yet is left out.
    pub(super) fn fill(&self, bindings: &Bindings) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => bytes.extend_from_slice(text),
                Piece::Hole { name, .. } => {
                    let value = name.as_ref().and_then(|name| bindings.get(name));
                    bytes.extend_from_slice(value.map_or(&[], Vec::as_slice));
                }
            }
        }
        bytes
    }

    fn text(&mut self, bytes: &[u8]) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.extend_from_slice(bytes),
            _ if bytes.is_empty() => {}
            _ => self.pieces.push(Piece::Text(bytes.to_vec())),
        }
    }

    fn hole(&mut self, hole: &str) -> Result<(), String> {
        match hole {
            "no line end" => self.open = true,
            "*" => {
                self.repeats = true;
                self.pieces.push(Piece::Hole { name: None, kind: Kind::Anything });
            }
            "" => self.pieces.push(Piece::Hole { name: None, kind: Kind::Anything }),
            "tab" => self.text(b"\t"),
            _ if hole.starts_with('"') => {
                let text = repeated(hole)?;
                self.text(text.as_bytes());
            }
            _ => match hole.strip_prefix("0x") {
                Some(digits) => {
                    let byte = u8::from_str_radix(digits, 16);
                    self.text(&[byte.map_err(|_| format!("`{hole}` is no byte"))?]);
                }
                None => self.pieces.push(named(hole)?),
            },
        }
        Ok(())
    }
}

/// More than a text repeated may have is a slip of the pen, and may be more than there is memory.
const LONGEST: usize = 64 * 1024;

/// `"A" * 300`
fn repeated(hole: &str) -> Result<String, String> {
    let inner = hole.strip_prefix('"').and_then(|rest| rest.rsplit_once("\" * "));
    let (text, count) = inner.ok_or_else(|| format!("`{hole}` is not `\"TEXT\" * N`"))?;
    let count: usize = count.parse().map_err(|_| format!("`{count}` is no number"))?;
    match text.len().checked_mul(count) {
        Some(0..=LONGEST) => Ok(text.repeat(count)),
        _ => Err(format!("`{hole}` is over {LONGEST} bytes")),
    }
}

/// `name`, `number` or `name:number`
fn named(hole: &str) -> Result<Piece, String> {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '-')
    };
    let (name, kind) = match hole.split_once(':') {
        Some((name, kind)) => {
            (Some(name), Kind::named(kind).ok_or_else(|| format!("`{kind}` is no kind"))?)
        }
        None => match Kind::named(hole) {
            Some(kind) => (None, kind),
            None => (Some(hole), Kind::Something),
        },
    };
    if let Some(name) = name.filter(|name| !is_name(name)) {
        return Err(format!("`{name}` is no name of a hole: lower-case letters, `-` and `_`"));
    }
    Ok(Piece::Hole { name: name.map(str::to_owned), kind })
}

impl Kind {
    fn named(word: &str) -> Option<Self> {
        match word {
            "number" | "pid" => Some(Self::Number),
            "time" => Some(Self::Time),
            "ip" => Some(Self::Ip),
            "port" => Some(Self::Port),
            _ => None,
        }
    }

    fn admits(self, bytes: &[u8]) -> bool {
        let digits = || !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
        let text = || std::str::from_utf8(bytes).unwrap_or_default();
        match self {
            Self::Anything => true,
            Self::Something => !bytes.is_empty(),
            Self::Number => digits(),
            // Seconds since 1970, of any year of this protocol.
            Self::Time => digits() && (9..=11).contains(&bytes.len()),
            Self::Ip => text().parse::<IpAddr>().is_ok(),
            Self::Port => text().parse::<u16>().is_ok(),
        }
    }
}

/// Tries each length of the first hole, the shortest first.
fn matches(pieces: &[Piece], line: &[u8], bindings: &mut Bindings) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return line.is_empty() };
    match first {
        Piece::Text(text) => {
            line.strip_prefix(text.as_slice()).is_some_and(|line| matches(rest, line, bindings))
        }
        Piece::Hole { name: Some(name), .. } if bindings.contains_key(name) => {
            let known = bindings.get(name).cloned().unwrap_or_default();
            line.strip_prefix(known.as_slice()).is_some_and(|line| matches(rest, line, bindings))
        }
        Piece::Hole { name, kind } => (0..=line.len()).any(|at| {
            let (value, behind) = line.split_at(at);
            if !kind.admits(value) {
                return false;
            }
            let mut found = bindings.clone();
            if let Some(name) = name {
                found.insert(name.clone(), value.to_vec());
            }
            let matched = matches(rest, behind, &mut found);
            if matched {
                *bindings = found;
            }
            matched
        }),
    }
}
