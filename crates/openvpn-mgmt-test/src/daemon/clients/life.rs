//! What clients of a server do, and what is done to them.

use std::time::Duration;

use super::client::base64;
use super::env::{Event, certificate_env};
use super::{Client, ClientError, Member, Standing};
use crate::daemon::clock::Due;
use crate::daemon::flow::Phase;
use crate::daemon::text::from_utf8;
use crate::daemon::{Daemon, Mode};

/// After so long a client that was denied or killed is let go of.
pub(super) const LET_GO: u64 = 5;
/// So long a server waits for a client that has not been let in.
pub(super) const HAND_WINDOW: u64 = 60;
/// After so long without a word a client that is in is let go of.
const SILENCE: u64 = 120;

impl Daemon {
    /// A client connects, and gives its CID.
    ///
    /// # Errors
    /// The daemon is no server, or serves nobody yet.
    pub fn client_connects(&mut self, mut client: Client) -> Result<u64, ClientError> {
        if !self.serves() {
            return Err(ClientError::NotServing);
        }
        let cid = self.clients.next_cid;
        self.clients.next_cid += 1;
        client.has_certificate &= !self.set_up.no_client_cert;
        if !self.set_up.client_auth {
            // Nobody looks at them.
            (client.username, client.password) = (None, None);
        }
        let member = Member {
            cid,
            certificate: certificate_env(&client.name),
            client,
            kid: 0,
            old_kid: None,
            has_session: false,
            skips_kid: true,
            standing: Standing::Waiting,
            port: self.clients.port(),
            address: None,
            networks: Vec::new(),
            since: self.clock.unix(),
            was_announced: false,
            bytes_in: 1848,
            bytes_out: 1736,
            due: 0,
        };
        self.clients.members.insert(cid, member);
        self.begin_session(cid);
        Ok(cid)
    }

    /// A client begins anew from its port: with the same CID, the next KID, and no word of its end.
    ///
    /// # Errors
    /// Nobody of this name is connected.
    pub fn client_restarts(&mut self, name: &str) -> Result<(), ClientError> {
        let cid = self.client_named(name)?;
        if let Some(member) = self.clients.members.get_mut(&cid) {
            member.skips_kid = false;
        }
        self.begin_session(cid);
        Ok(())
    }

    /// The keys of a client that is in are renewed, and its manager is asked again.
    ///
    /// # Errors
    /// Nobody of this name is in.
    pub fn client_renegotiates(&mut self, name: &str) -> Result<(), ClientError> {
        let cid = self.client_named(name)?;
        self.begin_session(cid);
        Ok(())
    }

    /// A client moves to another port, which changes `status` and nothing else.
    ///
    /// # Errors
    /// Nobody of this name is connected.
    pub fn client_floats(&mut self, name: &str) -> Result<(), ClientError> {
        let cid = self.client_named(name)?;
        let port = self.clients.port();
        if let Some(member) = self.clients.members.get_mut(&cid) {
            member.port = port;
        }
        Ok(())
    }

    /// A client says that it leaves. Over UDP a server notices of one that waits when its time is over.
    ///
    /// # Errors
    /// Nobody of this name is connected.
    pub fn client_leaves(&mut self, name: &str) -> Result<(), ClientError> {
        let cid = self.client_named(name)?;
        // The time of one that waits goes on.
        if self.standing(cid) != Some(Standing::Waiting) || self.set_up.tcp {
            if self.personality.tells_remote_exit() {
                self.say(">NOTIFY:info,remote-exit,EXIT");
            }
            self.client_gone(cid);
        }
        Ok(())
    }

    /// A client is gone without a word: the server notices later.
    ///
    /// # Errors
    /// Nobody of this name is connected.
    pub fn client_vanishes(&mut self, name: &str) -> Result<(), ClientError> {
        let cid = self.client_named(name)?;
        if self.standing(cid) != Some(Standing::Waiting) {
            self.schedule(cid, SILENCE);
        }
        Ok(())
    }

    /// A client sends this response, in base64, asked or not.
    ///
    /// # Errors
    /// Nobody of this name is connected.
    pub fn client_responds(&mut self, name: &str, response: &str) -> Result<(), ClientError> {
        let cid = self.client_named(name)?;
        self.respond(cid, &base64(&from_utf8(response)));
        Ok(())
    }

    /// Whether the manager of a client of this name was told a line with this text.
    #[must_use]
    pub fn client_heard(&self, name: &str, text: &str) -> bool {
        let text = from_utf8(text);
        self.clients.heard(&from_utf8(name)).iter().any(|line| line.contains(&text))
    }

    /// How many clients are let in.
    #[must_use]
    pub fn client_count(&self) -> usize {
        self.clients.count()
    }

    /// Whether a client of this name is let in.
    #[must_use]
    pub fn is_client_in(&self, name: &str) -> bool {
        let name = from_utf8(name);
        let mut members = self.clients.members.values();
        members.any(|member| member.client.name == name && member.standing == Standing::In)
    }

    /// Bytes pass the tunnel of a client.
    ///
    /// # Errors
    /// Nobody of this name is connected.
    pub fn client_traffic(&mut self, name: &str, r#in: u64, out: u64) -> Result<(), ClientError> {
        let cid = self.client_named(name)?;
        if let Some(member) = self.clients.members.get_mut(&cid) {
            member.bytes_in += r#in;
            member.bytes_out += out;
        }
        Ok(())
    }

