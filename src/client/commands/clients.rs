//! A server's decisions about its clients.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::client::{Client, Peer, PeerEnd};
use crate::command::{
    self, ClientAuth, ClientAuthNt, ClientDeny, ClientKill, ClientPendingAuth, ClientPf, EnvFilter,
    IntoPeerConfig, KillTarget, Transport,
};
use crate::error::{Error, Result, invalid};
use crate::reply::{KillReport, PushUpdate, Status};
use crate::types::{ArgumentProblem, Cid, Kid, Protocol, RealAddress, Text};

/// Clients of a server: decisions about them, and what is pushed to them. The server runs with `management-client-auth`.
impl Client {
    /// `client-auth CID KID`, configuration lines, `END`: lets a client in.
    ///
    /// `config` is a [`PeerConfig`](crate::PeerConfig), or lines of a
    /// `--client-config-dir` file that are each checked as by
    /// [`PeerConfig::directive`](crate::PeerConfig::directive).
    ///
    /// # Whom it reaches
    /// Whoever has these IDs when the daemon reads it: they start over when the daemon restarts. The
    /// [request](crate::ClientRequest) itself answers the client that it is about, or nobody.
    #[doc(alias = "client-auth")]
    pub async fn client_auth(&self, cid: Cid, kid: Kid, config: impl IntoPeerConfig) -> Result<()> {
        self.send(&ClientAuth::new(cid, kid, config)?).await
    }

    /// `client-auth-nt CID KID`: lets a client in, with no configuration of its own.
    ///
    /// # Whom it reaches
    /// Whoever has these IDs when the daemon reads it: they start over when the daemon restarts. The
    /// [request](crate::ClientRequest) itself answers the client that it is about, or nobody.
    #[doc(alias = "client-auth-nt")]
    pub async fn client_auth_nt(&self, cid: Cid, kid: Kid) -> Result<()> {
        self.send(&ClientAuthNt::new(cid, kid)).await
    }

    /// `client-deny CID KID "reason" ["client reason"]`: turns a client away.
    ///
    /// `reason` goes to the server's log, `client_reason` to the client's user; at most 256 bytes each.
    ///
    /// # Whom it reaches
    /// Whoever has these IDs when the daemon reads it: they start over when the daemon restarts. The
    /// [request](crate::ClientRequest) itself answers the client that it is about, or nobody.
    #[doc(alias = "client-deny")]
    pub async fn client_deny(
        &self,
        cid: Cid,
        kid: Kid,
        reason: impl AsRef<[u8]>,
        client_reason: Option<&str>,
    ) -> Result<()> {
        let deny = ClientDeny::new(cid, kid, reason);
        self.send(&match client_reason {
            Some(text) => deny.client_reason(text),
            None => deny,
        })
        .await
    }

    /// `client-kill CID`: ends a client's session; the client tries again (`RESTART`).
    ///
    /// The daemon only schedules it: the session ends some seconds later. See
    /// [`client_kill_and_wait`](Self::client_kill_and_wait).
    ///
    /// # Errors
    /// Besides those of [every command](Client#errors): [`Error::Stale`] where the client is gone.
    #[doc(alias = "client-kill")]
    pub async fn client_kill(&self, peer: &Peer) -> Result<()> {
        self.send_by(peer, &ClientKill::new(peer.cid())).await
    }

    /// `client-kill CID MESSAGE`: ends a client's session with a message, as `HALT,bye` (give up) or `RESTART,later` (try again).
    ///
    /// At most 256 bytes.
    ///
    /// # Errors
    /// Besides those of [every command](Client#errors): [`Error::Stale`] where the client is gone.
    #[doc(alias = "client-kill")]
    pub async fn client_kill_with(&self, peer: &Peer, message: impl AsRef<[u8]>) -> Result<()> {
        self.send_by(peer, &ClientKill::new(peer.cid()).message(message)).await
    }

    /// `client-kill CID`, and waits until the client is gone, for at most `timeout` from the call.
    ///
    /// Tells what became of it: its `>CLIENT:DISCONNECT` came (also before the reply), a newer
    /// client has its ID, the daemon restarted, or the connection ended.
    ///
    /// # Errors
    /// Besides those of [every command](Client#errors): [`Error::Stale`] where the client was gone before, and
    /// [`Error::StillConnected`] where it is not gone in time.
    #[doc(alias = "client-kill")]
    pub async fn client_kill_and_wait(&self, peer: &Peer, timeout: Duration) -> Result<PeerEnd> {
        let kill = self.prepare(&ClientKill::new(peer.cid())).await?;
        self.call_until_gone(peer, kill, timeout).await
    }

