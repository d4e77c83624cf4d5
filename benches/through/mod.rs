//! The same bytes through this crate, up to lines, events and a status.
#![allow(dead_code, reason = "each bench takes some of it")]

use openvpn_mgmt::demux::{Demuxer, Item, ItemRef};
use openvpn_mgmt::events::{Assembler, ClientEvent, Env};
use openvpn_mgmt::reply::RawReply;
use openvpn_mgmt::{Event, Status};

use crate::corpora::Corpus;

/// Hands out each line.
pub(crate) fn demux(corpus: &Corpus, mut take: impl FnMut(Item)) {
    let mut demuxer = Demuxer::new();
    for piece in corpus.pieces() {
        demuxer.feed(piece);
        while let Some(item) = demuxer.next_item() {
            take(item.unwrap());
        }
    }
}

/// Hands out each event.
pub(crate) fn events(corpus: &Corpus, mut take: impl FnMut(Event)) {
    let (mut demuxer, mut assembler) = (Demuxer::new(), Assembler::new());
    for piece in corpus.pieces() {
        demuxer.feed(piece);
        while let Some(item) = demuxer.next_ref() {
            match item.unwrap() {
                ItemRef::Event(line) => assembler.push(line, &mut take),
                other => panic!("a corpus of events has no {other:?}"),
            }
        }
    }
}

/// The reply that a caller of `status` gets, before it is read.
pub(crate) fn reply(corpus: &Corpus) -> RawReply {
    let mut lines = Vec::new();
    demux(corpus, |item| match item {
        Item::Reply(line) => lines.push(line),
        Item::Event(_) | Item::PasswordPrompt => panic!("a reply has no {item:?}"),
    });
    lines.pop();
    RawReply::block(lines)
}

/// Reads the reply of `status 3`, and of each row the addresses, which are read when they are asked for.
pub(crate) fn status(corpus: &Corpus) -> Status {
    let status = Status::parse(&reply(corpus)).unwrap();
    if let Status::Server(server) = &status {
        for client in &server.clients {
            std::hint::black_box((client.real_address(), client.virtual_address()));
        }
        for route in &server.routes {
            std::hint::black_box((route.virtual_address(), route.real_address()));
        }
    }
    status
}

/// What the borrowed lines of the same events weigh: [`Line::weight`](crate::limits::Line::weight).
pub(crate) fn weight(event: &Event) -> u64 {
    match event {
        Event::Log(log) => log.time + (log.flags.as_bytes().len() + log.text.len()) as u64,
        Event::ByteCountClient(count) => count.cid.0 ^ count.bytes_in ^ count.bytes_out,
        Event::State(state) => {
            let ports =
                [state.remote_port(), state.local_port()].into_iter().flatten().map(u64::from);
            let addresses = usize::from(state.local_ipv4().is_some())
                + usize::from(state.local_ipv6().is_some())
                + usize::from(state.remote_addr().is_some())
                + usize::from(state.local_addr().is_some());
            let detail = state.detail().map_or(0, |detail| detail.len());
            state.time + ports.sum::<u64>() + (detail + addresses) as u64
        }
        Event::Client(ClientEvent::Established { cid, env, .. }) => cid.0 + env_weight(env),
        other => panic!("no corpus has a {other:?}"),
    }
}

fn env_weight(env: &Env) -> u64 {
    env.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum()
}
