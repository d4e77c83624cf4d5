//! Keys outside the daemon: `pk-sig`, `rsa-sig`, `certificate`, `pkcs11-id-*`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Fence, Kind, ReplyShape, Wire, Writer};
use crate::error::Result;
use crate::error::invalid;
use crate::types::ArgumentProblem;
use crate::types::limits;

/// Which of the two signature commands a request is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureCommand {
    PkSig,
    RsaSig,
}

/// The reply is about the prompt that was answered, not about the command, and OpenVPN 3 has a word of its own.
const SIGNED: &[&str] =
    &["pk-sign command", "rsa-sign command", "pk-sig command", "rsa-sig command"];

const BLOCK_WHY: &str = "the daemon loses longer lines that stand among others";

pub(crate) fn signature(command: SignatureCommand, signature: &[u8]) -> Result<Wire> {
    let name = match command {
        SignatureCommand::PkSig => "pk-sig",
        SignatureCommand::RsaSig => "rsa-sig",
    };
    if signature.is_empty() {
        return Err(invalid(name, "signature", ArgumentProblem::Empty));
    }
    let mut block = Writer::new(name).block();
    for line in STANDARD.encode(signature).as_bytes().chunks(limits::BASE64_LINE) {
        block = block.line("signature", line, limits::BASE64_LINE, BLOCK_WHY)?;
    }
    Ok(block.end(ReplyShape::Fenced(Fence::AfterRefusal)).expect_one_of(SIGNED).kind(Kind::Late))
}

/// Blank lines and line ends of the PEM text are ours to drop; everything else goes as it is.
pub(crate) fn certificate(pem: &str) -> Result<Wire> {
    const NAME: &str = "certificate";
    if !pem.contains("-----BEGIN ") {
        let problem = ArgumentProblem::Other("is not PEM: it has no `-----BEGIN` line");
        return Err(invalid(NAME, NAME, problem));
    }
    let mut block = Writer::new(NAME).block();
    for line in pem.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        block = block.line(NAME, line.as_bytes(), limits::CERTIFICATE_LINE, BLOCK_WHY)?;
    }
    Ok(block
        .end(ReplyShape::Fenced(Fence::AfterRefusal))
        .expect("certificate command")
        .kind(Kind::Late))
}

pub(crate) fn pkcs11_id_count() -> Wire {
    Writer::new("pkcs11-id-count").line(ReplyShape::Event("PKCS11ID-COUNT:"))
}

pub(crate) fn pkcs11_id_get(index: u32) -> Wire {
    Writer::new("pkcs11-id-get").number(index).line(ReplyShape::Event("PKCS11ID-ENTRY:"))
}
