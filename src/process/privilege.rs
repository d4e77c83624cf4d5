//! [`MissingPrivilege`]: what a daemon was not allowed to do.

use std::fmt;

use super::output::LastWords;

/// What a daemon, or whoever starts it, was not allowed to do, as its words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MissingPrivilege {
    /// To run the program.
    Execute,
    /// To become another user: `sudo` or `systemd-run` in front of the program asked for a password, or refused.
    Prefix,
    /// To connect to the private socket, as it runs as another user.
    Socket,
    /// To make or change a network device, address or route: root, or `CAP_NET_ADMIN`.
    NetworkAdmin,
    /// To open `/dev/net/tun`, which there is none of, as in a container.
    TunDevice,
    /// To listen at a port below 1024: root, or `CAP_NET_BIND_SERVICE`.
    Port,
    /// To change its user, group or root folder, as its configuration asks for: root.
    ChangeUser,
    /// To read or write a file.
    File,
    /// Something else; the words say what.
    Other,
}

/// What a line says of a refusal, and what else stands in it; the first that fits counts.
const WORDS: [(&[&str], MissingPrivilege); 21] = [
    (&["sudo: a password is required"], MissingPrivilege::Prefix),
    (&["sudo: a terminal is required"], MissingPrivilege::Prefix),
    (&["sudo: ", "not allowed"], MissingPrivilege::Prefix),
    (&["not in the sudoers file"], MissingPrivilege::Prefix),
    (&["nteractive authentication required"], MissingPrivilege::Prefix),
    (&["doas: ", "required"], MissingPrivilege::Prefix),
    (&["doas: ", "not permitted"], MissingPrivilege::Prefix),
    (&["MANAGEMENT: connect to unix socket", "ermission denied"], MissingPrivilege::Socket),
    (&["Cannot open TUN/TAP dev", "o such file or directory"], MissingPrivilege::TunDevice),
    (&["Cannot open TUN/TAP dev", "o such device"], MissingPrivilege::TunDevice),
    (&["TUN/TAP dev", "not permitted"], MissingPrivilege::NetworkAdmin),
    (&["TUN/TAP dev", "ermission denied"], MissingPrivilege::NetworkAdmin),
    (&["TUNSETIFF", "not permitted"], MissingPrivilege::NetworkAdmin),
    (&["RTNETLINK answers", "not permitted"], MissingPrivilege::NetworkAdmin),
    (&["rtnl", "not permitted"], MissingPrivilege::NetworkAdmin),
    (&["bind failed", "ermission denied"], MissingPrivilege::Port),
    (&["setgid", "not permitted"], MissingPrivilege::ChangeUser),
    (&["setuid", "not permitted"], MissingPrivilege::ChangeUser),
    (&["chroot", "not permitted"], MissingPrivilege::ChangeUser),
    (&["ermission denied"], MissingPrivilege::File),
    (&["not permitted"], MissingPrivilege::Other),
];

impl MissingPrivilege {
    /// What the last of the daemon's words that tell of a refusal say was missing.
    pub(super) fn of(words: &LastWords) -> Option<Self> {
        words.lines().iter().rev().find_map(|line| Self::of_line(line.as_bytes()))
    }

    fn of_line(line: &[u8]) -> Option<Self> {
        let has = |word: &&str| memchr::memmem::find(line, word.as_bytes()).is_some();
        WORDS.iter().find(|(words, _)| words.iter().all(has)).map(|(_, missing)| *missing)
    }
}

impl fmt::Display for MissingPrivilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Execute => "this user may not run the program",
            Self::Prefix => "the command in front of the program may not start it as another user",
            Self::Socket => "the daemon's user may not connect to the private socket",
            Self::NetworkAdmin => "it needs root or CAP_NET_ADMIN",
            Self::TunDevice => "there is no /dev/net/tun",
            Self::Port => "it needs root or CAP_NET_BIND_SERVICE for its port",
            Self::ChangeUser => "it needs root to change its user, group or root folder",
            Self::File => "its user may not open a file",
            Self::Other => "it was not permitted to do something",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_what_was_missing() {
        for (line, missing) in [
            (
                "ERROR: Cannot ioctl TUNSETIFF tun: Operation not permitted (errno=1)",
                Some(MissingPrivilege::NetworkAdmin),
            ),
            (
                "ERROR: Cannot open TUN/TAP dev /dev/net/tun: No such file or directory (errno=2)",
                Some(MissingPrivilege::TunDevice),
            ),
            (
                "ERROR: Cannot open TUN/TAP dev /dev/net/tun: Permission denied (errno=13)",
                Some(MissingPrivilege::NetworkAdmin),
            ),
            (
                "MANAGEMENT: connect to unix socket /tmp/x failed: Permission denied (errno=13)",
                Some(MissingPrivilege::Socket),
            ),
            (
                "TCP/UDP: Socket bind failed on local address [AF_INET]127.0.0.1:53: Permission denied (errno=13)",
                Some(MissingPrivilege::Port),
            ),
            (
                "setgid('nogroup') failed: Operation not permitted (errno=1)",
                Some(MissingPrivilege::ChangeUser),
            ),
            ("sudo: a password is required", Some(MissingPrivilege::Prefix)),
            (
                "Failed to start transient scope unit: Interactive authentication required.",
                Some(MissingPrivilege::Prefix),
            ),
            (
                "Options error: --ca fails with 'x': Permission denied (errno=13)",
                Some(MissingPrivilege::File),
            ),
            ("Initialization Sequence Completed", None),
        ] {
            assert_eq!(MissingPrivilege::of_line(line.as_bytes()), missing, "{line}");
        }
    }
}
