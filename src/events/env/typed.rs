//! The names of an ENV block that have a type.
//!
//! Each answers `None` where the daemon did not send the name, and an error where it
//! did but the value is not what it should be, or where the client may have sent it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Env;
use crate::events::BadField;
use crate::types::grammar::{ipv4, ipv6, number, scoped_ip, split_once};
use crate::types::{Secret, Text};

/// Who the client is.
impl Env {
    /// `common_name`: the common name of the certificate, or the user name that stands in
    /// for it. Not sent after `env-filter`; see [which values to trust](Self#which-values-to-trust).
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn common_name(&self) -> Result<Option<Text>, BadField> {
        self.vouched("common_name")
    }

    /// `username`: the user name the client gave.
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn username(&self) -> Result<Option<Text>, BadField> {
        self.vouched("username")
    }

    /// Whether the [`username`](Self::username) is this one; `false` where there is none.
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn is_user(&self, name: impl AsRef<[u8]>) -> Result<bool, BadField> {
        Ok(self.username()?.is_some_and(|user| user.as_bytes() == name.as_ref()))
    }

    /// `password`: the password the client gave, which can be a token or an answer to a
    /// challenge (`CRV1::…`, `SCRV1:…`).
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted), and where the password [is withheld](BadField::is_withheld).
    pub fn password(&self) -> Result<Option<Secret>, BadField> {
        self.trust("password")?;
        let Some(password) = self.secret("password") else { return Ok(None) };
        password.to_secret().map(Some).ok_or(BadField::withheld("password"))
    }

    /// `session_id`: what the server knows the session by (`auth-gen-token`).
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn session_id(&self) -> Result<Option<Text>, BadField> {
        self.vouched("session_id")
    }

    /// `session_state`: what became of the client's token (`auth-gen-token`).
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn session_state(&self) -> Result<Option<SessionState>, BadField> {
        Ok(self.vouched("session_state")?.map(|state| SessionState::from_wire(&state)))
    }
}

/// Where the client is.
impl Env {
    /// `untrusted_ip` or `untrusted_ip6`: the address of the peer, not authenticated yet.
    /// The scope of a link-local address is left out.
    ///
    /// # Errors
    /// Where the value is not an IP address.
    pub fn untrusted_ip(&self) -> Result<Option<IpAddr>, BadField> {
        self.either_ip("untrusted_ip", "untrusted_ip6")
    }

    /// `untrusted_port`: the port of the peer, not authenticated yet.
    ///
    /// # Errors
    /// Where the value is not a port.
    pub fn untrusted_port(&self) -> Result<Option<u16>, BadField> {
        self.typed("untrusted_port", "a port", number)
    }

    /// [`untrusted_ip`](Self::untrusted_ip) and [`untrusted_port`](Self::untrusted_port),
    /// where the daemon sent both; the port is not sent after `env-filter`.
    ///
    /// # Errors
    /// Where one of them is not what it should be.
    pub fn untrusted_addr(&self) -> Result<Option<SocketAddr>, BadField> {
        Ok(both(self.untrusted_ip()?, self.untrusted_port()?))
    }

    /// `trusted_ip` or `trusted_ip6`: the address of the authenticated peer. The scope of
    /// a link-local address is left out.
    ///
    /// # Errors
    /// Where the value is not an IP address.
    pub fn trusted_ip(&self) -> Result<Option<IpAddr>, BadField> {
        self.either_ip("trusted_ip", "trusted_ip6")
    }

    /// `trusted_port`: the port of the authenticated peer.
    ///
    /// # Errors
    /// Where the value is not a port.
    pub fn trusted_port(&self) -> Result<Option<u16>, BadField> {
        self.typed("trusted_port", "a port", number)
    }

    /// [`trusted_ip`](Self::trusted_ip) and [`trusted_port`](Self::trusted_port), where
    /// the daemon sent both.
    ///
    /// # Errors
    /// Where one of them is not what it should be.
    pub fn trusted_addr(&self) -> Result<Option<SocketAddr>, BadField> {
        Ok(both(self.trusted_ip()?, self.trusted_port()?))
    }

