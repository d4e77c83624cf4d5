//! [`Clients`]: whose turn it is. Attempts of one client wait for each other; nobody else does.

use std::collections::{HashMap, VecDeque};

use tokio::sync::{mpsc, oneshot};

use crate::client::Peer;
use crate::events::CrResponse;
use crate::requests::{ClientRequest, ClientResponse};
use crate::types::Kid;

/// How many responses of a client wait to be read by its handler.
const RESPONSES: usize = 4;

/// The attempts of each client, in their order; the first one's turn it is.
#[derive(Debug, Default)]
pub(super) struct Clients {
    attempts: HashMap<Peer, VecDeque<Place>>,
    next: u64,
}

#[derive(Debug)]
struct Place {
    number: u64,
    kid: Kid,
    responses: mpsc::Sender<CrResponse>,
    /// Told when its turn has come.
    turn: Option<oneshot::Sender<()>>,
}

/// What an attempt is given to wait for its turn, and for its responses.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) number: u64,
    pub(super) begin: oneshot::Receiver<()>,
    pub(super) responses: mpsc::Receiver<CrResponse>,
}

impl Clients {
    /// Puts an attempt behind those of the same client.
    pub(super) fn arrive(&mut self, request: &ClientRequest) -> Turn {
        let (turn, begin) = oneshot::channel();
        let (sender, responses) = mpsc::channel(RESPONSES);
        let number = self.next;
        self.next += 1;
        let place = Place { number, kid: request.kid(), responses: sender, turn: Some(turn) };
        let attempts = self.attempts.entry(request.peer().clone()).or_default();
        attempts.push_back(place);
        if let Some(first) = attempts.front_mut() {
            first.begin();
        }
        Turn { number, begin, responses }
    }

    /// This attempt is over, also where its turn had not come, or decides nothing any more; the next one
    /// begins. It may be told twice.
    pub(super) fn over(&mut self, request: &ClientRequest, number: u64) {
        let Some(attempts) = self.attempts.get_mut(request.peer()) else {
            return;
        };
        attempts.retain(|place| place.number != number);
        match attempts.front_mut() {
            Some(first) => first.begin(),
            None => {
                self.attempts.remove(request.peer());
            }
        }
    }

    /// Hands a response to the attempt it is for; one whose attempt is over settles nothing.
    pub(super) fn response(&mut self, response: ClientResponse) {
        let request = response.request();
        let first = self.attempts.get(request.peer()).and_then(VecDeque::front);
        if let Some(first) = first.filter(|first| first.kid == request.kid()) {
            // Never full: there is one response for each question, and each question takes them all.
            let _ = first.responses.try_send(response.into_response());
        }
    }
}

impl Place {
    /// An attempt that is over already does not hear it; its end calls the next one.
    fn begin(&mut self) {
        if let Some(turn) = self.turn.take() {
            let _ = turn.send(());
        }
    }
}
