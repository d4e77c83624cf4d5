//! [`SetUp`]: what a driver sends of its own before the connection is ready.

use tokio::sync::oneshot;

use crate::client::driver::Driver;
use crate::client::pending_command::PendingCommand;
use crate::client::transport::Transport;
use crate::command::{Channel, Command as _, Effect, Encoded, EnvFilter, Notifications};
use crate::error::Result;
use crate::reply::RawReply;

/// Who is told the replies to what makes the connection ready for requests.
pub(in crate::client) struct SetUp {
    pub(in crate::client) filter: oneshot::Sender<Result<RawReply>>,
    pub(in crate::client) states: oneshot::Sender<Result<RawReply>>,
}

impl<S: Transport> Driver<S> {
    /// The requests need environments that the daemon vouches for, which a level that some manager
    /// has set makes worthless, and `>STATE:…RECONNECTING`, the only sign that client IDs start over.
    pub(super) fn set_up(&mut self, set_up: SetUp) {
        let dialect = self.dispatcher.shared.dialect();
        self.submit_own(EnvFilter::All.encode(dialect), set_up.filter);
        let states = Notifications::on(Channel::State).encode(dialect);
        // The user has not asked for them.
        self.submit_own(states.map(|states| states.effect(Effect::None)), set_up.states);
    }

    fn submit_own(&mut self, command: Result<Encoded>, ready: oneshot::Sender<Result<RawReply>>) {
        match command {
            Ok(command) => {
                self.exchange.submit(PendingCommand::connect(&command, ready), command);
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    }
}