    /// `ifconfig_pool_remote_ip`: the tunnel address the client was given.
    ///
    /// # Errors
    /// Where the value is not an IPv4 address.
    pub fn ifconfig_pool_remote_ip(&self) -> Result<Option<Ipv4Addr>, BadField> {
        self.typed("ifconfig_pool_remote_ip", "an IPv4 address", ipv4)
    }

    /// `ifconfig_pool_remote_ip6`: the IPv6 tunnel address the client was given.
    ///
    /// # Errors
    /// Where the value is not an IPv6 address.
    pub fn ifconfig_pool_remote_ip6(&self) -> Result<Option<Ipv6Addr>, BadField> {
        self.typed("ifconfig_pool_remote_ip6", "an IPv6 address", ipv6)
    }
}

/// What the session carried, and when.
impl Env {
    /// `bytes_received`: bytes received from the client; sent when it disconnects.
    ///
    /// # Errors
    /// Where the value is not a number.
    pub fn bytes_received(&self) -> Result<Option<u64>, BadField> {
        self.typed("bytes_received", "a number", number)
    }

    /// `bytes_sent`: bytes sent to the client; sent when it disconnects.
    ///
    /// # Errors
    /// Where the value is not a number.
    pub fn bytes_sent(&self) -> Result<Option<u64>, BadField> {
        self.typed("bytes_sent", "a number", number)
    }

    /// `time_duration`: seconds the session lasted; sent when it ends.
    ///
    /// # Errors
    /// Where the value is not a number.
    pub fn time_duration(&self) -> Result<Option<u64>, BadField> {
        self.typed("time_duration", "a number", number)
    }

    /// `time_unix`: when the client connected, in Unix seconds.
    ///
    /// # Errors
    /// Where the value is not a number.
    pub fn time_unix(&self) -> Result<Option<u64>, BadField> {
        self.typed("time_unix", "a number", number)
    }
}

/// What the client says of itself; nothing here is verified.
impl Env {
    /// Every pair the client sent of itself, in order: names that start with `IV_` or `UV_`.
    pub fn peer_info(&self) -> impl Iterator<Item = (Text, Text)> + '_ {
        self.iter().filter(|(name, _)| {
            let name = name.as_bytes();
            name.starts_with(b"IV_") || name.starts_with(b"UV_")
        })
    }

    /// `IV_VER`: the version of its OpenVPN, such as `2.6.14`.
    #[must_use]
    pub fn iv_ver(&self) -> Option<Text> {
        self.get("IV_VER")
    }

    /// `IV_PLAT`: its platform, such as `linux`, `win`, `mac`, `android`.
    #[must_use]
    pub fn iv_plat(&self) -> Option<Text> {
        self.get("IV_PLAT")
    }

    /// `IV_PLAT_VER`: the version of its platform.
    #[must_use]
    pub fn iv_plat_ver(&self) -> Option<Text> {
        self.get("IV_PLAT_VER")
    }

    /// `IV_GUI_VER`: the name and version of its user interface.
    #[must_use]
    pub fn iv_gui_ver(&self) -> Option<Text> {
        self.get("IV_GUI_VER")
    }

    /// `IV_SSL`: its TLS library.
    #[must_use]
    pub fn iv_ssl(&self) -> Option<Text> {
        self.get("IV_SSL")
    }

    /// `IV_HWADDR`: its hardware address.
    #[must_use]
    pub fn iv_hwaddr(&self) -> Option<Text> {
        self.get("IV_HWADDR")
    }

    /// `IV_PROTO`: the protocol features it knows, as bits.
    ///
    /// # Errors
    /// Where the value is not a number.
    pub fn iv_proto(&self) -> Result<Option<u32>, BadField> {
        self.claimed("IV_PROTO", "a number", number)
    }

    /// `IV_MTU`: the largest MTU it accepts, in bytes.
    ///
    /// # Errors
    /// Where the value is not a number.
    pub fn iv_mtu(&self) -> Result<Option<u32>, BadField> {
        self.claimed("IV_MTU", "a number", number)
    }

    /// `IV_SSO`: the ways of pending authentication it can serve, such as `webauth` and
    /// `crtext`; empty where it sent none.
    pub fn iv_sso(&self) -> impl Iterator<Item = Text> + use<> {
        self.list("IV_SSO", b',')
    }

    /// Whether `IV_SSO` names this way of pending authentication, so that its user can be asked by it
    /// ([`PendingAuth`](crate::PendingAuth)).
    #[must_use]
    pub fn supports_sso(&self, method: SsoMethod) -> bool {
        self.iv_sso().any(|known| known.as_bytes() == method.as_str().as_bytes())
    }

    /// `IV_CIPHERS`: the ciphers it accepts, best first; empty where it sent none.
    pub fn iv_ciphers(&self) -> impl Iterator<Item = Text> + use<> {
        self.list("IV_CIPHERS", b':')
    }
}

