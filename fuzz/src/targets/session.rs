//! A whole session against a model of a daemon: each reply reaches its own caller or nobody, and everything ends.
//!
//! The exchange is private to the crate, so it is driven as programs drive it: an attached session over a pipe, on
//! one thread, with its clock paused.

mod calls;
mod model;

use std::time::Duration;

use openvpn_mgmt::{Builder, Client, Event, Events};
use openvpn_mgmt_test::scripted::greeting;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use self::calls::{Call, Kind};
use self::model::{Answer, Model};
use crate::input::Input;

/// So many calls at most, so that one input does not take long.
const CALLS: u32 = 60;

pub(crate) fn run(bytes: &[u8]) {
    super::paused_runtime().block_on(async {
        let mut input = Input::new(bytes);
        let mut world = World::new(&mut input).await;
        while !input.is_empty() {
            world.step(&mut input).await;
        }
        world.end().await;
    });
}

struct World {
    stream: Option<DuplexStream>,
    client: Client,
    events: Events,
    calls: Vec<Call>,
    model: Model,
    /// What the daemon has said and was not sent yet.
    said: Vec<u8>,
    /// How many numbered events it has said, and how many have come.
    echoes: (u64, u64),
    is_hostile: bool,
}

impl World {
    async fn new(input: &mut Input<'_>) -> Self {
        let depth = input.choose(&[1, 2, 8]);
        let room = input.choose(&[64 * 1024, 64, 7]);
        let (ours, mut theirs) = duplex(room);
        let builder = Builder::new().requests(false).pipeline(depth).event_capacity(4096);
        let greet = async { theirs.write_all(greeting(6).as_bytes()).await.expect("it reads") };
        let session = tokio::join!(builder.attach(ours), greet).0.expect("it was greeted");
        let (client, events, _) = session.split();
        Self {
            stream: Some(theirs),
            client,
            events,
            calls: Vec::new(),
            model: Model::new(depth),
            said: Vec::new(),
            echoes: (0, 0),
            is_hostile: false,
        }
    }

    async fn step(&mut self, input: &mut Input<'_>) {
        match input.below(16) {
            0..=4 => self.call(Kind::of(input)),
            5..=8 => {
                let answer = Answer::of(input);
                self.model.answer(answer, &mut self.said);
            }
            9 => self.model.answer_late(&mut self.said),
            10 => self.drop_call(input),
            11 => {
                self.echoes.0 += 1;
                self.said.extend(format!(">ECHO:{},x\r\n", self.echoes.0).bytes());
            }
            12 => self.stray(input).await,
            13 => {
                self.model.is_clean = false;
                let seconds = input.choose(&[1, 11, 61, 130]);
                self.pass(Duration::from_secs(seconds)).await;
            }
            14 if input.below(4) == 0 => {
                self.is_hostile = true;
                self.said.extend(input.text());
            }
            _ => {
                let pieces = usize::from(input.byte());
                self.send(pieces).await;
            }
        }
        if !input.flag() {
            self.send(usize::MAX).await;
        }
    }

    /// Says what is nobody's: at once, when all that is due has come, or with what is said next.
    async fn stray(&mut self, input: &mut Input<'_>) {
        let byte = input.byte();
        let comes_later = byte < 128;
        let strays = ["stray", "SUCCESS: stray", "SUCCESS", "SUCCESS:", ""];
        if !comes_later {
            self.send(usize::MAX).await;
        }
        let stray = strays[usize::from(byte) % strays.len()];
        self.model.stray(stray, comes_later, &mut self.said);
        if !comes_later {
            self.send(usize::MAX).await;
        }
    }

    fn call(&mut self, kind: Kind) {
        let id = u32::try_from(self.calls.len()).expect("there are few") + 1;
        if id <= CALLS {
            self.calls.push(kind.call(id, self.client.clone()));
        }
    }

    fn drop_call(&mut self, input: &mut Input<'_>) {
        if !self.calls.is_empty() {
            let at = usize::from(input.byte()) % self.calls.len();
            self.calls[at].give_up();
        }
    }

    /// Sends so many bytes of what was said, and lets everybody take his turn.
    async fn send(&mut self, most: usize) {
        self.settle().await;
        let mut said = std::mem::take(&mut self.said);
        let later = said.split_off(said.len().min(most));
        self.said = later;
        for piece in said.chunks(16) {
            // A daemon that cannot write reads nothing, but the client reads always.
            let Some(stream) = &mut self.stream else { return };
            if stream.write_all(piece).await.is_err() {
                self.stream = None;
            }
        }
        self.settle().await;
        if self.said.is_empty() && self.model.has_quit() {
            self.stream = None;
        }
    }

    /// Lets every task run until it waits, and the daemon read what came.
    async fn settle(&mut self) {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.take_events();
            if !self.hear().await {
                return;
            }
        }
    }

    async fn pass(&mut self, time: Duration) {
        self.send(usize::MAX).await;
        tokio::time::sleep(time).await;
        self.settle().await;
    }

    /// Reads what has come; `false` where nothing has.
    async fn hear(&mut self) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let mut buffer = [0; 4096];
        let read = tokio::time::timeout(Duration::ZERO, stream.read(&mut buffer)).await;
        match read {
            Ok(Ok(count @ 1..)) => self.model.hear(&buffer[..count], self.is_hostile),
            Ok(_) => self.stream = None,
            Err(_) => return false,
        }
        true
    }

    /// Those that the daemon has numbered come in order, and none is missing.
    fn take_events(&mut self) {
        while let Some(event) = self.events.try_next() {
            // A daemon that sends bytes of its own may say more at once than is kept.
            if event.is_err() && self.is_hostile {
                continue;
            }
            match event.expect("nothing is lost") {
                Event::Echo(echo) if !self.is_hostile => {
                    self.echoes.1 += 1;
                    assert_eq!(echo.time, self.echoes.1, "in order");
                }
                event => drop(format!("{event} {event:?}")),
            }
        }
    }

    /// The daemon answers all that it has received and is yet to receive, and closes.
    async fn end(mut self) {
        self.send(usize::MAX).await;
        for _ in 0..4 * CALLS {
            if self.is_hostile || self.stream.is_none() || self.calls.iter().all(Call::is_over) {
                break;
            }
            while self.model.answer(Answer::Right, &mut self.said) {}
            self.model.answer_late(&mut self.said);
            self.send(usize::MAX).await;
            if !self.model.is_clean {
                self.pass(Duration::from_secs(61)).await;
            }
        }
        let is_closed = self.stream.is_none();
        if !self.is_hostile && !is_closed {
            assert!(self.calls.iter().all(Call::is_over), "what is answered is over");
            assert_eq!(self.echoes.0, self.echoes.1, "every event has come");
        }
        self.stream = None;
        // All but its callers have let go of it; each learns that the connection is gone.
        self.client.closed().await;
        tokio::time::sleep(Duration::from_mins(10)).await;
        for call in &mut self.calls {
            assert!(call.is_over(), "every call ends with the connection");
            let Some(outcome) = call.outcome().await else { continue };
            if !self.is_hostile {
                self.model.check(call, &outcome, is_closed);
            }
        }
    }
}
