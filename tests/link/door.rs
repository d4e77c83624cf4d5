//! Where a link knocks: what it finds there is put there before.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openvpn_mgmt::{Backoff, Builder, Link};
use openvpn_mgmt_test::scripted::{Daemon, pipe};
use tokio::io::DuplexStream;

/// Streams and errors for one attempt each; nobody listens where there is none.
#[derive(Clone, Default)]
pub(crate) struct Door {
    found: Arc<Mutex<VecDeque<io::Result<DuplexStream>>>>,
    knocks: Arc<Mutex<u32>>,
}

impl Door {
    /// A link that knocks here, whose sessions send nothing of their own.
    pub(crate) fn link(&self) -> Link {
        self.link_of(&Builder::new().requests(false)).ask_what_was_missed(false)
    }

    pub(crate) fn link_of(&self, builder: &Builder) -> Link {
        let door = self.clone();
        let connect = move || {
            *door.knocks.lock().unwrap() += 1;
            let found = door.found.lock().unwrap().pop_front();
            async move { found.unwrap_or(Err(io::ErrorKind::ConnectionRefused.into())) }
        };
        builder
            .reconnect_with(connect)
            .backoff(Backoff::new(Duration::from_secs(1), Duration::from_secs(60)))
    }

    /// A daemon that the next attempt finds.
    pub(crate) fn daemon(&self) -> Daemon {
        let (ours, daemon) = pipe();
        self.found.lock().unwrap().push_back(Ok(ours));
        daemon
    }

    pub(crate) fn error(&self, kind: io::ErrorKind) {
        self.found.lock().unwrap().push_back(Err(kind.into()));
    }

    pub(crate) fn knocks(&self) -> u32 {
        *self.knocks.lock().unwrap()
    }
}