/// The certificates of the client, by depth: 0 is its own, 1 its issuer.
impl Env {
    /// `tls_id_N`: the subject of the certificate.
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn tls_id(&self, depth: u32) -> Result<Option<Text>, BadField> {
        self.at_depth("tls_id_N", "tls_id_", depth)
    }

    /// `tls_serial_N`: the serial number, decimal.
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn tls_serial(&self, depth: u32) -> Result<Option<Text>, BadField> {
        self.at_depth("tls_serial_N", "tls_serial_", depth)
    }

    /// `tls_serial_hex_N`: the serial number, as hexadecimal bytes with colons.
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn tls_serial_hex(&self, depth: u32) -> Result<Option<Text>, BadField> {
        self.at_depth("tls_serial_hex_N", "tls_serial_hex_", depth)
    }

    /// `tls_digest_N`: the SHA-1 fingerprint, as hexadecimal bytes with colons.
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn tls_digest(&self, depth: u32) -> Result<Option<Text>, BadField> {
        self.at_depth("tls_digest_N", "tls_digest_", depth)
    }

    /// `tls_digest_sha256_N`: the SHA-256 fingerprint, as hexadecimal bytes with colons.
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn tls_digest_sha256(&self, depth: u32) -> Result<Option<Text>, BadField> {
        self.at_depth("tls_digest_sha256_N", "tls_digest_sha256_", depth)
    }

    /// `X509_N_FIELD`: a field of the subject, such as `CN`, `O`, `OU`, `emailAddress`.
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn x509(&self, depth: u32, field: &str) -> Result<Option<Text>, BadField> {
        self.trust("X509_N_FIELD")?;
        let is_field = |name: &[u8]| x509_field(name, depth) == Some(field.as_bytes());
        Ok(self.0.lines.last(is_field))
    }

    /// Every `X509_N_FIELD`, in order, by its FIELD. OpenVPN numbers a field
    /// that comes again: `OU`, `OU_1`, ….
    ///
    /// # Errors
    /// Where the block [is not trusted](Self::is_trusted).
    pub fn x509_fields(
        &self,
        depth: u32,
    ) -> Result<impl Iterator<Item = (Text, Text)> + '_, BadField> {
        self.trust("X509_N_FIELD")?;
        Ok(self.iter().filter_map(move |(name, value)| {
            let name = name.into_bytes();
            let field = x509_field(&name, depth)?;
            Some((Text::slice_of(&name, field), value))
        }))
    }
}

impl Env {
    /// Where the client connects from, for counting only: read from any block.
    pub(crate) fn peer_address(&self) -> Option<IpAddr> {
        // The daemon's own value comes last, whatever the client adds, under either name.
        let of = |names: [&str; 2]| {
            self.0.lines.last(|name| names.iter().any(|known| name == known.as_bytes()))
        };
        let address = of(["untrusted_ip", "untrusted_ip6"]);
        let address = address.or_else(|| of(["trusted_ip", "trusted_ip6"]))?;
        scoped_ip(address.as_bytes()).map(|(ip, _)| ip)
    }

    /// Refuses a block whose `name` the client may have sent.
    fn trust(&self, name: &'static str) -> Result<(), BadField> {
        if self.is_trusted() { Ok(()) } else { Err(BadField::untrusted(name)) }
    }

    /// A value that comes from the daemon.
    fn vouched(&self, name: &'static str) -> Result<Option<Text>, BadField> {
        self.trust(name)?;
        Ok(self.get(name))
    }

    /// A value that comes from the daemon, and has a type.
    fn typed<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        parse: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, BadField> {
        self.trust(name)?;
        self.claimed(name, expected, parse)
    }

