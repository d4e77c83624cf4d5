//! `--make-user`: a new user for the file.

use std::fmt;
use std::io::IsTerminal as _;

use anyhow::{Result, bail, ensure};
use argon2::password_hash::PasswordHashString;
use totp_rs::Secret;

use crate::passwords;

const ISSUER: &str = "openvpn";
/// The longest name that fits a challenge beside its other parts, in bytes.
const NAME: usize = 100;

/// A new user; `Display` is the user's table in the file.
pub(crate) struct Account {
    name: String,
    password: PasswordHashString,
    secret: String,
}

/// Asks for a password, on the terminal or as the first line of the input.
pub(crate) fn ask_and_make(name: &str) -> Result<Account> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        return Account::new(name, line.trim_end_matches(['\r', '\n']));
    }
    let password = rpassword::prompt_password(format!("Password of {name}: "))?;
    if password != rpassword::prompt_password("Once more: ")? {
        bail!("these were two passwords");
    }
    Account::new(name, &password)
}

impl Account {
    /// A user of this name and password, with a new secret for codes.
    pub(crate) fn new(name: &str, password: &str) -> Result<Self> {
        let fits = (1..=NAME).contains(&name.len()) && !name.contains(char::is_control);
        ensure!(fits, "a user name has 1 to {NAME} bytes, none of them a control character");
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
        let (name, secret) = (percent_encoded(&self.name), &self.secret);
        format!("otpauth://totp/{ISSUER}:{name}?secret={secret}&issuer={ISSUER}")
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

fn percent_encoded(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
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
}
