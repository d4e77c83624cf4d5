//! [`Scenario`]: what the demo wants of its user.

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::gatekeeper::{CODE, NAME, PASSWORD};
use lab::{ClientOptions, KeyKind, Lab, Process, ServerOptions, Token, Version};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// User name and password
    Plain,
    /// A code asked for along with the password (SCRV1)
    Static,
    /// A code appended to the password; OpenVPN 2.7
    StaticConcat,
    /// A code asked for after the password (CRV1)
    Dynamic,
    /// A code asked for while the client waits (`CR_TEXT`)
    Pending,
    /// A page to open while the client waits (`WEB_AUTH`)
    Web,
    /// The password of the client's private key
    KeyPassword,
    /// The PIN of a PKCS#11 token; SoftHSM
    Token,
}

/// How the static challenge is put.
const CHALLENGE: &str = "Code of your token";

impl Scenario {
    /// What the user is to type, in words.
    pub(crate) fn instructions(self) -> String {
        let login = format!("log in as {NAME} / {PASSWORD}");
        match self {
            Self::Plain => login,
            Self::Static | Self::StaticConcat | Self::Dynamic | Self::Pending => {
                format!("{login}; the code is {CODE}")
            }
            Self::Web => format!("{login}; then open the page"),
            Self::KeyPassword => format!("the private key's password is {PASSWORD}"),
            Self::Token => format!("the PIN is {}", Token::PIN),
        }
    }

    /// Whether the server decides by user name and password.
    pub(crate) fn has_login(self) -> bool {
        !matches!(self, Self::KeyPassword | Self::Token)
    }

    pub(crate) fn server(self) -> ServerOptions {
        let options = ServerOptions::new().without_hold();
        if self.has_login() { options } else { options.without_client_auth() }
    }

    /// The client, with what it needs to ask in this scenario.
    pub(crate) fn client(self, lab: &Lab, server: &Process) -> Result<ClientOptions> {
        let mut options = ClientOptions::to(server).common_name(NAME);
        if !self.has_login() {
            options = options.without_auth_user_pass();
        }
        Ok(match self {
            Self::Plain | Self::Dynamic => options,
            Self::Static => options.static_challenge(CHALLENGE, true),
            Self::StaticConcat if lab.daemon().version() < Version::new(2, 7, 0) => {
                bail!("a response appended to the password needs OpenVPN 2.7")
            }
            Self::StaticConcat => {
                options.line(&format!("static-challenge \"{CHALLENGE}\" 1 concat"))
            }
            Self::Pending | Self::Web => options.line("setenv IV_SSO webauth,openurl,crtext"),
            Self::KeyPassword => options.key(KeyKind::Encrypted(PASSWORD.to_owned())),
            Self::Token => options.pkcs11(lab.token(NAME)?.module()),
        })
    }
}
