//! Which directives break that a daemon is started and managed from here, as 2.5, 2.6 and 2.7 read them.

/// What becomes of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The command line says otherwise, and wins.
    Overridden(&'static str),
    /// No command line undoes it.
    Refused(&'static str),
}

/// What becomes of these words, a directive and its parameters; `None` where it breaks nothing. The daemon `listens`, or
/// dials.
pub(super) fn rule(words: &[&[u8]], listens: bool) -> Option<Rule> {
    let (name, parameters) = unwrapped(words).split_first()?;
    Some(match *name {
        b"daemon" => Rule::Refused(
            "puts the daemon into the background, where neither its end nor its words are seen",
        ),
        b"inetd" => Rule::Refused("is for a daemon that inetd starts, and needs inetd's socket"),
        // The first redirection that a daemon reads wins.
        b"log" | b"log-append" => {
            Rule::Overridden("the daemon's output is read here, not written to a file")
        }
        b"syslog" => Rule::Overridden("the daemon's output is read here, not sent to syslog"),
        // The address of the last one wins, but a password file is never taken back.
        b"management" if parameters.len() > 2 => {
            Rule::Refused("has a password file, which stays in force for the private socket")
        }
        b"management" => Rule::Overridden("the daemon is managed over a private socket"),
        b"management-client" if listens => {
            Rule::Refused("has the daemon dial, and it is to listen")
        }
        b"management-client-user" | b"management-client-group" => {
            Rule::Refused("has the daemon turn away managers that are not of one user or group")
        }
        _ => return None,
    })
}

/// The directive of these words.
pub(super) fn name<'a>(words: &[&'a [u8]]) -> &'a [u8] {
    unwrapped(words).first().copied().unwrap_or_default()
}

/// `setenv opt` in front of a directive lets older daemons pass it over, and is otherwise as if it were not there.
pub(super) fn unwrapped<'a, 'b>(words: &'a [&'b [u8]]) -> &'a [&'b [u8]] {
    match words {
        [b"setenv", b"opt", rest @ ..] => rest,
        words => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str, listens: bool) -> Option<Rule> {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        rule(&words, listens)
    }

    #[test]
    fn what_breaks_it_is_known() {
        for line in [
            "daemon",
            "daemon ovpn",
            "inetd wait",
            "management 127.0.0.1 7505 /etc/openvpn/pw",
            "management-client-user root",
            "management-client-group root",
            "setenv opt daemon",
        ] {
            assert!(matches!(of(line, false), Some(Rule::Refused(_))), "{line}");
        }
        for line in ["log x", "log-append x", "syslog", "management 127.0.0.1 7505"] {
            assert!(matches!(of(line, false), Some(Rule::Overridden(_))), "{line}");
        }
    }

    #[test]
    fn what_a_daemon_does_beside_is_left_alone() {
        for line in [
            "writepid /run/x.pid",
            "user nobody",
            "group nogroup",
            "chroot /var/empty",
            "cd /etc/openvpn",
            "management-hold",
            "management-query-passwords",
            "management-client-auth",
            "management-client",
            "setenv opt block-outside-dns",
            "setenv opt",
            "verb 3",
        ] {
            assert_eq!(of(line, false), None, "{line}");
        }
        assert!(matches!(of("management-client", true), Some(Rule::Refused(_))));
    }
}
