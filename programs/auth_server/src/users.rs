//! The file of users; `--help` shows what it looks like.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use argon2::password_hash::PasswordHashString;
use openvpn_mgmt::PeerConfig;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use totp_rs::{Secret, TOTP};

use crate::codes;
use crate::network::Network;
use crate::{passwords, private};

/// The longest name that fits a challenge beside its other parts, in bytes.
const NAME: usize = 100;

/// Who may come in.
pub(crate) struct Users(BTreeMap<String, User>);

/// One of them.
pub(crate) struct User {
    pub(crate) name: String,
    /// Changes with the name, the password and the secret, and cannot be told without them.
    pub(crate) key: [u8; 32],
    pub(crate) password: PasswordHashString,
    pub(crate) totp: TOTP,
    /// The user's own address and routes.
    pub(crate) config: PeerConfig,
}

/// A table of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    password: String,
    totp: String,
    address: Option<String>,
    #[serde(default)]
    routes: Vec<String>,
}

impl Users {
    /// Reads the file, which must be open to nobody else: it holds the secrets of the codes.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let mut text = String::new();
        let read = private::open(path)?.read_to_string(&mut text);
        read.with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// Reads the text of a file.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let records: BTreeMap<String, Record> = toml::from_str(text)?;
        let mut users = BTreeMap::new();
        let mut alike = BTreeMap::new();
        for (name, record) in records {
            let user = record.check(&name).with_context(|| format!("user {name:?}"))?;
            if let Some(other) = alike.insert(name.to_lowercase(), name.clone()) {
                bail!("users {other:?} and {name:?} differ in nothing but capitals");
            }
            users.insert(name, user);
        }
        Ok(Self(users))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&User> {
        self.0.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Record {
    fn check(self, name: &str) -> Result<User> {
        check_name(name)?;
        let secret = Secret::Encoded(self.totp).to_bytes();
        let secret = secret.ok().context("totp: is not base32")?;
        Ok(User {
            name: name.to_owned(),
            key: key(name, &self.password, &secret),
            password: passwords::parse(&self.password).context("password")?,
            totp: codes::totp(secret).context("totp")?,
            config: config(self.address.as_deref(), &self.routes)?,
        })
    }
}

/// Looks whether there can be a user of this name.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let fits = (1..=NAME).contains(&name.len()) && !name.contains(char::is_control);
    ensure!(fits, "a user name has 1 to {NAME} bytes, none of them a control character");
    Ok(())
}

fn key(name: &str, password: &str, secret: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [name.as_bytes(), password.as_bytes(), secret] {
        // Its end is told by its hash, whatever is in it.
        hash.update(Sha256::digest(part));
    }
    hash.finalize().into()
}

fn config(address: Option<&str>, routes: &[String]) -> Result<PeerConfig> {
    let mut config = PeerConfig::new();
    if let Some(address) = address {
        let network: Network = address.parse().context("address")?;
        config = config.ifconfig_push(network.address, network.netmask())?;
    }
    for route in routes {
        let network: Network = route.parse().context("routes")?;
        config = config.push(format!("route {} {}", network.address, network.netmask()))?;
    }
    ensure!(config.lines().count() <= 100, "routes: over 100 do not fit one push");
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::make_user::Account;

    fn text() -> String {
        Account::new("al \"ice", "secret").unwrap().to_string()
    }

    #[test]
    fn what_make_user_prints_is_read() {
        let users = Users::parse(&format!("{}routes = [\"10.1.0.0/16\"]\n", text())).unwrap();
        let user = users.get("al \"ice").unwrap();
        let lines: Vec<_> = user.config.lines().collect();
        assert_eq!(lines, [b"push \"route 10.1.0.0 255.255.0.0\""]);
    }

    #[test]
    fn the_key_is_that_of_name_password_and_secret() {
        let keys = [("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""), ("a", "b", "d")];
        let keys = keys.map(|(name, password, secret)| key(name, password, secret.as_bytes()));
        assert_eq!(std::collections::BTreeSet::from(keys).len(), 4);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (bad, says) in [
            (text().replace("argon2id", "argon2i"), "Argon2id"),
            (text().replace("m=19456", "m=8"), "--make-user"),
            (text().replace("totp = \"", "totp = \"!"), "base32"),
            (text().replacen("al \\\"ice", "", 1), "1 to 100 bytes"),
            (text().replacen("al \\\"ice", &"x".repeat(101), 1), "1 to 100 bytes"),
            (format!("{0}{1}", text(), text().replacen("al", "AL", 1)), "capitals"),
            (text().repeat(2), "duplicate"),
            (format!("{}address = \"10.8.0.7\"\n", text()), "address"),
            (format!("{}adress = \"10.8.0.7/24\"\n", text()), "adress"),
        ] {
            let error = Users::parse(&bad).err().map(|error| format!("{error:#}")).unwrap();
            assert!(error.contains(says), "{error}");
        }
    }
}
