//! What an OpenVPN release says in its own words.

mod replies;

use openvpn_mgmt::Dialect;

/// The OpenVPN release a fake daemon behaves as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Personality {
    /// OpenVPN 2.5, as of 2.5.1.
    V2_5,
    /// OpenVPN 2.6, as of 2.6.14.
    V2_6,
    /// OpenVPN 2.7, as of 2.7.8.
    V2_7,
}

impl Personality {
    /// Every personality, the oldest first.
    pub const ALL: [Self; 3] = [Self::V2_5, Self::V2_6, Self::V2_7];

    /// The release, e.g. `2.6.14`.
    #[must_use]
    pub const fn release(self) -> &'static str {
        match self {
            Self::V2_5 => "2.5.1",
            Self::V2_6 => "2.6.14",
            Self::V2_7 => "2.7.8",
        }
    }

    /// The number in the greeting and in `version`.
    #[must_use]
    pub const fn management_version(self) -> u32 {
        match self {
            Self::V2_5 => 3,
            Self::V2_6 => 5,
            Self::V2_7 => 6,
        }
    }

    /// How commands are written and read.
    pub(crate) const fn dialect(self) -> Dialect {
        match self {
            Self::V2_5 => Dialect::openvpn(2, 5, 1),
            Self::V2_6 => Dialect::openvpn(2, 6, 14),
            Self::V2_7 => Dialect::openvpn(2, 7, 8),
        }
    }

    /// The name and build options, as `version`, `help` and `status` show them.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::V2_5 => {
                "OpenVPN 2.5.1 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL] [PKCS11] [MH/PKTINFO] \
                 [AEAD] built on May 14 2021"
            }
            Self::V2_6 => {
                "OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL] [PKCS11] [MH/PKTINFO] \
                 [AEAD] [DCO]"
            }
            Self::V2_7 => {
                "OpenVPN 2.7.8 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL] [PKCS11] [MH/PKTINFO] \
                 [AEAD] [DCO]"
            }
        }
    }

    /// The lines of `help` between its title and `END`: names and parameters as a daemon says them, the rest in words of our
    /// own.
    pub(crate) fn help(self) -> std::str::Lines<'static> {
        let text = match self {
            Self::V2_5 => include_str!("help_2_5.txt"),
            Self::V2_6 => include_str!("help_2_6.txt"),
            Self::V2_7 => include_str!("help_2_7.txt"),
        };
        text.lines()
    }

    /// The KID of a client's first session.
    pub(crate) const fn first_kid(self) -> u32 {
        match self {
            Self::V2_5 => 0,
            Self::V2_6 | Self::V2_7 => 1,
        }
    }

    /// Seconds between two tries, where the configuration says nothing.
    pub(crate) const fn retry_wait(self) -> u64 {
        match self {
            Self::V2_5 => 5,
            Self::V2_6 | Self::V2_7 => 1,
        }
    }

    /// Whether a server says that a client has left by itself.
    pub(crate) fn tells_remote_exit(self) -> bool {
        self >= Self::V2_6
    }

    /// Whether an empty line follows the block of a `>CLIENT:CR_RESPONSE`.
    pub(crate) fn says_empty_line_behind_response(self) -> bool {
        self == Self::V2_5
    }

    /// Whether a `bytecount` goes on when another manager has come.
    pub(crate) fn keeps_byte_count(self) -> bool {
        self == Self::V2_6
    }

    /// Whether `remote-entry-count` and `remote-entry-get` are known.
    pub(crate) fn lists_remotes(self) -> bool {
        self >= Self::V2_6
    }

    /// Whether `client-pf` is known.
    pub(crate) fn filters_packets(self) -> bool {
        self == Self::V2_5
    }

    /// Whether `push-update-broad` and `push-update-cid` are known.
    pub(crate) fn pushes_updates(self) -> bool {
        self >= Self::V2_7
    }

    /// Whether `remote SKIP` takes a number.
    pub(crate) fn skips_many(self) -> bool {
        self >= Self::V2_6
    }

    /// Whether `client-pending-auth` takes a KID and a timeout.
    pub(crate) fn pending_auth_takes_kid(self) -> bool {
        self >= Self::V2_6
    }

    /// Whether `version N` is answered from 4 on.
    pub(crate) fn answers_client_version(self) -> bool {
        self >= Self::V2_7
    }

    /// Whether a password may follow in lines of base64, from client version 5 on.
    pub(crate) fn takes_long_passwords(self) -> bool {
        self >= Self::V2_7
    }

    /// Whether a client without a password asks for its user name alone, from client version 4 on.
    pub(crate) fn asks_for_username_alone(self) -> bool {
        self >= Self::V2_7
    }

    /// Whether a signal that a hold ignores is refused in words.
    pub(crate) fn refuses_ignored_signals(self) -> bool {
        self >= Self::V2_6
    }

    /// Whether a client knows the state `AUTH_PENDING`.
    pub(crate) fn shows_auth_pending(self) -> bool {
        self >= Self::V2_6
    }

    /// Whether a wrong password of a private key is told before the restart.
    pub(crate) fn tells_wrong_key_password(self) -> bool {
        self <= Self::V2_6
    }

    /// Whether a transport stands before an address: `udp4:127.0.0.1:5000`.
    pub(crate) fn names_transport(self) -> bool {
        self >= Self::V2_7
    }
}
