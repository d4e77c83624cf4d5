//! The reply of `version`, and the version numbers in a daemon's title.

#[cfg(feature = "serde")]
mod json;

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use super::fields::{number, split_once};
use super::{RawReply, WriteError, WriteReply, WriteRow as _, unexpected};
use crate::error::Result;
use crate::types::{Dialect, Line, ParseError, Text, block};

/// What a daemon says it is: `OpenVPN Version: …` and `Management Version: 5`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "json::Said")
)]
pub struct Version {
    /// The title of the daemon: `OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] …`.
    pub daemon: Text,
    /// The version number in the title; `None` where the title has another form.
    pub version: Option<DaemonVersion>,
    /// What the daemon was built for: `x86_64-pc-linux-gnu`, `Windows`.
    pub platform: Option<Text>,
    /// What it was built with, the words in brackets: `SSL (OpenSSL)`, `LZO`, `PKCS11`.
    pub features: Vec<Text>,
    /// The version of the management protocol: 1 in OpenVPN 2.4, 6 since 2.7.2. Also read from a line
    /// `Management Interface Version: 5`, as some programs between a daemon and its manager send.
    pub management: u32,
    /// Any other line of the reply.
    pub other: Vec<Text>,
}

impl Version {
    /// A daemon with this title, `OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] …`, and management version.
    #[must_use]
    pub fn new(title: impl Into<Text>, management: u32) -> Self {
        Self::of(&title.into().into_bytes(), management, Vec::new())
    }

    /// Reads the reply of `version`.
    ///
    /// # Errors
    /// Fails with [`UnexpectedReply`](crate::Error::UnexpectedReply) where either line
    /// is missing or the management version is no number.
    pub fn parse(reply: &RawReply) -> Result<Self> {
        let mut daemon = None;
        let mut management = None;
        let mut other = Vec::new();
        for line in &reply.lines {
            if let (None, Some(title)) = (&daemon, labelled(line, b"OpenVPN Version")) {
                daemon = Some(line.slice_ref(title));
            } else if let (None, Some(version)) = (management, management_version(line)) {
                management = Some(version);
            } else {
                other.push(Text::from(line.clone()));
            }
        }
        let expected = "an `OpenVPN Version:` and a `Management Version:` line";
        let (Some(daemon), Some(management)) = (daemon, management) else {
            return Err(unexpected("version", expected, reply.lines.first()));
        };
        Ok(Self::of(&daemon, management, other))
    }

    /// Whether the daemon was built with `feature`, such as `DCO` or `PKCS11`.
    #[must_use]
    pub fn has_feature(&self, feature: &str) -> bool {
        self.features.iter().any(|known| *known == feature)
    }

    /// Adds to a dialect what this tells beside the management version.
    pub(crate) fn add_to(&self, dialect: Dialect) -> Dialect {
        let dialect = dialect.with_pkcs11(self.has_feature("PKCS11"));
        match &self.version {
            Some(release) => dialect.with_release(release.major, release.minor),
            None => dialect,
        }
    }

    fn of(daemon: &Bytes, management: u32, other: Vec<Text>) -> Self {
        let (platform, features) = platform_and_features(daemon);
        let daemon = Text::from(daemon.clone());
        Self {
            version: DaemonVersion::from_title(&daemon),
            daemon,
            platform,
            features,
            management,
            other,
        }
    }
}

/// The dialect of such a daemon, to which no client version was announced.
impl From<&Version> for Dialect {
    fn from(version: &Version) -> Self {
        version.add_to(Self::new(version.management))
    }
}

/// Writes the title, the management version and the other lines, in this order.
impl WriteReply for Version {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let title = self.daemon.clone().into_bytes();
        let agrees = *self == Self::of(&title, self.management, self.other.clone());
        block(out, |out| {
            let line = Line::reply(out, "OpenVPN Version: ").text("title", &self.daemon);
            line.check(agrees, "title", "says another version, platform or feature").end()?;
            Line::reply(out, "Management Version: ").number(self.management).end()?;
            self.other.iter().try_for_each(|line| line.write_row(out))
        })
    }
}

