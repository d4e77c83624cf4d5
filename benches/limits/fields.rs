//! Fields, numbers and addresses of a line.

use std::net::SocketAddrV4;

/// What stands between separators, from left to right.
pub(super) struct Fields<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> Fields<'a> {
    pub(super) fn new(text: &'a [u8], separator: u8) -> Self {
        Self { rest: Some(text), separator }
    }

    /// What is left, separators included.
    pub(super) fn rest(self) -> &'a [u8] {
        self.rest.unwrap_or_default()
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    // Fields are a few bytes long, where a loop is faster than a search.
    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest?;
        let end = text.iter().position(|byte| *byte == self.separator);
        self.rest = end.and_then(|end| text.get(end + 1..));
        end.map_or(Some(text), |end| text.get(..end))
    }
}

pub(super) fn name_and_body(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = Fields::new(line, b':');
    Some((fields.next()?, fields.rest()))
}

pub(super) fn number(digits: &[u8]) -> Option<u64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let add = |sum: u64, byte| sum.checked_mul(10)?.checked_add(digit(byte)?);
    if digits.is_empty() { None } else { digits.iter().try_fold(0, add) }
}

/// `192.0.2.7:5000`
pub(super) fn socket_address(text: &str) -> Option<SocketAddrV4> {
    let (address, port) = text.rsplit_once(':')?;
    let port = number(port.as_bytes())?.try_into().ok()?;
    Some(SocketAddrV4::new(address.parse().ok()?, port))
}
