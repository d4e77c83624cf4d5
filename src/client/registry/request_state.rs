//! [`RequestState`]: whether a request may still be answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tokio::sync::Notify;

use crate::client::identity::Peer;

const OPEN: u8 = 0;
const ANSWERED: u8 = 1;
const WITHDRAWN: u8 = 2;

/// The state of one request. The driver alone decides, just before an answer would go out.
#[derive(Debug)]
pub(crate) struct RequestState {
    state: AtomicU8,
    /// The daemon has asked anew, so that an answer of before would answer something else.
    replaced: AtomicBool,
    /// Its client has responded: whoever has the response may decide about it, too.
    responded: AtomicBool,
    /// Counts the daemon's restarts on this connection; IDs of one epoch mean nothing in another.
    epoch: u64,
    closed: Notify,
}

/// What an answer shows to be let out.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) state: Arc<RequestState>,
    /// The client that the request is about.
    pub(crate) peer: Option<Peer>,
    /// Whether the request is over with it, or more answers follow (`username`, then `password`).
    pub(crate) settles: bool,
}

impl RequestState {
    pub(crate) fn new(epoch: u64) -> Arc<Self> {
        let state = AtomicU8::new(OPEN);
        let (replaced, responded) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { state, replaced, responded, epoch, closed: Notify::new() })
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state.load(Ordering::Acquire) == OPEN
    }

    pub(crate) fn is_withdrawn(&self) -> bool {
        self.state.load(Ordering::Acquire) == WITHDRAWN
    }

    /// Closes the request by an answer; `false` where it was closed already.
    pub(crate) fn settle(&self) -> bool {
        self.close(ANSWERED)
    }

    /// Takes the request back; `false` where it was closed already.
    pub(crate) fn withdraw(&self) -> bool {
        self.close(WITHDRAWN)
    }

    /// The daemon asks anew: the request is taken back, or its answer, where that is not out.
    pub(crate) fn replace(&self) {
        self.replaced.store(true, Ordering::Release);
        self.withdraw();
    }

    pub(crate) fn is_replaced(&self) -> bool {
        self.replaced.load(Ordering::Acquire)
    }

    pub(super) fn responded(&self) {
        self.responded.store(true, Ordering::Release);
    }

    pub(crate) fn has_responded(&self) -> bool {
        self.responded.load(Ordering::Acquire)
    }

    /// Waits until the request is closed, by an answer or by the daemon.
    pub(crate) async fn closed(&self) {
        let mut closed = std::pin::pin!(self.closed.notified());
        // Enabled before the look, so that a close between the two is not missed.
        closed.as_mut().enable();
        if self.is_open() {
            closed.await;
        }
    }

    fn close(&self, state: u8) -> bool {
        let exchanged =
            self.state.compare_exchange(OPEN, state, Ordering::AcqRel, Ordering::Acquire);
        if exchanged.is_ok() {
            self.closed.notify_waiters();
        }
        exchanged.is_ok()
    }
}

impl Ticket {
    /// Whether the answer may go out; closes the request where it settles it.
    pub(crate) fn admit(&self) -> bool {
        if self.settles { self.state.settle() } else { self.state.is_open() }
    }
}
