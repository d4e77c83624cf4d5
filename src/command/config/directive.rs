//! One line of a client's configuration, held against what daemons make of it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::ranges::{
    address, address_ipv6, netmask_or_remote, network, network_ipv6, prefix, split_prefix,
};
use super::{COMMAND, LINE, TOO_LONG};
use crate::command::lexer::{self, Parameter};
use crate::error::Result;
use crate::error::invalid;
use crate::types::ArgumentProblem;
use crate::types::number;
use crate::types::{check_block_line, limits};

type Check<T = ()> = std::result::Result<T, ArgumentProblem>;

/// The greatest `ping-restart` of OpenVPN 2.7, in seconds; older ones take more.
const PING_TIMEOUT: u64 = 86_400;
/// A C `int`; in 2.5 also the bytes of `inactive`, which are more in later ones.
const INT: u64 = i32::MAX as u64;
const VLAN_ID: u64 = 4094;

/// A line as the daemon's lexer reads it: a directive and its parameters.
pub(super) struct Parsed {
    directive: Parameter,
    parameters: Vec<Parameter>,
}

impl Parsed {
    /// Reads a line that the daemon would take as one, whole and for what it is.
    pub(super) fn new(line: &[u8]) -> Result<Self> {
        let bad = |problem| invalid(COMMAND, LINE, problem);
        check_block_line(line, limits::CONFIG_LINE, TOO_LONG).map_err(bad)?;
        let mut parameters = lexer::parameters(line).map_err(bad)?.into_iter();
        let Some(directive) = parameters.next() else {
            return Err(bad(ArgumentProblem::Empty));
        };
        let parsed = Self { directive, parameters: parameters.collect() };
        if parsed.begins_inline_file() {
            return Err(bad(ArgumentProblem::Other(
                "begins an inline file; the daemon ends itself, as it finds no end of it",
            )));
        }
        Ok(parsed)
    }

    /// The directive without the `--` that it may have in front.
    fn name(&self) -> &[u8] {
        match self.directive.strip_prefix(b"--") {
            Some(name) if !name.is_empty() => name,
            _ => &self.directive,
        }
    }

    fn begins_inline_file(&self) -> bool {
        let name = self.name();
        self.parameters.is_empty() && name.starts_with(b"<") && name.ends_with(b">")
    }

    /// Checks that every daemon takes this line, and in the way it was meant.
    pub(super) fn check(&self) -> Result<()> {
        let Some(known) = Directive::find(self.name()) else {
            return Err(invalid(COMMAND, LINE, unknown(self.name())));
        };
        let parameters: Vec<&[u8]> =
            self.parameters.iter().map(|parameter| parameter.as_slice()).collect();
        (known.check)(&parameters).map_err(|problem| invalid(COMMAND, known.name, problem))
    }
}

/// The directive is named only where it looks like one: a line of another kind may be a secret.
fn unknown(name: &[u8]) -> ArgumentProblem {
    let text = std::str::from_utf8(name).ok().filter(|name| {
        let is_of_names = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        name.len() <= 40 && name.bytes().all(is_of_names)
    });
    ArgumentProblem::UnknownDirective(text.map(str::to_owned))
}

/// A directive that OpenVPN 2.5, 2.6 and 2.7 all take in this place.
struct Directive {
    name: &'static str,
    check: fn(&[&[u8]]) -> Check,
}

impl Directive {
    #[rustfmt::skip]
    const KNOWN: [Self; 15] = [
        Self { name: "push", check: push },
        Self { name: "push-reset", check: nothing },
        Self { name: "push-remove", check: push_remove },
        Self { name: "ifconfig-push", check: ifconfig_push },
        Self { name: "ifconfig-ipv6-push", check: ifconfig_ipv6_push },
        Self { name: "iroute", check: iroute },
        Self { name: "iroute-ipv6", check: iroute_ipv6 },
        Self { name: "ping", check: |words| seconds(words, PING_TIMEOUT) },
        Self { name: "ping-exit", check: |words| seconds(words, PING_TIMEOUT) },
        Self { name: "ping-restart", check: |words| seconds(words, PING_TIMEOUT) },
        Self { name: "ping-timer-rem", check: nothing },
        Self { name: "inactive", check: inactive },
        Self { name: "max-routes-per-client", check: |words| one_number(words, 1, INT) },
        Self { name: "vlan-pvid", check: |words| one_number(words, 1, VLAN_ID) },
        Self { name: "disable", check: nothing },
    ];

