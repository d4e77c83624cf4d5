//! The one manager that is connected.

use openvpn_mgmt::server::Server;

use crate::personality::Personality;

/// What is known of a manager, and forgotten when it leaves.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "switches of the protocol, each on its own")]
pub(super) struct Link {
    /// Reads what it sends, and asks for its password.
    pub(super) server: Server,
    pub(super) state_on: bool,
    pub(super) log_on: bool,
    pub(super) echo_on: bool,
    /// The first line of the block that goes on is in the log.
    pub(super) is_block_logged: bool,
    /// It said `exit`.
    pub(super) halt: bool,
}

/// What a block may hold; daemons have no limit.
const BLOCK: usize = 16 * 1024 * 1024;

impl Link {
    pub(super) fn new(personality: Personality, password: Option<&str>) -> Self {
        let server = Server::new(personality.dialect()).with_block_limit(BLOCK);
        Self {
            server: match password {
                Some(password) => server.with_password(password),
                None => server,
            },
            state_on: false,
            log_on: false,
            echo_on: false,
            is_block_logged: false,
            halt: false,
        }
    }

    /// Whether its password was right, or none is asked for.
    pub(super) fn is_verified(&self) -> bool {
        !self.server.asks_password()
    }

    /// Whether its connection is to be closed.
    pub(super) fn is_over(&self) -> bool {
        self.halt || self.server.is_ended()
    }
}