    /// `client-kill CID`: ends the session of whoever has this ID.
    ///
    /// # Whom it reaches
    /// Whoever has this ID when the daemon reads it: IDs start over when the daemon restarts. [`client_kill`](Self::client_kill) reaches
    /// the client that is meant, or nobody.
    #[doc(alias = "client-kill")]
    pub async fn client_kill_unchecked(&self, cid: Cid) -> Result<()> {
        self.send(&ClientKill::new(cid)).await
    }

    /// `client-kill CID MESSAGE`: ends the session of whoever has this ID, with a message of at most 256 bytes.
    ///
    /// # Whom it reaches
    /// Whoever has this ID when the daemon reads it: IDs start over when the daemon restarts. [`client_kill_with`](Self::client_kill_with) reaches
    /// the client that is meant, or nobody.
    #[doc(alias = "client-kill")]
    pub async fn client_kill_with_unchecked(
        &self,
        cid: Cid,
        message: impl AsRef<[u8]>,
    ) -> Result<()> {
        self.send(&ClientKill::new(cid).message(message)).await
    }

    /// `client-pf CID`, filter lines, `END`: sets a client's packet filter, where that is still the one
    /// that has its ID. OpenVPN 2.5 and earlier, with `management-client-pf`.
    ///
    /// The lines are those of a packet filter file: `[CLIENTS ACCEPT]`, `-name`, `[SUBNETS DROP]`,
    /// `+10.0.0.0/8`, and last `[END]`, each at most 255 bytes.
    ///
    /// # Errors
    /// Besides those of [every command](Client#errors): [`Error::Stale`] where the client is gone, and
    /// [`Error::Unsupported`] from OpenVPN 2.6 on.
    #[doc(alias = "client-pf")]
    pub async fn client_pf<L: AsRef<[u8]>>(
        &self,
        peer: &Peer,
        filter: impl IntoIterator<Item = L>,
    ) -> Result<()> {
        self.send_by(peer, &ClientPf::new(peer.cid(), filter)).await
    }

    /// `client-pending-auth CID KID "EXTRA" TIMEOUT`: has a client wait, and tells its user what to do meanwhile.
    ///
    /// `extra` is `WEB_AUTH:flags:url`, `OPEN_URL:url` or `CR_TEXT:flags:text`, at most 246 bytes.
    /// `timeout` is whole seconds, from 1; OpenVPN 2.5 has none and ignores it. Needs OpenVPN 2.5;
    /// each version gets the parameters it knows. The response to a `CR_TEXT` becomes a
    /// [`Request::ClientResponse`](crate::Request::ClientResponse).
    ///
    /// # Whom it reaches
    /// Whoever has these IDs when the daemon reads it: they start over when the daemon restarts. The
    /// [request](crate::ClientRequest) itself answers the client that it is about, or nobody.
    #[doc(alias = "client-pending-auth")]
    pub async fn client_pending_auth(
        &self,
        cid: Cid,
        kid: Kid,
        extra: impl AsRef<[u8]>,
        timeout: Duration,
    ) -> Result<()> {
        self.send(&ClientPendingAuth::new(cid, kid, extra, timeout)).await
    }

    /// `env-filter LEVEL`: how much of a client's environment the daemon sends. Kept for later managers.
    #[doc(alias = "env-filter")]
    pub async fn env_filter(&self, filter: EnvFilter) -> Result<()> {
        self.send(&filter).await
    }

