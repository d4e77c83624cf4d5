//! A program that reads its session as one stream.

use std::collections::BTreeSet;
use std::sync::Arc;

use openvpn_mgmt::events::ClientEvent;

use openvpn_mgmt::{Event, Item, Request, Session};

use crate::answer::take;
use crate::world::World;

/// Serves a session to its end.
pub(super) async fn serve(
    world: &Arc<World>,
    daemon: usize,
    conversation: usize,
    session: Session,
) {
    let Some(program) = world.program(daemon) else { return };
    {
        let mut state = program.lock();
        state.sessions += 1;
        state.client = Some(session.client().clone());
        state.takes_requests = true;
    }
    let mut session = session;
    let mut seen = Seen::default();
    let mut reads = program.reads.subscribe();
    loop {
        let next = tokio::select! {
            biased;
            () = program.abandon.notified() => return,
            next = async {
                // Nobody is left to say otherwise only where the world is over.
                drop(reads.wait_for(|reads| *reads).await);
                session.next().await
            } => next,
        };
        match next {
            None => break,
            Some(Err(lagged)) => {
                seen.is_lost = true;
                world.note(|| format!("{daemon} {lagged}"));
            }
            Some(Ok(Item::Event(event))) => {
                seen.event(&event);
                super::look::event(world, daemon, &event);
            }
            Some(Ok(Item::Request(request))) => {
                if !seen.explains(&request) {
                    let text = format!("daemon {daemon}: asked before it was seen: {request:?}");
                    world.breaks("order", text);
                }
                take(world, daemon, Some(conversation), request);
            }
            Some(Ok(_)) => {}
        }
    }
    world.note(|| format!("{daemon} closed {conversation}"));
    let idle = {
        let mut state = program.lock();
        (state.client.take(), std::mem::take(&mut state.idle), std::mem::take(&mut state.pending))
    };
    drop(idle);
}

/// What was seen that asks something.
#[derive(Default)]
struct Seen {
    clients: BTreeSet<(u64, u64)>,
    has_held: bool,
    /// Something was not seen.
    is_lost: bool,
}

impl Seen {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Client(client @ (ClientEvent::Connect { .. } | ClientEvent::Reauth { .. })) => {
                let kid = client.kid().map_or(0, |kid| u64::from(kid.0));
                self.clients.insert((client.cid().0, kid));
            }
            Event::Hold(_) => self.has_held = true,
            _ => {}
        }
    }

    fn explains(&self, request: &Request) -> bool {
        self.is_lost
            || match request {
                Request::ClientConnect(client) | Request::ClientReauth(client) => {
                    self.clients.contains(&(client.cid().0, u64::from(client.kid().0)))
                }
                Request::Hold(_) => self.has_held,
                _ => true,
            }
    }
}
