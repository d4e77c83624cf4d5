//! [`Blocks`]: which commands begin a block.

use bytes::Bytes;

use crate::types::Text;

/// Which commands a daemon waits for a block of, up to its `END`.
///
/// A daemon takes a block only where it wants one: that of `pk-sig` after `>PK_SIGN:`, that of `client-auth` always.
/// Where it does not, each line of the block, and its `END`, is a command of its own, and comes as one.
///
/// By default `client-auth` begins a block and the others do not.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is one command's, and none excludes another"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks {
    client_auth: bool,
    client_pf: bool,
    signature: bool,
    certificate: bool,
    /// The type that is asked for.
    password: Option<Text>,
}

impl Default for Blocks {
    fn default() -> Self {
        Self {
            client_auth: true,
            client_pf: false,
            signature: false,
            certificate: false,
            password: None,
        }
    }
}

impl Blocks {
    /// Sets whether `client-auth CID KID` begins one; it does where both are numbers.
    pub fn client_auth(&mut self, wanted: bool) -> &mut Self {
        self.client_auth = wanted;
        self
    }

    /// Sets whether `client-pf CID` begins one, as in OpenVPN 2.5; it does where the ID is a number.
    pub fn client_pf(&mut self, wanted: bool) -> &mut Self {
        self.client_pf = wanted;
        self
    }

    /// Sets whether `pk-sig` and `rsa-sig` begin one: for the first of them, once.
    pub fn signature(&mut self, wanted: bool) -> &mut Self {
        self.signature = wanted;
        self
    }

    /// Sets whether `certificate` begins one: for the first, once.
    pub fn certificate(&mut self, wanted: bool) -> &mut Self {
        self.certificate = wanted;
        self
    }

    /// Sets whether `password TYPE` begins one, as from OpenVPN 2.7.2 on after `version 5`: that of this type.
    pub fn password(&mut self, wanted: Option<impl AsRef<[u8]>>) -> &mut Self {
        self.password = wanted.map(|kind| Bytes::copy_from_slice(kind.as_ref()).into());
        self
    }

    /// Whether the parameters of a line begin a block.
    pub(super) fn begin(&mut self, parameters: &[&[u8]]) -> bool {
        match parameters {
            [b"client-auth", cid, kid, ..] => self.client_auth && scans(cid) && scans(kid),
            [b"client-pf", cid, ..] => self.client_pf && scans(cid),
            [b"pk-sig" | b"rsa-sig", ..] => std::mem::take(&mut self.signature),
            [b"certificate", ..] => std::mem::take(&mut self.certificate),
            [b"password", kind] => {
                self.password.as_ref().is_some_and(|wanted| wanted.as_bytes() == *kind)
            }
            _ => false,
        }
    }
}

/// Whether C's `sscanf` finds a number at the start.
fn scans(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    digits.first().is_some_and(u8::is_ascii_digit)
}
