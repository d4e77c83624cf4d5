//! Every command as a method of [`Client`], one group a file, over [`Client::send`].
#![allow(clippy::missing_errors_doc, reason = "what all have in common is said on `Client`")]

mod clients;
mod credentials;
mod daemon;
mod keys;
mod raw;
mod realtime;
mod remote;
mod status;

use std::time::Duration;

use crate::client::Client;
use crate::client::identity::Peer;
use crate::client::shared::Closing;
use crate::command::{self, Command, Dialect, Effect, Encoded, Learned, ReplyShape};
use crate::error::{CloseReason, Error, Result, invalid};
use crate::reply::{RawReply, Version};
use crate::types::ArgumentProblem;

impl Client {
    /// Sends a [command] and gives what its reply says: what every method of one command does.
    ///
    /// Where the command's form depends on it, the daemon is asked for its `version` first.
    ///
    /// ```no_run
    /// # async fn example(client: openvpn_mgmt::Client) -> openvpn_mgmt::Result<()> {
    /// use openvpn_mgmt::command::{AnyCommand, Channel, HoldRelease, Notifications, Pid};
    ///
    /// let pid: u32 = client.send(&Pid).await?;
    /// let list =
    ///     [AnyCommand::new(Notifications::on(Channel::Log)), AnyCommand::new(HoldRelease)];
    /// for command in &list {
    ///     client.send(command).await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn send<C: Command>(&self, command: &C) -> Result<C::Reply> {
        let call = self.one_call();
        let encoded = call.prepare(command).await?;
        if !call.note_states(&encoded)? {
            if call.is_closed() {
                return Err(Error::Closed(call.closed().await));
            }
            return command.read(&RawReply::default());
        }
        let reply = match encoded.reply_shape() {
            ReplyShape::Close => call.close_by(encoded).await?,
            _ => call.call(encoded).await?,
        };
        call.learn(command.learned(&reply));
        command.read(&reply)
    }

    /// As [`send`](Self::send), where a client is still the one that has its ID.
    pub(crate) async fn send_by<C: Command>(&self, peer: &Peer, command: &C) -> Result<C::Reply> {
        let call = self.one_call();
        let encoded = call.prepare(command).await?;
        command.read(&call.call_by(peer, encoded).await?)
    }

    /// The form of a command that this daemon reads.
    pub(crate) async fn prepare<C: Command>(&self, command: &C) -> Result<Encoded> {
        self.prepare_as(command, |dialect| dialect).await
    }

    /// As [`prepare`](Self::prepare), with what the daemon will have been told by then.
    async fn prepare_as<C: Command>(
        &self,
        command: &C,
        by_then: impl Fn(Dialect) -> Dialect,
    ) -> Result<Encoded> {
        let dialect = by_then(self.dialect());
        let encoded = command.encode(dialect);
        // An argument that is wrong for every daemon needs no asking.
        let is_wrong = matches!(encoded, Err(Error::InvalidArgument { .. }));
        if is_wrong || !command.needs_version(dialect) {
            return encoded;
        }
        let version = self.ask_version().await?;
        let dialect = by_then(self.dialect());
        if command.needs_version(dialect) {
            return Err(Error::UnexpectedReply {
                command: "version",
                expected: "`OpenVPN Version: OpenVPN N.N`",
                line: version.daemon,
            });
        }
        command.encode(dialect)
    }

    /// As [`send`](Self::send) with [`command::Version`], which may not wait for itself.
    async fn ask_version(&self) -> Result<Version> {
        let reply = self.call(command::Version.encode(self.dialect())?).await?;
        let version = command::Version.read(&reply)?;
        self.shared().learn(&version);
        Ok(version)
    }

    fn learn(&self, learned: Learned) {
        match learned {
            Learned::Nothing => {}
            Learned::Version(version) => self.shared().learn(&version),
        }
    }

    /// Notes whether the user wants states. Gives `false` where they stay on for the requests.
    fn note_states(&self, encoded: &Encoded) -> Result<bool> {
        let watched = self.shared().watches_states();
        match encoded.effect {
            Effect::TellsStates => self.shared().want_states(true),
            Effect::HidesStates if watched && encoded.kind.is_raw() => {
                let problem =
                    ArgumentProblem::Other("turns off what the requests need; use state_off()");
                return Err(invalid("raw_command", "line", problem));
            }
            Effect::HidesStates => self.shared().want_states(false),
            _ => {}
        }
        Ok(!watched || encoded.effect != Effect::HidesStates)
    }

    /// Sends what ends the connection. It ends in the time to close, whatever a call may take.
    async fn close_by(&self, encoded: Encoded) -> Result<RawReply> {
        self.shared().ask_to_close(Closing::AfterCommands);
        match self.with_timeout(Duration::MAX).call(encoded).await {
            Err(Error::Closed(CloseReason::Requested)) => Ok(RawReply::default()),
            ended => ended,
        }
    }
}