    /// `kill CN`, `kill IP:port`, `kill proto:IP:port`: ends the clients of a name or at an address.
    ///
    /// Each version gets the form it knows. No version knows IPv6: for such a client this is two commands, `status 3`,
    /// in which it is looked up, and [`client_kill`](Self::client_kill), which needs
    /// [`Builder::requests`](crate::Builder::requests). Before OpenVPN 2.7 `status` shows neither port nor transport
    /// of an IPv6 client, so that only [`KillTarget::AnyPort`] names one.
    pub async fn kill(&self, target: &KillTarget) -> Result<KillReport> {
        let call = self.one_call();
        match target {
            KillTarget::Address { transport, ip: IpAddr::V6(ip), port } => {
                call.kill_ipv6(*ip, |address| at_port(address, *transport, *port)).await
            }
            KillTarget::AnyPort(ip) => call.kill_ipv6(*ip, |_| Match::Yes).await,
            KillTarget::CommonName(_)
            | KillTarget::Address { .. }
            | KillTarget::AnyTransport { .. } => call.send(target).await,
        }
    }

    /// `push-update-broad "options"`: changes the pushed options of every client. OpenVPN 2.7.
    #[doc(alias = "push-update-broad")]
    pub async fn push_update_broad(&self, options: impl AsRef<[u8]>) -> Result<PushUpdate> {
        self.send(&command::PushUpdate::broad(options)).await
    }

    /// `push-update-cid CID "options"`: changes the pushed options of one client. OpenVPN 2.7.
    ///
    /// # Errors
    /// Besides those of [every command](Client#errors): [`Error::Stale`] where the client is gone.
    #[doc(alias = "push-update-cid")]
    pub async fn push_update_cid(
        &self,
        peer: &Peer,
        options: impl AsRef<[u8]>,
    ) -> Result<PushUpdate> {
        self.send_by(peer, &command::PushUpdate::cid(peer.cid(), options)).await
    }

    /// `push-update-cid CID "options"`: changes the pushed options of whoever has this ID. OpenVPN 2.7.
    ///
    /// # Whom it reaches
    /// Whoever has this ID when the daemon reads it: IDs start over when the daemon restarts. [`push_update_cid`](Self::push_update_cid) reaches
    /// the client that is meant, or nobody.
    #[doc(alias = "push-update-cid")]
    pub async fn push_update_cid_unchecked(
        &self,
        cid: Cid,
        options: impl AsRef<[u8]>,
    ) -> Result<PushUpdate> {
        self.send(&command::PushUpdate::cid(cid, options)).await
    }

    /// Ends the one client of `status` that is at an IPv6 address.
    async fn kill_ipv6(
        &self,
        ip: Ipv6Addr,
        at: impl Fn(&RealAddress) -> Match,
    ) -> Result<KillReport> {
        let (status, peers) = self.status_with_peers().await?;
        let Status::Server(status) = status else {
            return Err(Error::Unsupported { command: "kill", needs: "a server" });
        };
        let addresses = status.clients.iter().map(|client| (client, client.real_address()));
        let at_ip = addresses.filter(|(_, address)| address.ip == Some(IpAddr::V6(ip)));
        let mut found = Vec::new();
        for (client, address) in at_ip {
            match at(&address) {
                Match::Yes => found.push(client),
                Match::No => {}
                Match::Unknown => {
                    return Err(bad_address(
                        "is IPv6, and this daemon's `status` shows no port of it; use `KillTarget::AnyPort`",
                    ));
                }
            }
        }
        let client = match found.as_slice() {
            [client] => client,
            [] => return Err(bad_address("is the address of no client")),
            _ => return Err(bad_address("is the address of several clients")),
        };
        let Some(cid) = client.cid() else {
            return Err(Error::Unsupported { command: "kill", needs: "client IDs in `status 3`" });
        };
        self.client_kill(&peers.peer(cid)).await?;
        Ok(KillReport { killed: 1, text: Text::from(format!("client {cid} killed")) })
    }
}

/// Whether a row of `status` is of the address that is looked for.
enum Match {
    Yes,
    No,
    /// The row does not say enough.
    Unknown,
}

fn bad_address(problem: &'static str) -> Error {
    invalid("kill", "address", ArgumentProblem::Other(problem))
}

/// Whether a row shows this port, and this transport.
fn at_port(address: &RealAddress, transport: Transport, port: u16) -> Match {
    let is_other = |shown: &Protocol| match transport {
        Transport::Udp => shown.is_tcp(),
        Transport::Tcp => shown.is_udp(),
    };
    match (address.port, &address.protocol) {
        (Some(shown), _) if shown != port => Match::No,
        (_, Some(shown)) if is_other(shown) => Match::No,
        (Some(_), Some(_)) => Match::Yes,
        _ => Match::Unknown,
    }
}
