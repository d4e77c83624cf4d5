//! `>PK_SIGN:` and `>RSA_SIGN:`

#[cfg(feature = "serde")]
mod json;

use std::fmt;

use bytes::Bytes;

use crate::types::grammar::{Problem, number, split_once};
use crate::types::{Line, Text, WriteError, base64};

/// `>PK_SIGN:base64,ALG` or `>RSA_SIGN:base64`: the daemon needs a signature by a key it
/// does not have (`management-external-key`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PkSign {
    /// Which command answers.
    pub command: SignCommand,
    /// What to sign, decoded.
    pub data: Bytes,
    /// What to sign, as the daemon sent it.
    pub base64: Text,
    /// How to sign; `None` before client version 3 (`version 3`), where only the form of
    /// the data tells: padded already, a `DigestInfo` (PKCS#1), a bare hash (PSS, or ECDSA), or a
    /// whole message.
    pub algorithm: Option<SignAlgorithm>,
    /// Whether [`data`](Self::data) is the whole message, to be hashed first, and not
    /// its digest: only with `management-external-key digest` (OpenVPN 2.6).
    pub is_message: bool,
}

/// The command that answers a request for a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum SignCommand {
    /// `pk-sig`, for `>PK_SIGN:`.
    PkSig,
    /// `rsa-sig`, for `>RSA_SIGN:`, which is asked before `version 2`.
    RsaSig,
}

/// How to sign. The hash names are OpenSSL's short ones, such as `SHA256`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignAlgorithm {
    /// `RSA_PKCS1_PADDING`: RSA with PKCS#1 v1.5 padding. A digest comes with its
    /// `DigestInfo` header, ready to be padded.
    #[non_exhaustive]
    RsaPkcs1Padding {
        /// The hash, where the data is a message.
        hash: Option<Text>,
    },
    /// `RSA_NO_PADDING`: bare RSA; the data is padded already.
    RsaNoPadding,
    /// `RSA_PKCS1_PSS_PADDING,hashalg=HASH,saltlen=LENGTH`: RSA with PSS padding.
    #[non_exhaustive]
    RsaPkcs1PssPadding {
        /// The hash, of the data and of the mask.
        hash: Text,
        /// The length of the salt.
        salt_length: SaltLength,
    },
    /// `ECDSA`
    #[non_exhaustive]
    Ecdsa {
        /// The hash, where the data is a message.
        hash: Option<Text>,
    },
    /// `ED25519`
    Ed25519,
    /// `ED448`
    Ed448,
    /// Anything else, or one of these with parameters this crate does not know.
    Other(Text),
}

/// The length of a PSS salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SaltLength {
    /// `digest`: as long as the digest.
    Digest,
    /// `max`: as long as key and hash allow.
    Max,
    /// `auto`: the signer chooses.
    Auto,
    /// A number of bytes.
    Bytes(u32),
}

impl PkSign {
    /// Asks for a signature of `data`, in a way that only its form tells.
    #[must_use]
    pub fn new(command: SignCommand, data: &[u8]) -> Self {
        Self {
            command,
            data: Bytes::copy_from_slice(data),
            base64: base64::encode(data).as_str().to_owned().into(),
            algorithm: None,
            is_message: false,
        }
    }

    /// Parameters are written in OpenVPN's order.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        const WHAT: &str = "data or algorithm";
        match self.command {
            SignCommand::RsaSig => {
                let line = Line::event(out, "RSA_SIGN").text("data", &self.base64);
                line.reads_as(WHAT, self, Self::parse_rsa_sign).end()
            }
            SignCommand::PkSig => {
                let line = Line::event(out, "PK_SIGN").text("data", &self.base64);
                let line = match &self.algorithm {
                    Some(algorithm) => algorithm.write(line.raw(","), self.is_message),
                    None => line,
                };
                line.reads_as(WHAT, self, Self::parse_pk_sign).end()
            }
        }
    }

    pub(super) fn parse_pk_sign(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        let Some((base64, algorithm)) = split_once(body, b",") else {
            return Self::read(line, SignCommand::PkSig, body);
        };
        let (algorithm, is_message) = SignAlgorithm::from_wire(line, algorithm);
        let request = Self::read(line, SignCommand::PkSig, base64)?;
        Ok(Self { algorithm: Some(algorithm), is_message, ..request })
    }

    pub(super) fn parse_rsa_sign(line: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        Self::read(line, SignCommand::RsaSig, body)
    }

    fn read(line: &Bytes, command: SignCommand, data: &[u8]) -> Result<Self, Problem> {
        if data.is_empty() {
            return Err(Problem("there is nothing to sign"));
        }
        let decoded = base64::decode(data).ok_or(Problem("the data is not base64"))?;
        Ok(Self {
            command,
            data: Bytes::copy_from_slice(decoded.expose()),
            base64: Text::slice_of(line, data),
            algorithm: None,
            is_message: false,
        })
    }
}

impl SignAlgorithm {
    /// RSA with PSS padding.
    #[must_use]
    pub fn pss(hash: impl Into<Text>, salt_length: SaltLength) -> Self {
        Self::RsaPkcs1PssPadding { hash: hash.into(), salt_length }
    }

    /// RSA with PKCS#1 v1.5 padding.
    #[must_use]
    pub fn pkcs1(hash: Option<Text>) -> Self {
        Self::RsaPkcs1Padding { hash }
    }

