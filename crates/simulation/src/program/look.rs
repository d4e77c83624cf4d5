//! What subscribers and handlers look at.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use openvpn_mgmt::events::Env;
use openvpn_mgmt::{Event, Events};
use tokio::time::Instant;

use crate::ledger::{Asked, Conversation};
use crate::world::World;

/// What no subscriber is shown.
const SECRET: &str = "hush";
/// How many lines and bytes of secrets an environment may have.
const LINES: usize = 4096;
const SECRETS: usize = 256 * 1024;

/// A subscriber, which looks at what it reads.
pub(super) async fn read(world: Arc<World>, daemon: usize, mut events: Events) {
    let Some(program) = world.program(daemon) else { return };
    let mut reads = program.reads.subscribe();
    loop {
        if reads.wait_for(|reads| *reads).await.is_err() {
            return;
        }
        match events.next().await {
            None => return,
            Some(Err(lagged)) => world.note(|| format!("{daemon} {lagged}")),
            Some(Ok(one)) => event(&world, daemon, &one),
        }
    }
}

/// An event that nothing which happens in a world explains breaks a law.
pub(crate) fn event(world: &World, daemon: usize, event: &Event) {
    match event {
        Event::Stray(stray)
            if !world.may_miss_replies(daemon)
                && !was_cut(world, daemon)
                && !world.is_odd(daemon) =>
        {
            world.breaks("reply", format!("a line of daemon {daemon} is nobody's: {stray:?}"));
        }
        // With its connection, whoever ended that.
        Event::Malformed(malformed) if malformed.problem().contains("ended") => {}
        Event::Malformed(malformed) => {
            let is_explained = |one: &Conversation| one.had_garbage || one.odd.was_unreadable;
            let is_explained = {
                let ledger = world.ledger.lock();
                let of_daemon = ledger.conversations.get(daemon);
                of_daemon.is_some_and(|of_daemon| of_daemon.iter().any(is_explained))
            };
            if !is_explained {
                world.breaks("event", format!("daemon {daemon} said all well, but: {malformed:?}"));
            }
        }
        Event::State(_) => world.ledger.lock().shown_state(daemon),
        // Each such line ends so.
        Event::Log(line)
            if line.text.as_bytes().starts_with(b"flood")
                && !line.text.as_bytes().ends_with(b".") =>
        {
            world.breaks("event", format!("daemon {daemon}: a part of a line is told: {line:?}"));
        }
        _ => {}
    }
    if shows_secret(event) {
        world.breaks("secret", format!("daemon {daemon}: a subscriber is shown it: {event:?}"));
    }
    if let Some(env) = env_of(event) {
        size(world, daemon, env);
    }
}

/// Whether a connection ended inside a line, whose beginning is nobody's then.
fn was_cut(world: &World, daemon: usize) -> bool {
    let ledger = world.ledger.lock();
    let of_daemon = ledger.conversations.get(daemon);
    of_daemon.is_some_and(|of_daemon| of_daemon.iter().any(Conversation::is_cut))
}

fn env_of(event: &Event) -> Option<&Env> {
    match event {
        Event::Client(client) => client.env(),
        Event::UpDown(updown) => Some(&updown.env),
        Event::Malformed(malformed) => malformed.env(),
        _ => None,
    }
}

/// Whether an event has a secret anywhere.
fn shows_secret(event: &Event) -> bool {
    let holds = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(SECRET);
    let line = match event {
        Event::Malformed(malformed) => holds(malformed.line()),
        Event::Unknown(unknown) => holds(unknown.line()),
        Event::Log(line) => holds(line.text.as_bytes()),
        Event::Stray(stray) => holds(stray.line()),
        _ => false,
    };
    let env = env_of(event).is_some_and(|env| {
        env.iter().any(|(_, value)| holds(value.as_bytes()))
            || env.unparsed().any(|line| holds(line.as_bytes()))
            || env.secrets().any(|(_, secret)| secret.expose().is_some_and(holds))
    });
    let is_plain = matches!(event, Event::Log(_) | Event::ByteCount(_) | Event::ByteCountClient(_));
    line || env || !is_plain && format!("{event:?}").contains(SECRET)
}

/// An environment that a program is asked with: whether it may be trusted, and how large it is.
pub(crate) fn environment(world: &World, daemon: usize, asked: &Asked, env: &Env) {
    size(world, daemon, env);
    if env.is_trusted() {
        world.ledger.lock().trusted(daemon, asked);
    }
}

fn size(world: &World, daemon: usize, env: &Env) {
    let secrets: usize = env.secrets().map(|(_, secret)| secret.len()).sum();
    if env.len() > LINES || secrets > SECRETS {
        let text =
            format!("daemon {daemon}: an environment of {} lines, {secrets} secret", env.len());
        world.breaks("memory", text);
    }
}

/// A handler that began comes to its end, unless nobody serves any more.
pub(super) struct Ended {
    world: Arc<World>,
    daemon: usize,
    /// As it was when the handler began; it moves where that asks its client.
    deadline: Instant,
    is_over: bool,
}

impl Ended {
    pub(super) fn new(world: &Arc<World>, daemon: usize, deadline: Instant) -> Self {
        Self { world: Arc::clone(world), daemon, deadline, is_over: false }
    }

    pub(super) fn ends(mut self) {
        self.is_over = true;
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let program = self.world.program(self.daemon);
        let is_left = program.is_none_or(|program| program.lets_go.load(Ordering::Relaxed));
        let is_late = Instant::now() >= self.deadline;
        if !self.is_over && !is_left && !is_late {
            let text = format!("daemon {}: a handler was dropped before its end", self.daemon);
            self.world.breaks("handler", text);
        }
    }
}
