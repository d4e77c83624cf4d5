//! A PKCS#11 token in software.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::certificates::Identity;

/// The file `SOFTHSM2_CONF` names, in the lab's folder.
pub(super) const CONFIGURATION: &str = "softhsm2.conf";

/// A SoftHSM token with one certificate and its key, seen by the lab's daemons.
#[derive(Debug)]
pub struct Token {
    module: PathBuf,
}

impl Token {
    /// What unlocks the token.
    pub const PIN: &str = "1234";
    /// The token's label, as the daemon names it in its prompt.
    pub const LABEL: &str = "lab";

    /// `module` is what the daemon loads, which may be of another system's version.
    pub(super) fn new(dir: &Path, identity: &Identity, module: Option<PathBuf>) -> Result<Self> {
        let module = module.context("there is no SoftHSM module for this openvpn")?;
        let tokens = dir.join("tokens");
        std::fs::create_dir_all(&tokens)?;
        let text =
            format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
        std::fs::write(dir.join(CONFIGURATION), text)?;
        let init = [
            "--init-token",
            "--free",
            "--label",
            Self::LABEL,
            "--so-pin",
            "4321",
            "--pin",
            Self::PIN,
        ];
        run(dir, Command::new("softhsm2-util").args(init))?;
        let import = [
            "--pin",
            Self::PIN,
            "--token",
            Self::LABEL,
            "--label",
            "key",
            "--id",
            "01",
            "--import",
        ];
        run(dir, Command::new("softhsm2-util").args(import).arg(&identity.key))?;
        let der = dir.join("token.der");
        let convert = ["x509", "-outform", "DER", "-in"];
        run(dir, Command::new("openssl").args(convert).arg(&identity.cert).arg("-out").arg(&der))?;
        let write =
            ["--login", "--pin", Self::PIN, "--type", "cert", "--label", "key", "--id", "01"];
        let mut tool = Command::new("pkcs11-tool");
        tool.arg("--module").arg(host_module()?).args(write).arg("--write-object").arg(&der);
        run(dir, &mut tool)?;
        Ok(Self { module })
    }

    /// What `pkcs11-providers` is given.
    #[must_use]
    pub fn module(&self) -> &Path {
        &self.module
    }
}

/// The module the installed tools can load.
fn host_module() -> Result<PathBuf> {
    super::daemon::softhsm_module(Path::new("/")).context("SoftHSM is not installed")
}

fn run(dir: &Path, command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.env("SOFTHSM2_CONF", dir.join(CONFIGURATION)).stdin(Stdio::null());
    let output = command.output().with_context(|| format!("{program} does not run"))?;
    if !output.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