    /// A value that the client says of itself, and that has a type.
    fn claimed<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        parse: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, BadField> {
        let Some(value) = self.get(name) else { return Ok(None) };
        parse(value.as_bytes()).map(Some).ok_or(BadField::new(name, expected))
    }

    fn either_ip(&self, ip: &'static str, ip6: &'static str) -> Result<Option<IpAddr>, BadField> {
        let name = if self.get(ip).is_some() { ip } else { ip6 };
        self.typed(name, "an IP address", |value| scoped_ip(value).map(|(ip, _)| ip))
    }

    fn list(&self, name: &str, separator: u8) -> impl Iterator<Item = Text> + use<> {
        let values = self.get(name).unwrap_or_default().into_bytes();
        let parts = values.split(|byte| *byte == separator).filter(|value| !value.is_empty());
        let parts: Vec<_> = parts.map(|part| Text::slice_of(&values, part)).collect();
        parts.into_iter()
    }

    /// The last value whose name is `prefix` and then `depth`.
    fn at_depth(
        &self,
        shown: &'static str,
        prefix: &str,
        depth: u32,
    ) -> Result<Option<Text>, BadField> {
        self.trust(shown)?;
        let at_depth =
            |name: &[u8]| name.strip_prefix(prefix.as_bytes()).and_then(number) == Some(depth);
        Ok(self.0.lines.last(at_depth))
    }
}

fn both(ip: Option<IpAddr>, port: Option<u16>) -> Option<SocketAddr> {
    Some(SocketAddr::new(ip?, port?))
}

/// The FIELD of `X509_N_FIELD`, where N is `depth`.
fn x509_field(name: &[u8], depth: u32) -> Option<&[u8]> {
    let rest = name.strip_prefix(b"X509_")?;
    let (at, field) = split_once(rest, b"_")?;
    (number(at) == Some(depth)).then_some(field)
}

/// A way of pending authentication, as clients name those they can serve in `IV_SSO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SsoMethod {
    /// `webauth`: opens a page ([`PendingAuth::web_auth`](crate::PendingAuth::web_auth)).
    WebAuth,
    /// `openurl`: the older form of the same ([`PendingAuth::open_url`](crate::PendingAuth::open_url)).
    OpenUrl,
    /// `crtext`: asks its user for a text ([`PendingAuth::cr_text`](crate::PendingAuth::cr_text)).
    CrText,
}

impl SsoMethod {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WebAuth => "webauth",
            Self::OpenUrl => "openurl",
            Self::CrText => "crtext",
        }
    }
}

impl fmt::Display for SsoMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What became of the token a client showed (`auth-gen-token`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionState {
    /// `Initial`: the client showed a password, not a token.
    Initial,
    /// `Authenticated`: the token is genuine and still good.
    Authenticated,
    /// `AuthenticatedEmptyUser`: so it is, for an empty user name.
    AuthenticatedEmptyUser,
    /// `Expired`: the token is genuine but too old.
    Expired,
    /// `ExpiredEmptyUser`: so it is, for an empty user name.
    ExpiredEmptyUser,
    /// `Invalid`: the token is not genuine.
    Invalid,
    /// A state this crate does not know.
    Unknown(Text),
}

impl SessionState {
    pub(in crate::events) fn from_wire(state: &Text) -> Self {
        match state.as_bytes() {
            b"Initial" => Self::Initial,
            b"Authenticated" => Self::Authenticated,
            b"AuthenticatedEmptyUser" => Self::AuthenticatedEmptyUser,
            b"Expired" => Self::Expired,
            b"ExpiredEmptyUser" => Self::ExpiredEmptyUser,
            b"Invalid" => Self::Invalid,
            _ => Self::Unknown(state.clone()),
        }
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Initial => f.pad("Initial"),
            Self::Authenticated => f.pad("Authenticated"),
            Self::AuthenticatedEmptyUser => f.pad("AuthenticatedEmptyUser"),
            Self::Expired => f.pad("Expired"),
            Self::ExpiredEmptyUser => f.pad("ExpiredEmptyUser"),
            Self::Invalid => f.pad("Invalid"),
            Self::Unknown(state) => fmt::Display::fmt(state, f),
        }
    }
}
