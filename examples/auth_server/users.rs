//! The file of users; `--help` shows what it looks like.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use argon2::password_hash::PasswordHashString;
use openvpn_mgmt::ClientConfig;
use serde::Deserialize;
use totp_rs::{Secret, TOTP};

use crate::codes;
use crate::network::Network;
use crate::passwords;

/// Who may come in.
pub(crate) struct Users(BTreeMap<String, User>);

/// One of them.
pub(crate) struct User {
    pub(crate) password: PasswordHashString,
    pub(crate) totp: TOTP,
    /// The user's own address and routes.
    pub(crate) config: ClientConfig,
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
    /// Reads the file.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// Reads the text of a file.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let records: BTreeMap<String, Record> = toml::from_str(text)?;
        let user = |(name, record): (String, Record)| {
            let user = record.check().with_context(|| format!("user {name:?}"))?;
            Ok((name, user))
        };
        records.into_iter().map(user).collect::<Result<_>>().map(Self)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&User> {
        self.0.get(name)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Record {
    fn check(self) -> Result<User> {
        let secret = Secret::Encoded(self.totp).to_bytes();
        let secret = secret.ok().context("totp: is not base32")?;
        Ok(User {
            password: passwords::parse(&self.password).context("password")?,
            totp: codes::totp(secret).context("totp")?,
            config: config(self.address.as_deref(), &self.routes)?,
        })
    }
}

fn config(address: Option<&str>, routes: &[String]) -> Result<ClientConfig> {
    let mut config = ClientConfig::new();
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
    fn what_is_wrong_is_named() {
        for (bad, says) in [
            (text().replace("argon2id", "argon2i"), "Argon2id"),
            (text().replace("m=19456", "m=8"), "--make-user"),
            (text().replace("totp = \"", "totp = \"!"), "base32"),
            (format!("{}address = \"10.8.0.7\"\n", text()), "address"),
            (format!("{}adress = \"10.8.0.7/24\"\n", text()), "adress"),
        ] {
            let error = Users::parse(&bad).err().map(|error| format!("{error:#}")).unwrap();
            assert!(error.contains(says), "{error}");
        }
    }
}