/// A version number of OpenVPN: `2.6.14`, `2.7_rc1`.
///
/// Ordered by its numbers; one without a patch number (`2.7_rc1`, `2.7_git`) comes
/// before `2.7.0`, as a release candidate does. Suffixes of equal numbers are
/// ordered as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DaemonVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number, where there is one.
    pub patch: Option<u32>,
    /// What follows the numbers: `_rc1`, `_git`, or nothing.
    pub suffix: Text,
}

impl DaemonVersion {
    /// A released version, such as 2.6.14.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch: Some(patch), suffix: Text::from_static(b"") }
    }

    /// Reads the version out of a daemon's title, `OpenVPN 2.6.14 …`.
    #[must_use]
    pub fn from_title(title: &Text) -> Option<Self> {
        let bytes = title.as_bytes();
        let rest = bytes.strip_prefix(b"OpenVPN ")?;
        let word = rest.split(|&byte| byte == b' ').next()?;
        Self::parse_word(&title.clone().into_bytes(), word)
    }

    fn parse_word(whole: &Bytes, word: &[u8]) -> Option<Self> {
        let (major, rest) = split_once(word, b'.')?;
        let (minor, rest) = split_digits(rest);
        let (patch, suffix) = match rest.strip_prefix(b".") {
            Some(rest) => {
                let (patch, suffix) = split_digits(rest);
                (Some(number(patch)?), suffix)
            }
            None => (None, rest),
        };
        Some(Self {
            major: number(major)?,
            minor: number(minor)?,
            patch,
            suffix: Text::slice_of(whole, suffix),
        })
    }
}

/// Reads `2.6.14` or `2.7_rc1`.
impl FromStr for DaemonVersion {
    type Err = ParseError;

    fn from_str(version: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is not two or three numbers, as `2.6.14` and `2.7_rc1` are";
        let whole = Bytes::copy_from_slice(version.as_bytes());
        let read = if version.contains(' ') { None } else { Self::parse_word(&whole, &whole) };
        read.ok_or(ParseError::new("a version of OpenVPN", PROBLEM))
    }
}

impl fmt::Display for DaemonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if let Some(patch) = self.patch {
            write!(f, ".{patch}")?;
        }
        write!(f, "{}", self.suffix)
    }
}

fn labelled<'a>(line: &'a [u8], label: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(label)?.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

fn management_version(line: &[u8]) -> Option<u32> {
    // The second is what openvpn-auth-oauth2 says in the place of a daemon.
    let labels = [&b"Management Version"[..], b"Management Interface Version"];
    number(labels.into_iter().find_map(|label| labelled(line, label))?)
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at(digits)
}

// `OpenVPN 2.6.14 [git:…] PLATFORM [SSL (OpenSSL)] [LZO] … built on May 14 2021`
fn platform_and_features(title: &Bytes) -> (Option<Text>, Vec<Text>) {
    let mut platform = None;
    let mut features = Vec::new();
    let mut rest = title.splitn(3, |&byte| byte == b' ').nth(2).unwrap_or_default();
    while !rest.is_empty() {
        if let Some((feature, after)) = bracketed(rest) {
            features.push(Text::slice_of(title, feature));
            rest = after;
        } else {
            let (word, after) = split_once(rest, b' ').unwrap_or((rest, b""));
            // A word past the features is the build date, not a platform.
            if platform.is_none() && !word.is_empty() && word != b"built" {
                platform = Some(Text::slice_of(title, word));
            }
            rest = after;
        }
    }
    (platform, features)
}

fn bracketed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (inside, after) = split_once(text.strip_prefix(b"[")?, b']')?;
    Some((inside, after.strip_prefix(b" ").unwrap_or(after)))
}

#[cfg(test)]
mod tests;
