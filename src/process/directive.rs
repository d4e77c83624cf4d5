//! [`Directive`]: what a daemon is given on its command line.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;

use super::conflict::{Conflict, Place};
use super::rules::{Rule, name, rule};

/// How many parameters a daemon reads of a directive.
const PARAMETERS: usize = 15;

/// A directive and its parameters, which are words of a command line as they are.
#[derive(Clone)]
pub(super) struct Directive {
    name: String,
    parameters: Vec<OsString>,
}

impl Directive {
    /// The two dashes in front of the name may be left out.
    pub(super) fn new(name: &str, parameters: Vec<OsString>) -> Self {
        let name = name.strip_prefix("--").unwrap_or(name).to_owned();
        Self { name, parameters }
    }

    /// The words of the command line.
    pub(super) fn words(&self) -> impl Iterator<Item = OsString> {
        let name = OsString::from(format!("--{}", self.name));
        std::iter::once(name).chain(self.parameters.iter().cloned())
    }

    /// The same as a daemon reads them.
    pub(super) fn read(&self) -> Vec<&[u8]> {
        let parameters = self.parameters.iter().map(|word| word.as_bytes());
        std::iter::once(self.name.as_bytes()).chain(parameters).collect()
    }

    /// Refuses what the daemon would read otherwise, and what breaks that it is managed.
    pub(super) fn check(&self, listens: bool) -> Result<(), Conflict> {
        match self.problem(listens) {
            Some(why) => Err(Conflict::new(self.shown_name(), Place::CommandLine, why)),
            None => Ok(()),
        }
    }

    fn problem(&self, listens: bool) -> Option<&'static str> {
        if self.name.starts_with('<') || self.parameters.iter().any(|word| is_inline(word)) {
            return Some("command lines are seen by other users, and hold no inline files");
        }
        if !is_name(&self.name) {
            return Some("is no name of a directive");
        }
        if self.parameters.len() > PARAMETERS {
            return Some("has over 15 parameters, of which a daemon reads no more");
        }
        if self.parameters.iter().any(|word| word.as_bytes().starts_with(b"--")) {
            return Some(
                "has a parameter that begins with `--`, which a daemon takes for a directive",
            );
        }
        if self.parameters.iter().any(|word| word.as_bytes().contains(&0)) {
            return Some("has a parameter with a NUL in it");
        }
        let words = self.read();
        if name(&words) == b"auth-token" {
            return Some("command lines are seen by other users, and hold no secrets");
        }
        match rule(&words, listens)? {
            // In a configuration it may be there for other occasions; here it is asked for.
            Rule::Overridden(why) | Rule::Refused(why) => Some(why),
        }
    }

    /// The name, where it looks like one: anything else may be a secret.
    fn shown_name(&self) -> String {
        if is_name(&self.name) { self.name.clone() } else { "[redacted]".to_owned() }
    }
}

fn is_name(name: &str) -> bool {
    let is_of_names = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=40).contains(&name.len()) && name.bytes().all(is_of_names) && !name.starts_with('-')
}

/// What a daemon writes in place of a file that stands in the configuration itself.
fn is_inline(word: &OsStr) -> bool {
    matches!(word.as_bytes(), b"[inline]" | b"[[INLINE]]")
}

impl fmt::Debug for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (parameters: {})", self.shown_name(), self.parameters.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, parameters: &[&str]) -> Result<(), String> {
        let parameters = parameters.iter().map(OsString::from).collect();
        Directive::new(name, parameters).check(false).map_err(|conflict| conflict.to_string())
    }

    #[test]
    fn what_a_daemon_takes_is_taken() {
        for (name, parameters) in [
            ("remote", &["vpn.example", "1194"][..]),
            ("--verb", &["4"]),
            ("remote-cert-tls", &["server"]),
            ("x509-username-field", &["ext:subjectAltName"]),
            ("setenv", &["NAME", "a value with \"quotes\" and blanks"]),
            ("push", &["route 10.0.0.0 255.0.0.0"]),
            ("config", &["/etc/openvpn/more.conf"]),
            ("writepid", &["/run/x.pid"]),
            ("dev", &[""]),
        ] {
            assert_eq!(check(name, parameters), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_a_daemon_would_read_otherwise_is_refused() {
        for (name, parameters, why) in [
            ("", &[][..], "no name"),
            ("--", &[], "no name"),
            ("ver b", &[], "no name"),
            ("<key>", &["-----BEGIN"], "inline"),
            ("key", &["[inline]"], "inline"),
            ("auth-token", &["SESS"], "secrets"),
            ("setenv", &["opt", "auth-token", "SESS"], "secrets"),
            ("verb", &["--daemon"], "begins with `--`"),
            ("verb", &["3\0"], "NUL"),
            ("push", &["x"; 16], "15"),
        ] {
            let refused = check(name, parameters).unwrap_err();
            assert!(refused.contains(why), "{name}: {refused}");
        }
    }

    #[test]
    fn a_word_that_is_no_name_is_not_shown() {
        let secret = Directive::new("hunter2 is my password", vec!["x".into()]);
        assert_eq!(format!("{secret:?}"), "[redacted] (parameters: 1)");
        assert!(!secret.check(false).unwrap_err().to_string().contains("hunter2"));
    }

    #[test]
    fn its_words_are_those_of_a_command_line() {
        let directive = Directive::new("remote", vec!["vpn.example".into(), "1194".into()]);
        assert!(directive.words().eq(["--remote", "vpn.example", "1194"]));
        assert_eq!(directive.read(), [&b"remote"[..], b"vpn.example", b"1194"]);
    }
}