    pub(in crate::daemon) fn serves(&self) -> bool {
        self.is(Mode::Server) && self.is_open && self.phase == Phase::Running
    }

    pub(super) fn client_named(&self, name: &str) -> Result<u64, ClientError> {
        let nobody = || ClientError::Nobody(name.to_owned());
        self.clients.latest(&from_utf8(name)).ok_or_else(nobody)
    }

    pub(super) fn standing(&self, cid: u64) -> Option<Standing> {
        self.clients.members.get(&cid).map(|member| member.standing)
    }

    /// A session begins: the manager is asked, or the client is let in at once.
    fn begin_session(&mut self, cid: u64) {
        let first = self.personality.first_kid();
        let asks = self.set_up.client_auth;
        let Some(member) = self.clients.members.get_mut(&cid) else { return };
        member.begin_session(first);
        member.due = 0;
        if !asks {
            return self.let_in(cid);
        }
        member.was_announced = true;
        let waits = member.standing == Standing::Waiting;
        let (kid, renews) = (member.kid, member.standing == Standing::In);
        let (word, event) =
            if renews { ("REAUTH", Event::Reauth) } else { ("CONNECT", Event::Connect) };
        self.tell_client(cid, event, &format!(">CLIENT:{word},{cid},{kid}"));
        if waits {
            self.schedule(cid, HAND_WINDOW);
        }
    }

    pub(super) fn let_in(&mut self, cid: u64) {
        let address = self.clients.address();
        let Some(member) = self.clients.members.get_mut(&cid) else { return };
        let was_in = std::mem::replace(&mut member.standing, Standing::In) == Standing::In;
        if was_in {
            return;
        }
        let address = *member.address.get_or_insert(address);
        let (announced, name) = (member.was_announced, member.client.name.clone());
        let networks = member.networks.clone();
        (member.bytes_in, member.bytes_out, member.due) = (2908, 3050, 0);
        self.clients.inside += 1;
        if announced {
            self.say(format!(">CLIENT:ADDRESS,{cid},{address},1"));
            for network in networks {
                let network = network.in_event(self.personality);
                self.say(format!(">CLIENT:ADDRESS,{cid},{network},0"));
            }
        }
        self.tell_client(cid, Event::Established, &format!(">CLIENT:ESTABLISHED,{cid}"));
        let line =
            format!(">STATE:{},CONNECTED,SUCCESS,{address},127.0.0.1,1194,,", self.clock.unix());
        self.clients.hears(&name, line);
        if self.set_up.renews_keys {
            self.clock.after(Duration::from_secs(5), Due::Renew(cid));
        }
    }

    pub(super) fn respond(&mut self, cid: u64, response: &str) {
        let Some(kid) = self.clients.members.get(&cid).map(|member| member.kid) else { return };
        let head = format!(">CLIENT:CR_RESPONSE,{cid},{kid},{response}");
        self.tell_client(cid, Event::Response, &head);
        if self.personality.says_empty_line_behind_response() {
            self.say("");
        }
    }

    pub(super) fn takes(&self, cid: u64, kid: u64) -> bool {
        self.clients.members.get(&cid).is_some_and(|member| member.takes(kid))
    }

    pub(super) fn client_name(&self, cid: u64) -> Option<String> {
        self.clients.members.get(&cid).map(|member| member.client.name.clone())
    }

    pub(super) fn schedule(&mut self, cid: u64, seconds: u64) {
        if let Some(member) = self.clients.members.get_mut(&cid) {
            member.due = self.clock.unix() + seconds;
            self.clock.after(Duration::from_secs(seconds), Due::Client(cid));
        }
    }

    /// The time of a client is over, unless it was given more.
    pub(in crate::daemon) fn client_is_due(&mut self, cid: u64) {
        let now = self.clock.unix();
        let due = self.clients.members.get(&cid).map_or(0, |member| member.due);
        if due > 0 && due <= now {
            self.client_gone(cid);
        }
    }

    /// The keys of a client are renewed by the clock.
    pub(in crate::daemon) fn keys_are_due(&mut self, cid: u64) {
        if self.standing(cid) == Some(Standing::In) {
            self.begin_session(cid);
        }
    }

    /// Lets go of a client, and says so where it was announced.
    pub(in crate::daemon) fn client_gone(&mut self, cid: u64) {
        let Some(member) = self.clients.members.get(&cid) else { return };
        let (standing, announced) = (member.standing, member.was_announced);
        let head = format!(">CLIENT:DISCONNECT,{cid}");
        if announced && matches!(standing, Standing::In | Standing::Leaving) {
            self.tell_client(cid, Event::Disconnect, &head);
        } else if announced {
            self.say(head);
            self.say(">CLIENT:ENV,END");
        }
        let Some(member) = self.clients.members.remove(&cid) else { return };
        if matches!(standing, Standing::In | Standing::Leaving) {
            self.clients.inside = self.clients.inside.saturating_sub(1);
        }
        self.clients.gone.0 += member.bytes_in;
        self.clients.gone.1 += member.bytes_out;
    }

    /// Lets go of all clients, as before a restart; CIDs begin at 0 again.
    pub(in crate::daemon) fn drop_clients(&mut self) {
        let cids: Vec<u64> = self.clients.members.keys().copied().collect();
        for cid in cids {
            self.client_gone(cid);
        }
        self.clients.next_cid = 0;
    }
}
