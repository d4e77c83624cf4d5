//! The calls of a session's users: each has a number, which its command carries and its reply repeats.

use openvpn_mgmt::command::PkSig;
use openvpn_mgmt::reply::{AuthRetry, UnreadRow};
use openvpn_mgmt::{Cid, Client, Error, KillTarget, ReplyShape};
use tokio::task::JoinHandle;

use crate::input::Input;

/// One command of each shape of reply, and of each that is special.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Kill,
    RemoteEntry,
    Echo,
    EchoOn,
    Pkcs11,
    Test,
    PushUpdate,
    Announce,
    RawLine,
    RawBlock,
    PkSig,
    AuthRetry,
    Pid,
    Quit,
}

/// What a call gave: whether it is surely of its own command.
pub(super) type Outcome = Result<bool, Error>;

pub(super) struct Call {
    pub(super) id: u32,
    pub(super) kind: Kind,
    task: Option<JoinHandle<Outcome>>,
    is_given_up: bool,
}

impl Kind {
    pub(super) fn of(input: &mut Input<'_>) -> Self {
        const KINDS: [Kind; 14] = [
            Kind::Kill,
            Kind::RemoteEntry,
            Kind::Echo,
            Kind::EchoOn,
            Kind::Pkcs11,
            Kind::Test,
            Kind::PushUpdate,
            Kind::Announce,
            Kind::RawLine,
            Kind::RawBlock,
            Kind::PkSig,
            Kind::AuthRetry,
            Kind::Pid,
            Kind::Quit,
        ];
        let kind = input.choose(&KINDS);
        // The end comes seldom.
        if kind == Self::Quit && input.below(8) != 0 { Self::Kill } else { kind }
    }

    /// Whether others may be in flight beside it.
    pub(super) fn pipelines(self) -> bool {
        !matches!(
            self,
            Self::PushUpdate
                | Self::Announce
                | Self::RawLine
                | Self::RawBlock
                | Self::PkSig
                | Self::AuthRetry
                | Self::Test
                | Self::Quit
        )
    }

    pub(super) fn call(self, id: u32, client: Client) -> Call {
        let task = tokio::spawn(async move { self.run(id, &client).await });
        Call { id, kind: self, task: Some(task), is_given_up: false }
    }

    async fn run(self, id: u32, client: &Client) -> Outcome {
        Ok(match self {
            Self::Kill => {
                let target = KillTarget::CommonName(format!("c{id}"));
                client.kill(&target).await?.killed == id
            }
            Self::RemoteEntry => {
                let rows = client.remote_entry_get(id, id + 1).await?;
                are_own(&rows, |row| row.index == id)
            }
            Self::Echo => are_own(&client.echo_history(id).await?, |row| row.time == u64::from(id)),
            Self::EchoOn => {
                let rows = client.echo_on_with_history(id).await?;
                are_own(&rows, |row| row.time == u64::from(id))
            }
            Self::Pkcs11 => client.pkcs11_id_get(id).await?.index == id,
            Self::Test => client.test(test_lines(id)).await?.len() == test_lines(id) as usize,
            Self::PushUpdate => {
                let cid = Cid(id.into());
                client.push_update_cid_unchecked(cid, "echo x").await?.updated == id
            }
            Self::Announce => client.announce_version(id + ANNOUNCED).await.map(|()| true)?,
            Self::RawLine => {
                let reply = client.raw_command(format!("x {id}"), ReplyShape::Line).await?;
                reply.success == Some(format!("raw {id}").into())
            }
            Self::RawBlock => {
                let reply = client.raw_command(format!("y {id}"), ReplyShape::Block).await?;
                reply.lines == [format!("raw {id}")]
            }
            Self::PkSig => client.send(&PkSig::new(id.to_be_bytes())).await.map(|()| true)?,
            Self::AuthRetry => client.set_auth_retry(AuthRetry::Interact).await.map(|()| true)?,
            Self::Pid => client.pid().await.map(|_| true)?,
            Self::Quit => client.quit().await.map(|()| true)?,
        })
    }
}

/// What a call's number is added to, to be a version that a daemon answers to.
pub(super) const ANNOUNCED: u32 = 100;

pub(super) fn test_lines(id: u32) -> u32 {
    id % 3 + 1
}

fn are_own<T>(rows: &[Result<T, UnreadRow>], is_own: impl Fn(&T) -> bool) -> bool {
    rows.iter().flatten().all(is_own)
}

impl Call {
    pub(super) fn give_up(&mut self) {
        self.is_given_up = true;
        if let Some(task) = &self.task {
            task.abort();
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.task.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// What it gives; `None` where it was given up.
    pub(super) async fn outcome(&mut self) -> Option<Outcome> {
        let joined = self.task.take()?.await;
        if self.is_given_up {
            return None;
        }
        Some(joined.expect("a call does not panic"))
    }
}