    /// ECDSA.
    #[must_use]
    pub fn ecdsa(hash: Option<Text>) -> Self {
        Self::Ecdsa { hash }
    }

    fn write<'a>(&self, line: Line<'a>, is_message: bool) -> Line<'a> {
        let (name, hash, salt_length) = match self {
            Self::RsaPkcs1Padding { hash } => ("RSA_PKCS1_PADDING", hash.as_ref(), None),
            Self::RsaNoPadding => ("RSA_NO_PADDING", None, None),
            Self::RsaPkcs1PssPadding { hash, salt_length } => {
                ("RSA_PKCS1_PSS_PADDING", Some(hash), Some(salt_length))
            }
            Self::Ecdsa { hash } => ("ECDSA", hash.as_ref(), None),
            Self::Ed25519 => ("ED25519", None, None),
            Self::Ed448 => ("ED448", None, None),
            Self::Other(text) => return line.text("algorithm", text),
        };
        let line = line.raw(name);
        let line = match hash {
            Some(hash) => line.raw(",hashalg=").text("hash", hash),
            None => line,
        };
        let line = match salt_length {
            Some(length) => line.raw(",saltlen=").number(length),
            None => line,
        };
        if is_message { line.raw(",data=message") } else { line }
    }

    /// The algorithm, and whether the data is a message.
    pub(super) fn from_wire(line: &Bytes, input: &[u8]) -> (Self, bool) {
        let mut parameters = Parameters::default();
        let mut parts = input.split(|byte| *byte == b',');
        let name = parts.next().unwrap_or_default();
        let read = parts.all(|part| parameters.read(part).is_some());
        let known = if read { Self::known(line, name, &parameters) } else { None };
        let algorithm = known.unwrap_or_else(|| Self::Other(Text::slice_of(line, input)));
        (algorithm, parameters.is_message)
    }

    fn known(line: &Bytes, name: &[u8], parameters: &Parameters<'_>) -> Option<Self> {
        let hash = parameters.hash.map(|hash| Text::slice_of(line, hash));
        match (name, hash, parameters.salt_length) {
            (b"RSA_PKCS1_PADDING", hash, None) => Some(Self::RsaPkcs1Padding { hash }),
            (b"RSA_NO_PADDING", None, None) => Some(Self::RsaNoPadding),
            (b"RSA_PKCS1_PSS_PADDING", Some(hash), Some(salt_length)) => {
                Some(Self::RsaPkcs1PssPadding { hash, salt_length })
            }
            (b"ECDSA", hash, None) => Some(Self::Ecdsa { hash }),
            (b"ED25519", None, None) => Some(Self::Ed25519),
            (b"ED448", None, None) => Some(Self::Ed448),
            _ => None,
        }
    }
}

/// What follows the name of an algorithm.
#[derive(Default)]
struct Parameters<'a> {
    hash: Option<&'a [u8]>,
    salt_length: Option<SaltLength>,
    is_message: bool,
}

impl<'a> Parameters<'a> {
    /// `None` where the parameter is not known, has no value, or comes twice.
    fn read(&mut self, part: &'a [u8]) -> Option<()> {
        match split_once(part, b"=")? {
            (b"hashalg", hash) if !hash.is_empty() && self.hash.is_none() => {
                self.hash = Some(hash);
            }
            (b"saltlen", length) if self.salt_length.is_none() => {
                self.salt_length = Some(SaltLength::from_wire(length)?);
            }
            (b"data", b"message") if !self.is_message => self.is_message = true,
            _ => return None,
        }
        Some(())
    }
}

impl SaltLength {
    pub(super) fn from_wire(length: &[u8]) -> Option<Self> {
        match length {
            b"digest" => Some(Self::Digest),
            b"max" => Some(Self::Max),
            b"auto" => Some(Self::Auto),
            _ => number(length).map(Self::Bytes),
        }
    }
}

impl fmt::Display for SaltLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest => f.write_str("digest"),
            Self::Max => f.write_str("max"),
            Self::Auto => f.write_str("auto"),
            Self::Bytes(length) => write!(f, "{length}"),
        }
    }
}

/// The wire's own form.
impl fmt::Display for SignAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, hash) = match self {
            Self::RsaPkcs1Padding { hash } => ("RSA_PKCS1_PADDING", hash.as_ref()),
            Self::RsaNoPadding => ("RSA_NO_PADDING", None),
            Self::RsaPkcs1PssPadding { hash, salt_length } => {
                return write!(f, "RSA_PKCS1_PSS_PADDING,hashalg={hash},saltlen={salt_length}");
            }
            Self::Ecdsa { hash } => ("ECDSA", hash.as_ref()),
            Self::Ed25519 => ("ED25519", None),
            Self::Ed448 => ("ED448", None),
            Self::Other(text) => return write!(f, "{text}"),
        };
        f.write_str(name)?;
        hash.map_or(Ok(()), |hash| write!(f, ",hashalg={hash}"))
    }
}

impl fmt::Display for PkSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs a signature of {} bytes", self.data.len())?;
        self.algorithm.as_ref().map_or(Ok(()), |algorithm| write!(f, " ({algorithm})"))
    }
}

#[cfg(test)]
#[path = "pk_sign/tests.rs"]
mod tests;
