//! Keys and certificates made on the fly, valid for this lab only.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// What kind of key a certificate is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum KeyKind {
    /// P-256.
    #[default]
    Ec,
    /// 2048 bits; needs the `openssl` program.
    Rsa,
    /// P-256, the file encrypted with this password; needs the `openssl` program.
    Encrypted(String),
}

/// The files of one certificate.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate, PEM.
    pub cert: PathBuf,
    /// The private key, PEM (PKCS#8).
    pub key: PathBuf,
}

/// The authority both sides trust (`ca.crt`), and what it has signed.
pub(super) struct Authority {
    dir: PathBuf,
    certificate: Certificate,
    key: KeyPair,
    made: HashMap<(String, KeyKind), Identity>,
}

impl Authority {
    pub(super) fn new(dir: &Path) -> Result<Self> {
        let mut params = named("lab-ca")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        std::fs::write(dir.join("ca.crt"), certificate.pem())?;
        Ok(Self { dir: dir.to_owned(), certificate, key, made: HashMap::new() })
    }

    pub(super) fn identity(&mut self, name: &str, kind: &KeyKind) -> Result<Identity> {
        let wanted = (name.to_owned(), kind.clone());
        if let Some(identity) = self.made.get(&wanted) {
            return Ok(identity.clone());
        }
        let file = |end: &str| self.dir.join(format!("id{}.{end}", self.made.len()));
        let identity = Identity { cert: file("crt"), key: file("key") };
        let key = make_key(kind, &identity.key)?;
        std::fs::write(&identity.cert, self.sign(name, &key)?)?;
        self.made.insert(wanted, identity.clone());
        Ok(identity)
    }

    fn sign(&self, name: &str, key: &KeyPair) -> Result<String> {
        let mut params = named(name)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // Old and new daemons look at this to tell servers from clients.
        params.extended_key_usages = vec![if name == "server" {
            ExtendedKeyUsagePurpose::ServerAuth
        } else {
            ExtendedKeyUsagePurpose::ClientAuth
        }];
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(key, &self.certificate, &self.key)?.pem())
    }
}

fn named(name: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

/// Makes a key, writes its file and hands back what the certificate needs.
fn make_key(kind: &KeyKind, file: &Path) -> Result<KeyPair> {
    match kind {
        KeyKind::Ec => {
            let key = KeyPair::generate()?;
            write_private(file, &key.serialize_pem())?;
            Ok(key)
        }
        KeyKind::Rsa => {
            let size = "rsa_keygen_bits:2048";
            openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", size], None, file)?;
            Ok(KeyPair::from_pem(&std::fs::read_to_string(file)?)?)
        }
        KeyKind::Encrypted(password) => {
            let key = KeyPair::generate()?;
            let plain = file.with_extension("plain");
            write_private(&plain, &key.serialize_pem())?;
            let plain = plain.to_str().context("the lab's path is not UTF-8")?;
            let options = ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", plain];
            openssl(
                &[&options[..], &["-passout", "env:LAB_PASSWORD"]].concat(),
                Some(password),
                file,
            )?;
            std::fs::remove_file(plain)?;
            Ok(key)
        }
    }
}

fn openssl(arguments: &[&str], password: Option<&str>, file: &Path) -> Result<()> {
    write_private(file, "")?;
    let mut command = Command::new("openssl");
    command.args(arguments).arg("-out").arg(file).stdin(Stdio::null());
    if let Some(password) = password {
        command.env("LAB_PASSWORD", password);
    }
    let output = command.output().context("the openssl program is needed and does not run")?;
    if !output.status.success() {
        bail!("openssl {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// For its owner's eyes only: the daemon warns about anything else in its log.
pub(super) fn write_private(file: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    options.open(file)?.write_all(text.as_bytes())?;
    Ok(())
}
