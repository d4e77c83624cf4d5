//! [`Odds`]: what an odd daemon says in the place of what daemons say, once each time that a scenario wants it.

use std::collections::VecDeque;

use openvpn_mgmt_test::Personality;

use crate::scenario::Deed;

/// What stands in a line where no block has it.
pub(crate) const ERROR_ROW: &str = "ERROR: is how this row begins";

/// What stands in the place of a reply.
pub(crate) const OTHER_WORDS: &str = "in other words";

/// What is odd from some moment on.
#[derive(Default)]
pub(crate) struct Odds {
    /// What is odd about replies to come, each with how many that fit come before.
    next: VecDeque<(Deed, u32)>,
    /// States that cannot be read: whether of those with RECONNECTING.
    unread: VecDeque<bool>,
    other_hold: bool,
    /// How many lines come before a greeting.
    pub(crate) talks: u32,
    /// How many lines and secrets more an environment has.
    wide: Option<(u32, u32)>,
}

/// How a line is said.
pub(crate) struct Said {
    /// These come before it.
    pub(crate) before: Vec<Vec<u8>>,
    pub(crate) line: Vec<u8>,
    /// Somebody may find that it cannot be read, or that its block cannot.
    pub(crate) is_unreadable: bool,
}

impl Odds {
    /// From now on this is to happen.
    pub(crate) fn add(&mut self, deed: Deed, a: u32, b: u32) {
        match deed {
            Deed::Unread => self.unread.push_back(a != 1),
            Deed::Holds => self.other_hold = true,
            Deed::Talks => self.talks = a,
            Deed::Wide => self.wide = Some((a, b)),
            Deed::Refuses => self.next.push_back((deed, a)),
            _ => self.next.push_back((deed, a % 4)),
        }
    }

    /// What is odd about the reply to this command.
    pub(crate) fn hears(&mut self, command: &str) -> Option<Deed> {
        let at = self.next.iter().position(|(deed, a)| fits(*deed, *a, command))?;
        match self.next.get_mut(at) {
            Some((deed, before)) if *deed != Deed::Refuses && *before > 0 => {
                *before -= 1;
                None
            }
            _ => self.next.remove(at).map(|(deed, _)| deed),
        }
    }

    /// How a line is said.
    pub(crate) fn says(&mut self, line: &[u8]) -> Said {
        let mut said = Said { before: Vec::new(), line: line.to_vec(), is_unreadable: false };
        if line.starts_with(b">HOLD:") && self.other_hold {
            said.line = b">HOLD:Let me go on, please\r\n".to_vec();
        } else if line.starts_with(b">STATE:") && !self.unread.is_empty() {
            let text = String::from_utf8_lossy(line).into_owned();
            let is_restart = text.contains(",RECONNECTING,");
            if self.unread.front() == Some(&is_restart) {
                self.unread.pop_front();
                let rest = text.split_once(',').map_or("", |(_, rest)| rest);
                said.line = format!(">STATE:soon,{rest}").into_bytes();
                said.is_unreadable = true;
            }
        } else if line.starts_with(b">CLIENT:ENV,END") {
            if let Some((lines, secrets)) = self.wide.take() {
                let lines = (0..lines).map(|number| format!(">CLIENT:ENV,w{number}=\r\n"));
                let secrets = (0..secrets).map(|number| {
                    format!(">CLIENT:ENV,password_{number}=hush{}\r\n", "h".repeat(2000))
                });
                said.before = lines.chain(secrets).map(String::into_bytes).collect();
                said.is_unreadable = true;
            }
        }
        said
    }
}

/// Whether a reply to this command may be odd in this way.
fn fits(deed: Deed, a: u32, command: &str) -> bool {
    let begins = |names: &[&str]| names.iter().any(|name| command.starts_with(name));
    if begins(&["signal fence-", "exit", "quit", "version "]) {
        return false;
    }
    match (deed, a) {
        (Deed::Refuses, 1) => begins(&["env-filter"]),
        (Deed::Refuses, 2) => command == "state on",
        (Deed::Refuses, _) => begins(&["client-auth-nt", "client-deny", "client-pending-auth"]),
        (Deed::ErrorLine, _) => begins(&["help", "log ", "state"]) && command != "state on",
        (Deed::Endless, _) => begins(&["status"]),
        (Deed::StrayLine, _) => begins(&["signal SIG"]),
        (Deed::Words, _) => !begins(&["signal", "auth-retry"]),
        // What has its replies late has them without being asked to.
        _ => !begins(&["pk-sig", "rsa-sig", "certificate", "signal"]),
    }
}

/// The words of a daemon that does not do this.
pub(crate) fn refusal(release: Personality, command: &str) -> Vec<u8> {
    let name = command.split(' ').next().unwrap_or_default();
    let text = match (release, name) {
        (_, "env-filter" | "state") => "ERROR: unknown command, enter 'help' for more options",
        (Personality::V2_5, "client-pending-auth") => {
            "SUCCESS: client-pending-auth command failed. Extra paramter might be too long"
        }
        _ => return format!("ERROR: {name} command failed\r\n").into_bytes(),
    };
    format!("{text}\r\n").into_bytes()
}

/// What is said in the place of a reply; `None` where it is none that can be odd so.
pub(crate) fn instead(deed: Deed, output: &[u8]) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = output.split_inclusive(|byte| *byte == b'\n').collect();
    let is_event = |line: &&[u8]| line.starts_with(b">");
    // The log tells of a command before it is done.
    let begin = lines.iter().position(|line| !is_event(line)).unwrap_or(lines.len());
    let (events, reply) = lines.split_at(begin);
    let count = reply.iter().position(is_event).unwrap_or(reply.len());
    let (reply, behind) = reply.split_at(count);
    let is_block = reply.len() > 1 && reply.last().is_some_and(|line| line.starts_with(b"END"));
    let is_success = reply.first().is_some_and(|line| line.starts_with(b"SUCCESS: "));
    let row = format!("{ERROR_ROW}\r\n");
    let odd = format!("SUCCESS: {OTHER_WORDS}\r\n").into_bytes();
    let reply = match deed {
        Deed::Mute if !reply.is_empty() => Vec::new(),
        Deed::Words if reply.len() == 1 && is_success => odd,
        Deed::ErrorLine if is_block && reply.len() > 2 => {
            let (first, rest) = reply.split_at(1 + usize::from(is_success));
            [first.concat(), row.into_bytes(), rest.concat()].concat()
        }
        Deed::Endless if is_block && reply.len() > 2 => {
            reply.split_last().map_or_else(Vec::new, |(_, rest)| rest.concat())
        }
        Deed::StrayLine => [reply.concat(), b"SUCCESS: quite another thing\r\n".to_vec()].concat(),
        _ => return None,
    };
    Some([events.concat(), reply, behind.concat()].concat())
}
