//! `--make-user`: a new user for the file.

use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _, stdin, stdout};
use std::os::fd::AsFd as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use argon2::password_hash::PasswordHashString;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::stat::{SFlag, fstat};
use openvpn_mgmt::Secret as Typed;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::oneshot;
use totp_rs::Secret;

use crate::terminal::Terminal;
use crate::users::{Users, check_name};
use crate::{passwords, private};

const ISSUER: &str = "openvpn";
/// What stands for itself in a link is not encoded.
const IN_LABELS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The longest password that is read, in bytes.
const PASSWORD: u64 = 4096;

/// A new user; `Display` is the user's table in the file.
pub(crate) struct Account {
    name: String,
    password: PasswordHashString,
    secret: String,
}

/// Asks for a password, and adds the user to a file or prints the table.
pub(crate) async fn run(name: &str, file: Option<&Path>) -> Result<()> {
    check_name(name)?;
    match file {
        // Before anybody has typed anything.
        Some(file) => {
            if let Some(mut opened) = private::open_if_any(file)? {
                read_without(name, &mut opened, file)?;
            }
        }
        None => check_output()?,
    }
    let password = ask(name).await?;
    let account = Account::new(name, password.expose_str().context("the password is not UTF-8")?)?;
    let Some(file) = file else { return print(account.to_string()).await };
    account.add_to(file)?;
    let secret = account.uri();
    print(format!("{name} is in {} now; for the authenticator app: {secret}\n", file.display()))
        .await
}

/// Asks for a password, on the terminal or as the first line of the input.
async fn ask(name: &str) -> Result<Typed> {
    if !stdin().is_terminal() {
        let line = in_thread(|| {
            let mut line = Vec::new();
            stdin().lock().take(PASSWORD).read_until(b'\n', &mut line)?;
            anyhow::Ok(Typed::from(line))
        });
        let line = line.await?;
        return Ok(Typed::from(without_line_end(line.expose())));
    }
    let mut terminal = Terminal::open()?;
    let password = terminal.ask(&format!("Password of {name}: ")).await?;
    if password != terminal.ask("Once more: ").await? {
        bail!("these were two passwords");
    }
    Ok(password)
}

impl Account {
    /// A user of this name and password, with a new secret for codes.
    pub(crate) fn new(name: &str, password: &str) -> Result<Self> {
        check_name(name)?;
        ensure!(!password.is_empty(), "the password is empty");
        let secret = Secret::Raw(rand::random::<[u8; 20]>().to_vec()).to_encoded().to_string();
        Ok(Self { name: name.to_owned(), password: passwords::hash(password)?, secret })
    }

    /// What the user's authenticator app is given, in base32.
    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// The secret as authenticator apps read it, mostly from a QR code.
    pub(crate) fn uri(&self) -> String {
        let (name, secret) = (utf8_percent_encode(&self.name, IN_LABELS), &self.secret);
        format!("otpauth://totp/{ISSUER}:{name}?secret={secret}&issuer={ISSUER}")
    }
}

impl Account {
    /// Adds the user to a file, whole or not at all.
    fn add_to(&self, path: &Path) -> Result<()> {
        let (mut file, text) = open_without(&self.name, path)?;
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let written = file.write_all(format!("{gap}{self}").as_bytes());
        if let Err(error) = written.and_then(|()| file.sync_all()) {
            file.set_len(u64::try_from(text.len())?).ok();
            return Err(error).with_context(|| format!("cannot write to {}", path.display()));
        }
        Ok(())
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A JSON string without control characters is a TOML string too.
        let name = serde_json::to_string(&self.name).map_err(|_| fmt::Error)?;
        let (password, secret, uri) = (&self.password, &self.secret, self.uri());
        writeln!(f, "[{name}]\npassword = \"{password}\"\ntotp = \"{secret}\"  # {uri}")
    }
}

/// Opens a file of users, for nobody else at the same time, that has none of this name yet; also
/// gives what is in it.
fn open_without(name: &str, path: &Path) -> Result<(Flock<File>, String)> {
    let file = private::open_or_create(path)?;
    let locked = Flock::lock(file, FlockArg::LockExclusiveNonblock);
    let mut file = locked.ok().with_context(|| format!("{} is in use", path.display()))?;
    let text = read_without(name, &mut file, path)?;
    Ok((file, text))
}

/// Reads a file of users that has none of this name.
fn read_without(name: &str, file: &mut File, path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = file.read_to_string(&mut text);
    read.with_context(|| format!("cannot read {}", path.display()))?;
    let users = Users::parse(&text).with_context(|| format!("in {}", path.display()))?;
    let alike = users.names().find(|other| other.to_lowercase() == name.to_lowercase());
    ensure!(alike.is_none(), "{} has a user {:?}", path.display(), alike.unwrap_or_default());
    Ok(text)
}

/// What is printed is as secret as the file of users.
fn check_output() -> Result<()> {
    let found = fstat(stdout().as_fd())?;
    let is_file = SFlag::from_bits_truncate(found.st_mode).contains(SFlag::S_IFREG);
    let is_open = is_file && found.st_mode & 0o077 != 0;
    ensure!(!is_open, "the output goes to a file that is open to others: use --users FILE instead");
    Ok(())
}

async fn print(text: String) -> Result<()> {
    in_thread(move || {
        let mut out = stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot print the user")
    })
    .await
}

/// Does what may block for ever, in a thread that does not keep the program from its end.
async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (done, result) = oneshot::channel();
    std::thread::spawn(move || done.send(work()).ok());
    result.await.context("the thread broke off")?
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uri_is_what_apps_read() {
        let account = Account::new("al ice", "secret").unwrap();
        let uri = account.uri();
        assert!(uri.starts_with("otpauth://totp/openvpn:al%20ice?secret="), "{uri}");
        assert_eq!(account.secret().len(), 32);
        assert!(Account::new("a\nb", "secret").is_err());
        assert!(Account::new("", "secret").is_err());
    }

    #[test]
    fn users_are_added_to_a_file_of_mode_0600() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("users.toml");
        for name in ["alice", "bob"] {
            Account::new(name, "secret").unwrap().add_to(&path).unwrap();
        }
        assert_eq!(Users::load(&path).unwrap().names().collect::<Vec<_>>(), ["alice", "bob"]);
        let mode = std::os::unix::fs::MetadataExt::mode(&path.metadata().unwrap());
        assert_eq!(mode & 0o7777, 0o600);
        let twice = Account::new("Alice", "secret").unwrap().add_to(&path).unwrap_err();
        assert!(twice.to_string().ends_with("has a user \"alice\""), "{twice}");
        std::fs::write(&path, "[broken").unwrap();
        assert!(Account::new("carol", "secret").unwrap().add_to(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[broken");
    }

    #[test]
    fn line_ends_are_no_part_of_a_password() {
        for (line, password) in [("a b \r\n", "a b "), ("a\n", "a"), ("a", "a"), ("\n", "")] {
            assert_eq!(without_line_end(line.as_bytes()), password.as_bytes());
        }
    }
}
