//! [`Text`]: bytes the daemon sent that are usually, but not certainly, UTF-8.

#[cfg(feature = "serde")]
mod json;

use std::borrow::{Borrow, Cow};
use std::convert::Infallible;
use std::fmt;
use std::str::{FromStr, Utf8Error};
use std::string::FromUtf8Error;

use bytes::Bytes;

/// A piece of daemon output, byte for byte.
///
/// OpenVPN does not promise UTF-8: certificate subjects, environment values and
/// log lines carry whatever a peer or the system put there. `Text` keeps the
/// bytes, shows them lossily through [`Display`](fmt::Display), and hands out a
/// `&str` only after checking ([`to_str`](Text::to_str)). Cloning does not allocate.
///
/// ```
/// use openvpn_mgmt::Text;
///
/// let name = Text::from_static(b"caf\xe9");
/// assert!(name.to_str().is_err());
/// assert_eq!(name.to_string(), "caf\u{fffd}");
/// assert_eq!(name.as_bytes(), b"caf\xe9");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Bytes);

impl Text {
    /// A text of static bytes, without allocating.
    #[must_use]
    pub const fn from_static(bytes: &'static [u8]) -> Self {
        Self(Bytes::from_static(bytes))
    }

    /// The bytes as the daemon sent them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The shared buffer behind this text.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The same in memory of its own.
    ///
    /// A text that was received shares memory with what came together with it, up to some 64 KiB; one to be kept
    /// for long does not keep that with it, once it is detached.
    #[must_use]
    pub fn detach(self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// The text as UTF-8.
    ///
    /// # Errors
    /// Fails where the bytes are not UTF-8; [`to_string_lossy`](Self::to_string_lossy) never fails.
    pub fn to_str(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(&self.0)
    }

    /// The text with every invalid sequence shown as U+FFFD.
    #[must_use]
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A part of `whole` that shares its buffer; `part` must point into it.
    pub(crate) fn slice_of(whole: &Bytes, part: &[u8]) -> Self {
        if part.is_empty() {
            return Self::default();
        }
        Self(whole.slice_ref(part))
    }

    /// A part of it, which must point into it; `None` where that is empty.
    pub(crate) fn non_empty(&self, part: &[u8]) -> Option<Self> {
        (!part.is_empty()).then(|| Self(self.0.slice_ref(part)))
    }

    /// What stands before the first `separator`.
    pub(crate) fn before(&self, separator: u8) -> Option<Self> {
        let end = memchr::memchr(separator, &self.0)?;
        Some(Self(self.0.slice(..end)))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_string_lossy())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The same bytes are equal, have the same order and the same hash: a map by `Text` is asked by bytes.
impl Borrow<[u8]> for Text {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<Bytes> for Text {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::from_static(text.as_bytes())
    }
}

impl From<&'static [u8]> for Text {
    fn from(bytes: &'static [u8]) -> Self {
        Self::from_static(bytes)
    }
}

impl<const N: usize> From<&'static [u8; N]> for Text {
    fn from(bytes: &'static [u8; N]) -> Self {
        Self::from_static(bytes)
    }
}

/// A copy; a `&'static str` is taken over without one by [`From`].
impl FromStr for Text {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(Bytes::copy_from_slice(text.as_bytes())))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Bytes::from(text))
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::from(bytes))
    }
}

impl From<Text> for Bytes {
    fn from(text: Text) -> Self {
        text.0
    }
}

/// Fails where the bytes are not UTF-8; the error has them.
impl TryFrom<Text> for String {
    type Error = FromUtf8Error;

    fn try_from(text: Text) -> Result<Self, FromUtf8Error> {
        Self::from_utf8(text.0.into())
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        other == self
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        other == self
    }
}

impl PartialEq<Text> for String {
    fn eq(&self, other: &Text) -> bool {
        other == self
    }
}

impl PartialEq<&[u8]> for Text {
    fn eq(&self, other: &&[u8]) -> bool {
        self.as_bytes() == *other
    }
}

impl<const N: usize> PartialEq<[u8; N]> for Text {
    fn eq(&self, other: &[u8; N]) -> bool {
        self.as_bytes() == other
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for Text {
    fn eq(&self, other: &&[u8; N]) -> bool {
        self.as_bytes() == *other
    }
}

impl PartialEq<[u8]> for Text {
    fn eq(&self, other: &[u8]) -> bool {
        self.as_bytes() == other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_escapes_and_display_is_lossy() {
        let text = Text::from_static(b"a\"\xff");
        assert_eq!(format!("{text:?}"), r#""a\"\xff""#);
        assert_eq!(text.to_string(), "a\"\u{fffd}");
    }

    #[test]
    fn a_map_is_asked_by_bytes() {
        let ages = std::collections::HashMap::from([(Text::from("alice"), 30)]);
        let order = std::collections::BTreeMap::from([(Text::from("alice"), 30)]);
        assert_eq!(ages.get(b"alice".as_slice()), Some(&30));
        assert_eq!(order.get(b"alice".as_slice()), Some(&30));
    }

    #[test]
    fn a_string_is_made_where_it_is_utf_8() {
        assert_eq!(String::try_from(Text::from("alice")).unwrap(), "alice");
        let error = String::try_from(Text::from_static(b"\xff")).unwrap_err();
        assert_eq!(error.into_bytes(), b"\xff");
        let (alice, owned) = (Text::from("alice"), String::from("alice"));
        assert!("alice" == alice && alice == owned && *"bob" != alice);
    }

    #[test]
    fn display_honours_width() {
        assert_eq!(format!("[{:>4}]", Text::from("ab")), "[  ab]");
    }
}
