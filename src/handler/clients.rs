//! [`Clients`]: whose turn it is. Attempts of one client wait for each other; nobody else does.

use std::collections::{HashMap, VecDeque};

use tokio::sync::mpsc;

use super::AttemptKind;
use crate::client::{ClientRequest, ClientResponse};
use crate::events::CrResponse;
use crate::{Cid, Kid};

/// How many responses of a client wait to be read by its handler.
const RESPONSES: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Clients(HashMap<(u64, Cid), Client>);

/// A client whose attempt is being decided about, and those that come after it.
#[derive(Debug)]
struct Client {
    kid: Kid,
    responses: mpsc::Sender<CrResponse>,
    waiting: VecDeque<(ClientRequest, AttemptKind)>,
}

/// An attempt whose turn it is.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) request: ClientRequest,
    pub(super) kind: AttemptKind,
    pub(super) responses: mpsc::Receiver<CrResponse>,
}

/// Who an attempt is about: a client ID means nothing without its epoch.
pub(super) fn key(request: &ClientRequest) -> (u64, Cid) {
    (request.epoch(), request.cid())
}

impl Clients {
    /// Begins an attempt, or puts it behind the one of the same client that goes on.
    pub(super) fn arrive(&mut self, request: ClientRequest, kind: AttemptKind) -> Option<Turn> {
        if let Some(client) = self.0.get_mut(&key(&request)) {
            client.waiting.push_back((request, kind));
            return None;
        }
        Some(self.begin(request, kind, VecDeque::new()))
    }

    /// The attempt of this client is over; gives the next one.
    pub(super) fn over(&mut self, key: (u64, Cid)) -> Option<Turn> {
        let mut client = self.0.remove(&key)?;
        let (request, kind) = client.waiting.pop_front()?;
        Some(self.begin(request, kind, client.waiting))
    }

    /// Hands a response to the attempt it is for; gives it back where there is none.
    pub(super) fn response(&mut self, response: ClientResponse) -> Option<ClientResponse> {
        let request = response.request();
        let kid = request.kid();
        match self.0.get(&key(request)).filter(|client| client.kid == kid) {
            Some(client) => {
                // Full only where the client sends more responses than it was asked for.
                let _ = client.responses.try_send(response.into_response());
                None
            }
            None => Some(response),
        }
    }

    fn begin(
        &mut self,
        request: ClientRequest,
        kind: AttemptKind,
        waiting: VecDeque<(ClientRequest, AttemptKind)>,
    ) -> Turn {
        let (sender, responses) = mpsc::channel(RESPONSES);
        let client = Client { kid: request.kid(), responses: sender, waiting };
        self.0.insert(key(&request), client);
        Turn { request, kind, responses }
    }
}
