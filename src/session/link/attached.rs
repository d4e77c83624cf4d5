//! [`Attached`]: a session of a link, and what is known beside it.

use std::time::Duration;

use tokio::sync::oneshot;
use tracing::{info, warn};

use super::{Missed, Orphan, Picture};
use crate::client::{Client, WeakClient};
use crate::command::AnyCommand;
use crate::error::{CloseReason, Error, Result};
use crate::session::Session;

/// What becomes of [orphans](Orphan) when a [`Link`](super::Link) has a new session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OrphanPolicy {
    /// They are left to the daemon, which gives them up when their time to authenticate is over (`hand-window`, 60 s).
    #[default]
    Keep,
    /// They are found and told, and left alone: [`Attached::orphans`].
    Ask {
        /// How far apart the two sightings are.
        grace: Duration,
    },
    /// They are killed, come back at once, and are announced then. From the session's beginning on each is decided or
    /// killed within `grace` and the time of two `status` and its `client-kill`.
    Kill {
        /// How far apart the two sightings are.
        grace: Duration,
    },
}

/// A session of a [`Link`](super::Link), or of another [source of sessions](crate::SessionSource).
#[derive(Debug)]
#[non_exhaustive]
pub struct Attached {
    /// The session.
    pub session: Session,
    /// Which one of the link's it is, from 1.
    pub number: u64,
    /// Why the last one ended; `None` for the first.
    pub last_end: Option<CloseReason>,
    /// What of the [set-up](super::Link::set_up) was not accepted, in its order.
    pub refused: Vec<(AnyCommand, Error)>,
    /// What the daemon tells of itself; empty where it [is not asked](super::Link::ask_what_was_missed).
    pub now: Picture,
    /// What happened since the picture of the session before.
    pub missed: Missed,
    pub(super) orphans: Option<Looking>,
}

/// An orphan that was found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FoundOrphan {
    /// Who it is.
    pub orphan: Orphan,
    /// What became of its `client-kill`; `None` under [`OrphanPolicy::Ask`].
    pub killed: Option<Result<()>>,
}

impl Attached {
    /// A session that came about otherwise, for a [source of sessions](crate::SessionSource): with nothing known beside it.
    #[must_use]
    pub fn new(session: Session, number: u64, last_end: Option<CloseReason>) -> Self {
        let (now, missed) = (Picture::default(), Missed::default());
        Self { session, number, last_end, refused: Vec::new(), now, missed, orphans: None }
    }

    /// The orphans, once they were looked for; none under [`OrphanPolicy::Keep`], and of a second call. The future is
    /// apart from the session, which is served meanwhile:
    ///
    /// ```no_run
    /// # async fn example(mut attached: openvpn_mgmt::Attached) {
    /// let orphans = attached.orphans();
    /// tokio::spawn(async move {
    ///     if let Ok(orphans) = orphans.await {
    ///         println!("{} clients were told to come again", orphans.len());
    ///     }
    /// });
    /// while let Some(item) = attached.session.next().await {
    ///     println!("{item:?}");
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Orphan::find`]; [`Error::Closed`] where the session ended meanwhile.
    ///
    /// # Cancel safety
    /// They are looked for all the same when the future is dropped; what was found is lost.
    pub fn orphans(
        &mut self,
    ) -> impl Future<Output = Result<Vec<FoundOrphan>>> + Send + 'static + use<> {
        found_orphans(self.orphans.take())
    }

    /// The session, and all that is known beside it.
    pub(crate) fn into_parts(self) -> (Session, AttachedParts) {
        let Self { session, number, last_end, refused, now, missed, orphans } = self;
        (session, AttachedParts { number, last_end, refused, now, missed, orphans })
    }
}

/// An [`Attached`] without its session.
pub(crate) struct AttachedParts {
    pub(crate) number: u64,
    pub(crate) last_end: Option<CloseReason>,
    pub(crate) refused: Vec<(AnyCommand, Error)>,
    pub(crate) now: Picture,
    pub(crate) missed: Missed,
    pub(crate) orphans: Option<Looking>,
}

/// Orphans that are being looked for.
pub(crate) type Looking = oneshot::Receiver<Result<Vec<FoundOrphan>>>;

/// What was found, once it is; none where nobody looks.
pub(crate) async fn found_orphans(looking: Option<Looking>) -> Result<Vec<FoundOrphan>> {
    match looking {
        Some(looking) => looking.await.unwrap_or(Err(Error::Closed(CloseReason::DriverGone))),
        None => Ok(Vec::new()),
    }
}

/// Sends the set-up; gives what was refused. Whatever else goes wrong ends the attempt.
pub(super) async fn set_up(
    client: &Client,
    commands: &[AnyCommand],
) -> Result<Vec<(AnyCommand, Error)>> {
    let mut refused = Vec::new();
    for command in commands {
        match client.send(command).await {
            Ok(_) => {}
            Err(error @ (Error::Closed(_) | Error::Timeout { .. })) => return Err(error),
            Err(error) => {
                warn!(?command, %error, "a command of the set-up was not accepted");
                refused.push((command.clone(), error));
            }
        }
    }
    Ok(refused)
}

/// Looks for orphans in a task of its own, which does not keep the session and ends with it.
pub(super) fn look_after(client: WeakClient, policy: OrphanPolicy) -> Option<Looking> {
    let (tell, told) = oneshot::channel();
    let looking = async move {
        match policy {
            OrphanPolicy::Keep => Ok(Vec::new()),
            OrphanPolicy::Ask { grace } => Orphan::find_by(&client, grace).await.map(|found| {
                found.into_iter().map(|orphan| FoundOrphan { orphan, killed: None }).collect()
            }),
            OrphanPolicy::Kill { grace } => Orphan::kill_all(&client, grace).await.map(|killed| {
                let found = |(orphan, killed)| FoundOrphan { orphan, killed: Some(killed) };
                killed.into_iter().map(found).collect()
            }),
        }
    };
    if policy == OrphanPolicy::Keep {
        return None;
    }
    tokio::spawn(async move {
        let found = looking.await;
        if let Ok(found) = &found {
            info!(orphans = found.len(), "looked for clients that nobody was asked about");
        }
        // Nobody may want to know.
        let _ = tell.send(found);
    });
    Some(told)
}
