//! [`Dialect`]: what is known of the daemon's version, and what of the protocol that changes.

/// What is known of a daemon's version, and of what it was told: what decides the form of a command.
///
/// [`Client::dialect`](crate::Client::dialect) gives that of a connection. The greeting tells the management version: 1 (OpenVPN 2.4), 3 (2.5), 4 (2.6.0 and 2.6.1), 5 (2.6.2 to
/// 2.7.1) or 6 (from 2.7.2). What 5 leaves open is known once the daemon has been asked for its `version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub struct Dialect {
    management_version: u32,
    /// Major and minor number of the release.
    release: Option<(u32, u32)>,
    /// Whether it was built with PKCS#11.
    pkcs11: Option<bool>,
    /// The highest client version announced; 0 where none was.
    announced: u32,
}

/// What not every daemon has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feature {
    /// `client-pending-auth`
    PendingAuth,
    /// `cr-response`
    CrResponse,
    /// `pk-sig`
    PkSig,
    /// `remote-entry-count` and `remote-entry-get`
    RemoteEntries,
    /// `remote SKIP N`
    SkipMany,
    /// `password` with a block
    LongPasswords,
    /// `push-update-broad` and `push-update-cid`
    PushUpdate,
    /// `client-pf`
    PacketFilters,
}

/// The client version from which a daemon takes a block of `password`.
const BLOCKS: u32 = 5;

impl Dialect {
    /// That of a daemon with this greeting, of which nothing else is known.
    pub const fn new(management_version: u32) -> Self {
        Self { management_version, release: None, pkcs11: None, announced: 0 }
    }

    /// That of OpenVPN `major.minor.patch`, built with PKCS#11 as most distributions do; 2.4 is the oldest.
    pub const fn openvpn(major: u32, minor: u32, patch: u32) -> Self {
        let management_version = match (major, minor, patch) {
            (..=1, ..) | (2, ..=4, _) => 1,
            (2, 5, _) => 3,
            (2, 6, ..=1) => 4,
            (2, 6, _) | (2, 7, ..=1) => 5,
            _ => 6,
        };
        Self::new(management_version).with_release(major, minor).with_pkcs11(true)
    }

    /// Adds the release, as `version` tells it.
    pub const fn with_release(self, major: u32, minor: u32) -> Self {
        Self { release: Some((major, minor)), ..self }
    }

    /// Adds whether the daemon was built with PKCS#11, as `version` tells it.
    pub const fn with_pkcs11(self, pkcs11: bool) -> Self {
        Self { pkcs11: Some(pkcs11), ..self }
    }

    /// Adds the highest client version that was announced to the daemon.
    pub const fn with_announced(self, announced: u32) -> Self {
        Self { announced, ..self }
    }

    /// Whether the daemon has a feature; `None` where its release would have to be known.
    pub(crate) fn has(self, feature: Feature) -> Option<bool> {
        let version = self.management_version;
        match feature {
            Feature::PendingAuth | Feature::CrResponse | Feature::PkSig => Some(version >= 3),
            // An older daemon would skip one, whatever the number.
            Feature::RemoteEntries | Feature::SkipMany => Some(version >= 4),
            Feature::LongPasswords => Some(version >= 6),
            Feature::PushUpdate => self.is_2_7(),
            Feature::PacketFilters => Some(version <= 3),
        }
    }

    /// `client-pending-auth CID KID EXTRA …` and not `CID EXTRA …`.
    pub(crate) fn pending_auth_takes_kid(self) -> bool {
        self.management_version >= 5
    }

    /// `client-pending-auth … TIMEOUT`
    pub(crate) fn pending_auth_takes_timeout(self) -> bool {
        self.management_version >= 4
    }

    /// Whether the KID of `>CLIENT:CR_RESPONSE` is the one to answer with.
    pub(crate) fn response_has_kid(self) -> bool {
        self.management_version >= 5
    }

    /// Whether a signal that is ignored in a hold can go unanswered (before OpenVPN 2.5.8).
    pub(crate) fn ignores_signals_silently(self) -> bool {
        self.management_version <= 3
    }

    /// `kill udp:IP:port` and not `kill IP:port`; `None` where the release would have to be known.
    pub(crate) fn kill_names_transport(self) -> Option<bool> {
        self.is_2_7()
    }

    /// Whether it keeps more than 127 bytes of a user name or password; `None` where its build would
    /// have to be known.
    pub(crate) fn keeps_long_credentials(self) -> Option<bool> {
        self.pkcs11
    }

    /// The client version that has to be announced before a block of `password`; `None` where one
    /// that is as high was.
    pub(crate) fn to_announce_for_long_passwords(self) -> Option<u32> {
        (self.announced < BLOCKS).then_some(BLOCKS)
    }

    fn is_2_7(self) -> Option<bool> {
        match self.management_version {
            ..=4 => Some(false),
            5 => self.release.map(|release| release >= (2, 7)),
            _ => Some(true),
        }
    }
}

impl Feature {
    /// What a daemon has to be to have it.
    pub(crate) fn needs(self) -> &'static str {
        match self {
            Self::PendingAuth | Self::CrResponse | Self::PkSig => "OpenVPN 2.5 or later",
            Self::RemoteEntries | Self::SkipMany => "OpenVPN 2.6 or later",
            Self::LongPasswords => "OpenVPN 2.7.2 or later for a password of over 256 bytes",
            Self::PushUpdate => "OpenVPN 2.7 or later",
            Self::PacketFilters => "OpenVPN 2.5 or earlier",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_settles_what_version_5_leaves_open() {
        let dialect = Dialect::new(5);
        assert_eq!(dialect.has(Feature::PushUpdate), None);
        assert_eq!(dialect.with_release(2, 6).kill_names_transport(), Some(false));
        assert_eq!(dialect.with_release(2, 7).has(Feature::PushUpdate), Some(true));
        assert_eq!(Dialect::new(4).kill_names_transport(), Some(false));
        assert_eq!(Dialect::new(6).kill_names_transport(), Some(true));
    }

    #[test]
    fn each_version_has_its_forms() {
        let forms = |version| {
            let dialect = Dialect::new(version);
            let pending = dialect.has(Feature::PendingAuth);
            (pending, dialect.pending_auth_takes_timeout(), dialect.pending_auth_takes_kid())
        };
        assert_eq!(forms(1), (Some(false), false, false));
        assert_eq!(forms(3), (Some(true), false, false));
        assert_eq!(forms(4), (Some(true), true, false));
        assert_eq!(forms(5), (Some(true), true, true));
    }

    #[test]
    fn what_was_announced_is_not_announced_again() {
        let dialect = Dialect::new(6);
        assert_eq!(dialect.with_announced(4).to_announce_for_long_passwords(), Some(5));
        assert_eq!(dialect.with_announced(5).to_announce_for_long_passwords(), None);
    }
}
