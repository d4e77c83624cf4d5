//! Every conversation recorded with a real daemon, had again by the client: a scripted
//! daemon checks each command against the recorded one and answers as the real one did.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

#[path = "replay/call.rs"]
mod call;
#[path = "replay/conversation.rs"]
mod conversation;
#[path = "replay/player.rs"]
mod player;
mod recordings;

use std::collections::BTreeMap;

use call::call;
use conversation::{Conversation, Exchange, reply_lines};
use openvpn_mgmt::demux::{Demuxer, Item};
use openvpn_mgmt::events::Assembler;
use openvpn_mgmt::{Builder, Client, Error, Event, Events};
use player::Player;

/// What was recorded and this crate does not send; the reply of such a command is not
/// played, since nobody waits for it.
const UNSENT: [(&str, &str); 5] = [
    (
        "push \"echo hello, world\"\n",
        "a comma; the daemon would drop the option and admit the client",
    ),
    ("password \"Auth\n", "an open quote"),
    ("xxxxxxxx", "a line of 1,500 bytes, whose end the daemon would run"),
    ("certificate\nabc\n", "not PEM; a refused block is seen with pk-sig too"),
    (
        "password Auth\n",
        "a block for a password that fits a line, which is how this crate sends it",
    ),
];

/// How often each outcome was met.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, u32>);

impl Tally {
    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }
}

#[test]
fn every_recorded_conversation_can_be_had_again() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        // A reply that does not come is a timeout at once.
        .start_paused(true)
        .build()
        .unwrap();
    let mut tally = Tally::default();
    for recording in recordings::all() {
        for conversation in Conversation::all(&recording) {
            let name = &recording.name;
            runtime.block_on(replay(name, &conversation, &mut tally));
        }
    }
    let met: Vec<_> = tally.0.into_iter().collect();
    let expected = [
        ("answered", 399),
        // Sent to a daemon that had ended.
        ("closed", 3),
        ("password rejected", 12),
        ("refused", 109),
        // Six in each version.
        ("unsent", 18),
    ];
    assert_eq!(met, expected);
}

async fn replay(name: &str, conversation: &Conversation, tally: &mut Tally) {
    // Shown where a step fails, which knows nothing of recordings.
    println!("{name}");
    let (ours, mut player) = Player::new(name);
    let mut builder = Builder::new().requests(false).event_capacity(16 * 1024);
    if let Some(password) = &conversation.password {
        builder = builder.password(password.as_slice());
    }
    let (attached, ()) = tokio::join!(builder.attach(ours), player.open(conversation));
    let session = match attached {
        // The third time a daemon closes, which is all that it says then.
        Err(Error::PasswordRejected | Error::Closed(_)) if conversation.is_rejected => {
            return tally.count("password rejected");
        }
        attached => attached.unwrap_or_else(|error| panic!("{name}: {error}")),
    };
    assert!(!conversation.is_rejected, "{name}");
    let (client, mut events) = split(session);
    for exchange in &conversation.exchanges {
        have(&client, &mut player, exchange, tally).await;
    }
    let sent = player.end();
    assert_eq!(seen(&mut events).await, events_of(&sent), "{name}: the events");
}

fn split(session: openvpn_mgmt::Session) -> (Client, Events) {
    let (client, events, _) = session.split();
    (client, events)
}

/// One command, its reply, and the events that came before the next.
async fn have(client: &Client, player: &mut Player, exchange: &Exchange, tally: &mut Tally) {
    let place = format!("{}: {}", player.name(), exchange.command());
    let was_closed = client.is_closed() || player.is_closed();
    let outcome = tokio::select! {
        outcome = call(client, exchange.sent_text()) => outcome,
        never = player.play(exchange) => match never {},
    };
    let first = reply_lines(&exchange.received).into_iter().find(|line| is_verdict(line));
    match outcome {
        Err(Error::InvalidArgument { .. } | Error::Unsupported { .. }) => {
            // An empty line is no command, and has no reply.
            let sent = exchange.sent_text();
            let listed = sent == "\n" || UNSENT.iter().any(|(part, _)| sent.contains(part));
            assert!(listed, "{place} was not sent");
            player.play_events(exchange).await;
            tally.count("unsent");
        }
        Err(Error::Refused { text, .. }) => {
            let refusal = first.and_then(|line| line.strip_prefix("ERROR: ").map(str::to_owned));
            let refusal = refusal.unwrap_or_else(|| panic!("{place} was refused: {text}"));
            assert!(text.to_string().ends_with(&refusal), "{place}: {text}");
            tally.count("refused");
        }
        Err(Error::Closed(reason)) => {
            assert!(was_closed, "{place}: {reason}");
            tally.count("closed");
        }
        Err(error) => panic!("{place}: {error}"),
        Ok(()) => {
            assert!(!first.is_some_and(|line| line.starts_with("ERROR:")), "{place} was answered");
            tally.count("answered");
        }
    }
}

fn is_verdict(line: &str) -> bool {
    line.starts_with("SUCCESS:") || line.starts_with("ERROR:")
}

/// All events to the end; each must have a type.
async fn seen(events: &mut Events) -> Vec<Event> {
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        let event = event.unwrap();
        let typed = !matches!(event, Event::Unknown(_) | Event::Malformed(_) | Event::Stray(_));
        assert!(typed, "{event:?}");
        seen.push(event);
    }
    seen
}

/// The events in what a daemon sent.
fn events_of(bytes: &[u8]) -> Vec<Event> {
    let (mut demuxer, mut assembler) = (Demuxer::new(), Assembler::new());
    let mut events = Vec::new();
    demuxer.feed(bytes);
    while let Some(item) = demuxer.next_item() {
        if let Item::Event(line) = item.unwrap() {
            assembler.push(&line, &mut |event| events.push(event));
        }
    }
    events
}