    fn find(name: &[u8]) -> Option<Self> {
        Self::KNOWN.into_iter().find(|known| known.name.as_bytes() == name)
    }
}

const COUNT: ArgumentProblem =
    ArgumentProblem::Other("has too few or too many parameters; the daemon drops the line");

fn nothing(words: &[&[u8]]) -> Check {
    if words.is_empty() { Ok(()) } else { Err(COUNT) }
}

fn push(words: &[&[u8]]) -> Check {
    let [option] = words else { return Err(COUNT) };
    if option.contains(&b',') {
        return Err(ArgumentProblem::Other(
            "holds a comma in its option; the daemon drops such an option",
        ));
    }
    // The client reads the option as a line of its own.
    if lexer::parameters(option)?.is_empty() {
        return Err(ArgumentProblem::Other("has an option that is empty"));
    }
    Ok(())
}

fn push_remove(words: &[&[u8]]) -> Check {
    match words {
        [b""] => Err(ArgumentProblem::Other("is empty and would remove every option")),
        [_] => Ok(()),
        _ => Err(COUNT),
    }
}

fn ifconfig_push(words: &[&[u8]]) -> Check {
    let (local, remote, alias) = match words {
        [local, remote] => (local, remote, None),
        [local, remote, alias] => (local, remote, Some(alias)),
        _ => return Err(COUNT),
    };
    address(ipv4(local)?)?;
    netmask_or_remote(ipv4(remote)?)?;
    alias.map_or(Ok(()), |alias| address(ipv4(alias)?))
}

fn ifconfig_ipv6_push(words: &[&[u8]]) -> Check {
    let (local, remote) = match words {
        [local, remote] => (local, remote),
        [_] => {
            return Err(ArgumentProblem::Other(
                "has no remote address; the daemon drops the line where it has no IPv6 \
                 address of its own",
            ));
        }
        _ => return Err(COUNT),
    };
    let (local, bits) = split_prefix(local)?;
    address_ipv6(ipv6(local)?)?;
    // The daemon takes others, and the client drops them.
    prefix(bits, 64, 124)?;
    ipv6(remote).map(drop)
}

fn iroute(words: &[&[u8]]) -> Check {
    match words {
        [host] => network(ipv4(host)?, Ipv4Addr::BROADCAST),
        [base, netmask] => network(ipv4(base)?, ipv4(netmask)?),
        _ => Err(COUNT),
    }
}

fn iroute_ipv6(words: &[&[u8]]) -> Check {
    let [word] = words else { return Err(COUNT) };
    let (base, bits) = split_prefix(word)?;
    network_ipv6(ipv6(base)?, prefix(bits, 0, 128)?)
}

fn inactive(words: &[&[u8]]) -> Check {
    match words {
        [time] => seconds(&[time], INT),
        [time, bytes] => {
            seconds(&[time], INT)?;
            one_number(&[bytes], 0, INT)
        }
        _ => Err(COUNT),
    }
}

fn seconds(words: &[&[u8]], max: u64) -> Check {
    one_number(words, 0, max)
}

fn one_number(words: &[&[u8]], min: u64, max: u64) -> Check {
    let [word] = words else { return Err(COUNT) };
    let Some(value) = number(word) else {
        return Err(ArgumentProblem::Other("has a parameter that should be a number"));
    };
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(ArgumentProblem::OutOfRange { value, min, max })
    }
}

/// An address in full. The daemon takes `10.1` for 10.0.0.1 and `010.0.0.1` for 8.0.0.1, looks
/// names up while the whole VPN waits, and takes 0.0.0.0 for what it cannot read.
fn ipv4(word: &[u8]) -> Check<Ipv4Addr> {
    let address = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
    address.ok_or(ArgumentProblem::Other("has a parameter that should be an IPv4 address"))
}

fn ipv6(word: &[u8]) -> Check<Ipv6Addr> {
    let address = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
    address.ok_or(ArgumentProblem::Other("has a parameter that should be an IPv6 address"))
}
