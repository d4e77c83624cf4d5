//! Keys outside the daemon: `pk-sig`, `rsa-sig`, `certificate`, `pkcs11-id-*`.

use std::fmt;

use super::received::{Line, Parse, TOO_FEW, numeric, parse_name, utf8};
use super::{Command, Dialect, Encoded, Fence, Kind, ReplyShape, Sealed, Writer, require};
use crate::error::{Error, Result, invalid};
use crate::events::{self, Event};
use crate::reply::RawReply;
use crate::types::grammar::Problem;
use crate::types::{ArgumentProblem, Feature, base64, limits, shown};

/// The reply is about the prompt that was answered, not about the command, and OpenVPN 3 has a word of its own.
const SIGNED: &[&str] =
    &["pk-sign command", "rsa-sign command", "pk-sig command", "rsa-sig command"];

const BLOCK_WHY: &str = "the daemon loses longer lines that stand among others";

/// `pk-sig`, base64 lines, `END`: answers `>PK_SIGN:`. OpenVPN 2.5.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PkSig {
    /// The signature itself, not in base64.
    pub signature: Vec<u8>,
}

impl PkSig {
    /// The signature itself; base64 is done here.
    pub fn new(signature: impl Into<Vec<u8>>) -> Self {
        Self { signature: signature.into() }
    }
}

impl Command for PkSig {
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        const NAME: &str = "pk-sig";
        let encoded = signature(NAME, &self.signature)?;
        require(NAME, dialect, Feature::PkSig)?;
        Ok(encoded)
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for PkSig {}

impl Parse for PkSig {
    const NAMES: &[&str] = &["pk-sig"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        Ok(Self::new(line.decoded()?.expose()))
    }
}

impl fmt::Debug for PkSig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PkSig({} bytes)", self.signature.len())
    }
}

/// `rsa-sig`, base64 lines, `END`: answers `>RSA_SIGN:`.
///
/// Deprecated by OpenVPN since 2.5 in favour of [`PkSig`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RsaSig {
    /// The signature itself, not in base64.
    pub signature: Vec<u8>,
}

impl RsaSig {
    /// The signature itself; base64 is done here.
    pub fn new(signature: impl Into<Vec<u8>>) -> Self {
        Self { signature: signature.into() }
    }
}

impl Command for RsaSig {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        signature("rsa-sig", &self.signature)
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for RsaSig {}

impl Parse for RsaSig {
    const NAMES: &[&str] = &["rsa-sig"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        Ok(Self::new(line.decoded()?.expose()))
    }
}

impl fmt::Debug for RsaSig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaSig({} bytes)", self.signature.len())
    }
}

/// `certificate`, PEM lines, `END`: answers `>NEED-CERTIFICATE:`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// The certificate as PEM text, each line ended by LF.
    pub pem: String,
}

impl Certificate {
    /// The certificate as PEM text. Blank lines and line ends are dropped; everything else goes as it is.
    pub fn new(pem: impl Into<String>) -> Self {
        let pem: String = pem.into();
        let lines = pem.lines().map(str::trim_end).filter(|line| !line.is_empty());
        Self { pem: lines.fold(String::new(), |pem, line| pem + line + "\n") }
    }
}

impl Command for Certificate {
    type Reply = ();

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        const NAME: &str = "certificate";
        if !self.pem.contains("-----BEGIN ") {
            let problem = ArgumentProblem::Other("is not PEM: it has no `-----BEGIN` line");
            return Err(invalid(NAME, NAME, problem));
        }
        let mut block = Writer::new(NAME).block();
        for line in self.pem.lines() {
            block = block.line(NAME, line.as_bytes(), limits::CERTIFICATE_LINE, BLOCK_WHY)?;
        }
        let encoded = block.end(ReplyShape::Fenced(Fence::AfterRefusal));
        Ok(encoded.expect("certificate command").kind(Kind::Late))
    }

    fn read(&self, _: &RawReply) -> Result<()> {
        Ok(())
    }
}

impl Sealed for Certificate {}

impl Parse for Certificate {
    const NAMES: &[&str] = &["certificate"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        let mut pem = String::new();
        for line in line.lines()? {
            pem.push_str(&utf8(line)?);
            pem.push('\n');
        }
        Ok(Self::new(pem))
    }
}

/// `pkcs11-id-count`: how many identities the PKCS#11 tokens have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pkcs11IdCount;

impl Command for Pkcs11IdCount {
    type Reply = events::Pkcs11IdCount;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        Ok(Writer::new("pkcs11-id-count").line(ReplyShape::Event("PKCS11ID-COUNT:")))
    }

    fn read(&self, reply: &RawReply) -> Result<events::Pkcs11IdCount> {
        match event(reply) {
            Some(Event::Pkcs11IdCount(count)) => Ok(count),
            _ => Err(unexpected("pkcs11-id-count", "`PKCS11ID-COUNT:N`", reply)),
        }
    }
}

impl Sealed for Pkcs11IdCount {}

parse_name! { Pkcs11IdCount by "pkcs11-id-count" }

/// `pkcs11-id-get N`: one identity, from 0; out of range, an entry without ID and certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pkcs11IdGet(pub u32);

impl Command for Pkcs11IdGet {
    type Reply = events::Pkcs11IdEntry;

    fn encode(&self, _: Dialect) -> Result<Encoded> {
        let writer = Writer::new("pkcs11-id-get").number(self.0);
        Ok(writer.line(ReplyShape::Event("PKCS11ID-ENTRY:")))
    }

    fn read(&self, reply: &RawReply) -> Result<events::Pkcs11IdEntry> {
        const EXPECTED: &str = "`PKCS11ID-ENTRY:'N', ID:'…', BLOB:'…'`";
        match event(reply) {
            Some(Event::Pkcs11IdEntry(entry)) => Ok(entry),
            _ => Err(unexpected("pkcs11-id-get", EXPECTED, reply)),
        }
    }
}

impl Sealed for Pkcs11IdGet {}

impl Parse for Pkcs11IdGet {
    const NAMES: &[&str] = &["pkcs11-id-get"];

    fn parse(line: &Line<'_>) -> Result<Self, Problem> {
        match line.arguments {
            [index, ..] => numeric(index, "has an index that is no number").map(Self),
            [] => Err(TOO_FEW),
        }
    }
}

fn signature(name: &'static str, signature: &[u8]) -> Result<Encoded> {
    if signature.is_empty() {
        return Err(invalid(name, "signature", ArgumentProblem::Empty));
    }
    let mut block = Writer::new(name).block();
    for line in base64::encode(signature).as_bytes().chunks(limits::BASE64_LINE) {
        block = block.line("signature", line, limits::BASE64_LINE, BLOCK_WHY)?;
    }
    let encoded = block.end(ReplyShape::Fenced(Fence::AfterRefusal));
    Ok(encoded.expect_one_of(SIGNED).kind(Kind::Late))
}

/// These replies come in the form of events.
fn event(reply: &RawReply) -> Option<Event> {
    reply.lines.first().map(Event::parse)
}

fn unexpected(command: &'static str, expected: &'static str, reply: &RawReply) -> Error {
    let line = shown(&reply.lines.first().cloned().unwrap_or_default().into());
    Error::UnexpectedReply { command, expected, line }
}
