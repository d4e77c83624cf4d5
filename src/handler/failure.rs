//! [`Failure`]: a request that was not answered, and [`HandedOut`]: how often it was told of.

use std::sync::{Arc, Weak};

use super::BoxError;
use crate::client::registry::request_state::RequestState;
use crate::requests::Request;

/// A request that a [`Responder`](super::Responder) did not answer.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The request, where it is still open, to answer it otherwise or decline it. Dropped, the daemon
    /// goes on waiting. `None` where there is nothing left to answer: the daemon refused the answer,
    /// or it is not known whether it took it.
    pub request: Option<Request>,
    /// Why it was not answered.
    pub error: BoxError,
}

impl Failure {
    pub(super) fn new(request: Request, error: BoxError) -> Self {
        request.hand_on();
        Self { request: request.is_open().then_some(request), error }
    }

    /// Of a request that comes again, because an answer that others gave was not sent.
    pub(super) fn again(request: Request) -> Self {
        let error = match request.unsent_error() {
            Some(error) => error.clone().into(),
            None => "its answer was dropped before it was sent".into(),
        };
        Self::new(request, error)
    }
}

/// How often each open request was handed out.
#[derive(Debug, Default)]
pub(super) struct HandedOut(Vec<(Weak<RequestState>, usize)>);

impl HandedOut {
    /// How often this request is handed out at most: whoever gave an answer that cannot be sent gives
    /// another one, and then gives up.
    const LIMIT: usize = 2;

    /// Counts that this request is handed out; `false` where it was as often as it may be.
    pub(super) fn may_go(&mut self, request: &Request) -> bool {
        self.0.retain(|(state, _)| state.upgrade().is_some_and(|state| state.is_open()));
        let Some(state) = request.state() else { return true };
        let is_this = |(other, _): &&mut (Weak<_>, usize)| other.as_ptr() == Arc::as_ptr(state);
        if let Some((_, times)) = self.0.iter_mut().find(is_this) {
            *times += 1;
            return *times <= Self::LIMIT;
        }
        self.0.push((Arc::downgrade(state), 1));
        true
    }
}
