//! A server's decisions about its clients.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::client::Client;
use crate::command::{EnvFilter, IntoClientConfig, KillTarget, Wire, clients, config, invalid};
use crate::error::{ArgumentProblem, Error, Result};
use crate::reply::{KillReport, PushUpdate, Status, parse_push_update};
use crate::{Cid, Kid, Text};

impl Client {
    /// `client-auth CID KID`, configuration lines, `END`: lets a client in.
    ///
    /// `config` is a [`ClientConfig`](crate::ClientConfig), or lines of a
    /// `--client-config-dir` file that are each checked as by
    /// [`ClientConfig::directive`](crate::ClientConfig::directive).
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn client_auth(
        &self,
        cid: Cid,
        kid: Kid,
        config: impl IntoClientConfig,
    ) -> Result<()> {
        self.call(config::client_auth(cid, kid, config)?).await.map(drop)
    }

    /// `client-auth-nt CID KID`: lets a client in, with no configuration of its own.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn client_auth_nt(&self, cid: Cid, kid: Kid) -> Result<()> {
        self.call(clients::client_auth_nt(cid, kid)).await.map(drop)
    }

    /// `client-deny CID KID "reason" ["client reason"]`: turns a client away.
    ///
    /// `reason` goes to the server's log, `client_reason` to the client's user; at most 256 bytes each.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn client_deny(
        &self,
        cid: Cid,
        kid: Kid,
        reason: impl AsRef<[u8]>,
        client_reason: Option<&str>,
    ) -> Result<()> {
        let command =
            clients::client_deny(cid, kid, reason.as_ref(), client_reason.map(str::as_bytes))?;
        self.call(command).await.map(drop)
    }

    /// `client-kill CID`: ends a client's session; the client tries again (`RESTART`).
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn client_kill(&self, cid: Cid) -> Result<()> {
        self.call(clients::client_kill(cid, None)?).await.map(drop)
    }

    /// `client-kill CID MESSAGE`: ends a client's session with a message, as `HALT,bye` (give up) or `RESTART,later` (try again).
    ///
    /// At most 256 bytes.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn client_kill_with(&self, cid: Cid, message: impl AsRef<[u8]>) -> Result<()> {
        self.call(clients::client_kill(cid, Some(message.as_ref()))?).await.map(drop)
    }

    /// `client-pending-auth CID KID "EXTRA" TIMEOUT`: has a client wait, and tells its user what to do meanwhile.
    ///
    /// `extra` is `WEB_AUTH:flags:url`, `OPEN_URL:url` or `CR_TEXT:flags:text`, at most 246 bytes.
    /// `timeout` is whole seconds, from 1; OpenVPN 2.5 has none and ignores it. Needs OpenVPN 2.5;
    /// each version gets the parameters it knows.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn client_pending_auth(
        &self,
        cid: Cid,
        kid: Kid,
        extra: impl AsRef<[u8]>,
        timeout: Duration,
    ) -> Result<()> {
        let command = self.pending_command(cid, kid, extra.as_ref(), timeout)?;
        let reply = self.call(command).await?;
        match reply.success {
            // The words of 2.5.0 to 2.5.6.
            Some(text) if contains(text.as_bytes(), b"command failed") => {
                Err(Error::Refused { command: "client-pending-auth", text })
            }
            _ => Ok(()),
        }
    }

    /// `env-filter LEVEL`: how much of a client's environment the daemon sends. Kept for later managers.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn env_filter(&self, filter: EnvFilter) -> Result<()> {
        self.call(clients::env_filter(filter)).await.map(drop)
    }

    /// `kill CN`, `kill IP:port`, `kill proto:IP:port`: ends the clients of a name or at an address.
    ///
    /// Each version gets the form it knows. No version knows IPv6: such a client is looked up in
    /// `status 3` and ended by `client-kill`; before OpenVPN 2.7 `status` shows no port, so two clients
    /// at one IPv6 address are refused as ambiguous.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn kill(&self, target: &KillTarget) -> Result<KillReport> {
        let command = match target {
            KillTarget::CommonName(name) => clients::kill_common_name(name)?,
            KillTarget::Address { transport, ip: IpAddr::V4(ip), port } => {
                let names_transport = self.kill_names_transport().await?;
                clients::kill_address(*transport, *ip, *port, names_transport)?
            }
            KillTarget::Address { ip: IpAddr::V6(ip), port, .. } => {
                return self.kill_ipv6(*ip, *port).await;
            }
        };
        KillReport::parse(&self.call(command).await?)
    }

    /// `push-update-broad "options"`: changes the pushed options of every client. OpenVPN 2.7.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn push_update_broad(&self, options: impl AsRef<[u8]>) -> Result<PushUpdate> {
        self.push_update(None, options.as_ref()).await
    }

    /// `push-update-cid CID "options"`: changes the pushed options of one client. OpenVPN 2.7.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn push_update_cid(&self, cid: Cid, options: impl AsRef<[u8]>) -> Result<PushUpdate> {
        self.push_update(Some(cid), options.as_ref()).await
    }

    /// The form of `client-pending-auth` that this daemon knows.
    pub(crate) fn pending_command(
        &self,
        cid: Cid,
        kid: Kid,
        extra: &[u8],
        timeout: Duration,
    ) -> Result<Wire> {
        let seconds = whole_seconds("client-pending-auth", timeout)?;
        clients::client_pending_auth(cid, kid, extra, seconds, self.management_version())
    }

    async fn push_update(&self, cid: Option<Cid>, options: &[u8]) -> Result<PushUpdate> {
        let command = clients::push_update(cid, options)?;
        let name = command.name;
        if !self.is_2_7().await? {
            return Err(Error::Unsupported { command: name, needs: "OpenVPN 2.7 or later" });
        }
        parse_push_update(name, &self.call(command).await?.lines)
    }

    async fn kill_names_transport(&self) -> Result<bool> {
        self.is_2_7().await
    }

    /// Only management version 5 leaves it open.
    async fn is_2_7(&self) -> Result<bool> {
        match self.management_version() {
            ..=4 => Ok(false),
            5 => self.asked_2_7().await,
            _ => Ok(true),
        }
    }

    async fn asked_2_7(&self) -> Result<bool> {
        let version = self.daemon_version().await?;
        match version.version {
            Some(number) => Ok((number.major, number.minor) >= (2, 7)),
            None => Err(Error::UnexpectedReply {
                command: "version",
                expected: "`OpenVPN Version: OpenVPN N.N`",
                line: version.daemon,
            }),
        }
    }

    async fn kill_ipv6(&self, ip: Ipv6Addr, port: u16) -> Result<KillReport> {
        let Status::Server(status) = self.status().await? else {
            return Err(Error::Unsupported { command: "kill", needs: "a server" });
        };
        let mut found = status.clients.iter().filter(|client| {
            let address = &client.real_address;
            address.ip == Some(IpAddr::V6(ip)) && address.port.is_none_or(|p| p == port)
        });
        let (Some(client), None) = (found.next(), found.next()) else {
            let problem =
                "is the address of no client, or of several that `status` does not tell apart";
            return Err(invalid("kill", "address", ArgumentProblem::Other(problem)));
        };
        let Some(cid) = client.cid else {
            return Err(Error::Unsupported { command: "kill", needs: "client IDs in `status 3`" });
        };
        self.client_kill(cid).await?;
        Ok(KillReport { killed: 1, text: Text::from(format!("client {cid} killed")) })
    }
}

fn whole_seconds(command: &'static str, timeout: Duration) -> Result<u64> {
    if timeout.subsec_nanos() == 0 {
        return Ok(timeout.as_secs());
    }
    let problem = ArgumentProblem::Other("is not a whole number of seconds");
    Err(invalid(command, "timeout", problem))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}
