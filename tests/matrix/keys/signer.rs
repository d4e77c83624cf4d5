//! Signs as `>PK_SIGN:` asks, with the `openssl` program.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use lab::KeyKind;
use openvpn_mgmt::events::{PkSign, SaltLength, SignAlgorithm};

/// A private key in a file.
pub struct Signer {
    key: PathBuf,
    rsa: bool,
}

const RAW: &str = "rsa_padding_mode:none";
const PSS_SHA256: [&str; 3] = ["rsa_padding_mode:pss", "digest:sha256", "rsa_pss_saltlen:digest"];

impl Signer {
    pub fn new(key: &Path, kind: &KeyKind) -> Self {
        Self { key: key.to_owned(), rsa: *kind == KeyKind::Rsa }
    }

    /// The signature of a request.
    pub fn sign(&self, request: &PkSign) -> Result<Vec<u8>> {
        let options = options(request, self.rsa)?;
        // `-sign` takes a hash at most; to decrypt without padding is the same arithmetic.
        let operation = if options == [RAW] { "-decrypt" } else { "-sign" };
        let mut command = Command::new("openssl");
        command.args(["pkeyutl", operation, "-inkey"]).arg(&self.key);
        for option in options {
            match option.strip_prefix("digest:") {
                Some(digest) if request.is_message => command.args(["-digest", digest]),
                _ => command.args(["-pkeyopt", &option]),
            };
        }
        if request.is_message {
            command.arg("-rawin");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("openssl does not run")?;
        child.stdin.take().context("no input")?.write_all(&request.data)?;
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "{command:?} for {request:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(output.stdout)
    }
}

/// How `openssl pkeyutl` says what is asked for.
fn options(request: &PkSign, rsa: bool) -> Result<Vec<String>> {
    let mut options: Vec<String> = Vec::new();
    let hashed = |hash: &openvpn_mgmt::Text, options: &mut Vec<String>| {
        options.push(format!("digest:{}", hash.to_string().to_lowercase()));
    };
    match &request.algorithm {
        // Client versions 1 and 2 are not told; only a padded block is as long as the key.
        None if request.data.len() == 256 => options.push(RAW.into()),
        // A bare hash: TLS 1.3 has RSA-PSS and nothing else.
        None if rsa && request.data.len() == 32 => options.extend(PSS_SHA256.map(str::to_owned)),
        None | Some(SignAlgorithm::RsaPkcs1Padding { hash: None, .. }) => {}
        Some(SignAlgorithm::RsaPkcs1Padding { hash: Some(hash), .. }) => {
            options.push("rsa_padding_mode:pkcs1".into());
            hashed(hash, &mut options);
        }
        Some(SignAlgorithm::RsaNoPadding) => options.push(RAW.into()),
        Some(SignAlgorithm::RsaPkcs1PssPadding { hash, salt_length, .. }) => {
            options.push("rsa_padding_mode:pss".into());
            hashed(hash, &mut options);
            let length = match salt_length {
                SaltLength::Digest => "digest".to_owned(),
                SaltLength::Max => "max".to_owned(),
                other => other.to_string(),
            };
            options.push(format!("rsa_pss_saltlen:{length}"));
        }
        Some(SignAlgorithm::Ecdsa { hash, .. }) => {
            if let Some(hash) = hash {
                hashed(hash, &mut options);
            }
        }
        Some(other) => anyhow::bail!("no key of the lab signs {other}"),
    }
    Ok(options)
}
