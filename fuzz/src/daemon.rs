//! How a daemon reads what a manager sends, written from the facts of `docs/PROTOCOL.md` and not from the code of
//! `openvpn_mgmt`, so that each holds the other to account.

/// A daemon keeps so much of lines that have not ended.
const ROOM: usize = 1024;

/// It reads so much at once.
const READ: usize = 256;

/// The lines that a daemon finds in bytes that came together, without their ends.
pub(crate) fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut room: Vec<u8> = Vec::with_capacity(ROOM);
    for read in bytes.chunks(READ) {
        for byte in read {
            let is_dropped = (*byte < 0x20 && *byte != b'\n') || *byte == 0x7f;
            match (is_dropped, room.len() < ROOM) {
                (true, _) => {}
                (false, true) => room.push(*byte),
                // It is lost, with all that is there.
                (false, false) => room.clear(),
            }
        }
        let whole = room.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = room.split_off(whole);
        lines.extend(room.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
        lines.pop();
        room = rest;
    }
    lines
}

/// What a daemon makes of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// Where it is refused, those before that.
    pub(crate) parameters: Vec<Vec<u8>>,
    pub(crate) refusal: Option<Refusal>,
    /// Nothing of the line was passed over without a word.
    pub(crate) is_whole: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    OpenDouble,
    OpenSingle,
    Backslash,
    EndsInBackslash,
    TooLong,
}

/// What one parameter may have.
const PARAMETER: usize = 256;

/// How many parameters are read.
const PARAMETERS: usize = 16;

/// Reads a line, parameter by parameter.
pub(crate) fn read(line: &[u8]) -> Read {
    let mut read = Read { parameters: Vec::new(), refusal: None, is_whole: true };
    let mut rest = line;
    loop {
        rest = skip_blanks(rest, &mut read.is_whole);
        match rest.first() {
            None => return read,
            Some(b'#' | b';') => {
                read.is_whole = false;
                return read;
            }
            // With a backslash before it, it is a comment all the same.
            Some(b'\\') if matches!(rest.get(1), Some(b'#' | b';')) => {
                read.is_whole = false;
                return read;
            }
            Some(_) if read.parameters.len() == PARAMETERS => {
                read.is_whole = false;
                return read;
            }
            Some(_) => {}
        }
        match parameter(rest) {
            Ok((parameter, behind)) => {
                read.parameters.push(parameter);
                rest = behind;
            }
            Err(refusal) => {
                read.refusal = Some(refusal);
                return read;
            }
        }
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || (9..=13).contains(&byte)
}

/// A backslash before a blank, or at the end, is nothing there.
fn skip_blanks<'a>(mut line: &'a [u8], is_whole: &mut bool) -> &'a [u8] {
    loop {
        line = match line {
            [blank, rest @ ..] if is_blank(*blank) => rest,
            [b'\\', blank, rest @ ..] if is_blank(*blank) => {
                *is_whole = false;
                rest
            }
            [b'\\'] => {
                *is_whole = false;
                &[]
            }
            line => return line,
        }
    }
}

type Parameter<'a> = Result<(Vec<u8>, &'a [u8]), Refusal>;

fn parameter(line: &[u8]) -> Parameter<'_> {
    match line {
        [b'"', rest @ ..] => escaped(rest, |byte| byte == b'"', Refusal::OpenDouble),
        [b'\'', rest @ ..] => match rest.iter().position(|byte| *byte == b'\'') {
            Some(end) if end <= PARAMETER => Ok((rest[..end].to_vec(), &rest[end + 1..])),
            None if rest.len() <= PARAMETER => Err(Refusal::OpenSingle),
            _ => Err(Refusal::TooLong),
        },
        // A blank ends it, and the end of the line too.
        line => escaped(line, is_blank, Refusal::EndsInBackslash),
    }
}

/// Up to the byte that ends it, which is taken, or to the end of the line, where a bare parameter may end.
fn escaped(line: &[u8], ends: impl Fn(u8) -> bool, open: Refusal) -> Parameter<'_> {
    let mut parameter = Vec::new();
    let mut rest = line;
    loop {
        let (byte, behind) = match rest {
            [] if open == Refusal::EndsInBackslash => return Ok((parameter, rest)),
            [] | [b'\\'] => return Err(open),
            [b'\\', escaped, behind @ ..] => {
                if !matches!(escaped, b'\\' | b'"') && !is_blank(*escaped) {
                    return Err(Refusal::Backslash);
                }
                (*escaped, behind)
            }
            [byte, behind @ ..] if ends(*byte) => return Ok((parameter, behind)),
            [byte, behind @ ..] => (*byte, behind),
        };
        if parameter.len() == PARAMETER {
            return Err(Refusal::TooLong);
        }
        parameter.push(byte);
        rest = behind;
    }
}
