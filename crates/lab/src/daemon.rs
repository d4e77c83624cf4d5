//! Which OpenVPN there is to start.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// An OpenVPN program and the version it names.
#[derive(Clone, Debug)]
pub struct Daemon {
    path: PathBuf,
    version: Version,
}

/// `2.6.14`; an `_rc1` or `_git` is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second.
    pub minor: u32,
    /// The third.
    pub patch: u32,
}

impl Daemon {
    /// The program of `OPENVPN_BIN`, or the installed one.
    ///
    /// # Errors
    /// There is none; the text says where it was looked for.
    pub fn find() -> Result<Self> {
        if let Some(path) = std::env::var_os("OPENVPN_BIN") {
            return Self::at(absolute(Path::new(&path))).context("OPENVPN_BIN is no OpenVPN");
        }
        for path in installed() {
            if path.is_file() {
                return Self::at(path);
            }
        }
        bail!(
            "openvpn is not in PATH, /usr/sbin or /usr/local/sbin; scripts/install-openvpn.sh installs it"
        )
    }

    /// Whether `OPENVPN_BIN` asks for a certain program.
    #[must_use]
    pub fn is_asked_for() -> bool {
        std::env::var_os("OPENVPN_BIN").is_some()
    }

    /// The program at a path.
    ///
    /// # Errors
    /// It does not run, or does not name a version.
    pub fn at(path: PathBuf) -> Result<Self> {
        let output = Command::new(&path)
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("{} does not run", path.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = Version::parse(&text)
            .with_context(|| format!("{} --version names none: {text}", path.display()))?;
        Ok(Self { path, version })
    }

    /// Every version that `scripts/fetch-openvpn.sh` unpacked, oldest first: those
    /// in the folder `OPENVPN_MATRIX`, else in `.cache/openvpn`.
    ///
    /// # Errors
    /// A version that is there does not run.
    pub fn matrix() -> Result<Vec<Self>> {
        let folder = std::env::var_os("OPENVPN_MATRIX").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/openvpn"),
            PathBuf::from,
        );
        let Ok(entries) = std::fs::read_dir(absolute(&folder)) else { return Ok(Vec::new()) };
        let mut daemons = Vec::new();
        for entry in entries {
            let entry = entry?;
            let program = entry.path().join("openvpn");
            // A suite's name is a link to the folder of its version.
            if !entry.file_type()?.is_symlink() && program.is_file() {
                daemons.push(Self::at(program)?);
            }
        }
        daemons.sort_by_key(Self::version);
        Ok(daemons)
    }

    /// The program, or the script that starts it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What `openvpn --version` says.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The SoftHSM module this program can load: the system's, or for a version of
    /// the matrix the one built against the same C library.
    #[must_use]
    pub fn softhsm_module(&self) -> Option<PathBuf> {
        let own = self.path.parent().map(|folder| folder.join("root"));
        let root = own.filter(|root| root.is_dir()).unwrap_or_else(|| PathBuf::from("/"));
        softhsm_module(&root)
    }
}

impl Version {
    /// A version to compare with.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    fn parse(text: &str) -> Option<Self> {
        let word = text.lines().next()?.strip_prefix("OpenVPN ")?.split(' ').next()?;
        let mut numbers = word.split('.').map(|part| {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part.get(..digits).and_then(|digits| digits.parse().ok())
        });
        // `2.7_rc1` has no third number.
        Some(Self::new(numbers.next()??, numbers.next()??, numbers.next().flatten().unwrap_or(0)))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Says on the terminal that a test did not run, and why. Past the capture of the
/// test harness, which shows nothing of a test that passes.
pub fn skip(test: &str, reason: &dyn fmt::Display) {
    let line = format!("SKIPPED {test}: {reason:#}\n");
    std::io::stderr().write_all(line.as_bytes()).ok();
}

/// The SoftHSM module of the system in this folder.
pub(super) fn softhsm_module(root: &Path) -> Option<PathBuf> {
    ["usr/lib/softhsm", "usr/lib64/pkcs11", "usr/lib64/softhsm", "usr/local/lib/softhsm"]
        .iter()
        .map(|folder| root.join(folder).join("libsofthsm2.so"))
        .find(|module| module.is_file())
}

fn installed() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Where Debian and Homebrew install it, which is not in every user's PATH.
    let more = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"].map(PathBuf::from);
    folders.into_iter().chain(more).map(|folder| folder.join("openvpn"))
}

/// Daemons start in the lab's folder, so a relative path would miss.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
