//! The JSON of a [`PkSign`]. What is to be signed is in it as it came, in base64.

use serde::{Serialize, Serializer};

use super::{PkSign, SaltLength, SignAlgorithm, SignCommand};
use crate::types::Text;

#[derive(Serialize)]
struct Shown<'a> {
    command: SignCommand,
    base64: &'a Text,
    algorithm: Option<&'a SignAlgorithm>,
    is_message: bool,
}

impl Serialize for PkSign {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { command, data: _, base64, algorithm, is_message } = self;
        let (command, is_message) = (*command, *is_message);
        Shown { command, base64, algorithm: algorithm.as_ref(), is_message }.serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ShownAlgorithm<'a> {
    RsaPkcs1Padding { hash: Option<&'a Text> },
    RsaNoPadding,
    RsaPkcs1PssPadding { hash: &'a Text, salt_length: SaltLength },
    Ecdsa { hash: Option<&'a Text> },
    Ed25519,
    Ed448,
    Other { text: &'a Text },
}

impl Serialize for SignAlgorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = match self {
            Self::RsaPkcs1Padding { hash } => {
                ShownAlgorithm::RsaPkcs1Padding { hash: hash.as_ref() }
            }
            Self::RsaNoPadding => ShownAlgorithm::RsaNoPadding,
            Self::RsaPkcs1PssPadding { hash, salt_length } => {
                ShownAlgorithm::RsaPkcs1PssPadding { hash, salt_length: *salt_length }
            }
            Self::Ecdsa { hash } => ShownAlgorithm::Ecdsa { hash: hash.as_ref() },
            Self::Ed25519 => ShownAlgorithm::Ed25519,
            Self::Ed448 => ShownAlgorithm::Ed448,
            Self::Other(text) => ShownAlgorithm::Other { text },
        };
        shown.serialize(serializer)
    }
}

/// A number of bytes, or a word.
impl Serialize for SaltLength {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bytes(length) => serializer.serialize_u32(*length),
            word => serializer.collect_str(word),
        }
    }
}
