//! Whatever is flooded, answered and withdrawn meanwhile: events and requests come in the order of the wire, and
//! every client is decided about once.

use openvpn_mgmt::events::{ClientEvent, Event};
use openvpn_mgmt::{Builder, Client, ClientRequest, Error, Item, Request, Session};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::task::{JoinSet, yield_now};

use crate::traffic::{Heard, Said, Traffic};
use openvpn_mgmt_test::scripted::{Daemon, beside, pipe};

const ROUNDS: u64 = 120;
const CLIENTS: u64 = 30;

/// The last event, as far as the next request depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Last {
    Connect(u64),
    Other,
    /// It was lost, with the request that it asked or without.
    Lost,
}

/// A program that answers, withdraws its answers, and holds what comes against the order of the wire.
struct Program {
    rng: StdRng,
    last: Last,
    /// How many events came, or were lost.
    events: u64,
    answers: JoinSet<(u64, openvpn_mgmt::Result<()>)>,
}

impl Program {
    fn new(seed: u64) -> Self {
        let (last, answers) = (Last::Other, JoinSet::new());
        Self { rng: StdRng::seed_from_u64(seed), last, events: 0, answers }
    }

    async fn runs(mut self, mut session: Session) -> Self {
        while let Some(item) = session.next().await {
            match item {
                Ok(Item::Event(event)) => self.takes(&event),
                Ok(Item::Request(request)) => self.answers(request),
                Ok(other) => panic!("{other:?}"),
                Err(lagged) => {
                    self.events += lagged.0;
                    self.last = Last::Lost;
                }
            }
        }
        self
    }

    fn takes(&mut self, event: &Event) {
        self.last = match event {
            Event::Client(ClientEvent::Connect { cid, .. }) => Last::Connect(cid.0),
            Event::Log(line) => {
                // The greeting comes before the first of them.
                assert_eq!(line.text, *(self.events - 1).to_string());
                Last::Other
            }
            _ => Last::Other,
        };
        self.events += 1;
    }

    /// A request comes right behind its event, but where it comes again.
    fn answers(&mut self, request: Request) {
        let is_again = request.is_again();
        let Request::ClientConnect(request) = request else { panic!("{request:?}") };
        let cid = request.peer().cid().0;
        if !is_again {
            assert!(
                [Last::Lost, Last::Connect(cid)].contains(&self.last),
                "{cid}: {:?}",
                self.last
            );
        }
        let how = Answer::random(&mut self.rng);
        self.answers.spawn(async move { (cid, how.give(request).await) });
    }
}

enum Answer {
    Allow,
    Deny,
    /// An answer that is withdrawn after so many turns.
    Withdraw(u32),
}

impl Answer {
    fn random(rng: &mut StdRng) -> Self {
        match rng.random_range(0..4) {
            0 => Self::Deny,
            1 => Self::Withdraw(rng.random_range(1..20)),
            _ => Self::Allow,
        }
    }

    async fn give(self, request: ClientRequest) -> openvpn_mgmt::Result<()> {
        match self {
            Self::Allow => request.allow().await,
            Self::Deny => request.deny("x", None).await,
            Self::Withdraw(turns) => tokio::select! {
                biased;
                allowed = request.allow() => allowed,
                () = pass(turns) => Ok(()),
            },
        }
    }
}

async fn pass(turns: u32) {
    for _ in 0..turns {
        yield_now().await;
    }
}

/// Calls that are given up, and subscriptions that end.
async fn makes_noise(client: Client, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    for _ in 0..100 {
        let mut events = client.subscribe();
        tokio::select! {
            biased;
            _ = client.pid() => {}
            () = pass(rng.random_range(1..20)) => {}
        }
        if rng.random_bool(0.5) {
            tokio::select! {
                biased;
                _ = events.next() => {}
                () = pass(5) => {}
            }
        }
    }
}

fn builder(rng: &mut StdRng) -> Builder {
    let pipeline = [1, 4, 64][rng.random_range(0..3)];
    let capacity = [16, 4096, 65_536][rng.random_range(0..3)];
    Builder::new().pipeline(pipeline).event_capacity(capacity)
}

async fn attached(rng: &mut StdRng) -> (Session, Daemon) {
    let (ours, mut daemon) = pipe();
    let builder = builder(rng);
    let session = beside(builder.attach(ours), async {
        daemon.greets(5).await.gets_ready().await;
    });
    (session.await.unwrap(), daemon)
}

/// Each client that stays was decided about once, and no other answer failed.
async fn check(mut program: Program, said: &Said, heard: &Heard) {
    assert_eq!(program.events, said.events + 1, "with the greeting");
    assert!(heard.decisions.values().all(|times| *times == 1), "{:?}", heard.decisions);
    while let Some(answered) = program.answers.join_next().await {
        match answered.unwrap() {
            (_, Ok(())) => {}
            (cid, Err(Error::Stale { .. } | Error::Closed(_))) if said.leaving.contains(&cid) => {}
            (cid, Err(error)) => panic!("{cid}: {error}"),
        }
    }
}

/// With a paused clock, a conversation that stalls fails at once.
#[tokio::test(start_paused = true)]
async fn random_conversations_keep_the_order_and_lose_no_request() {
    for seed in 0..ROUNDS {
        let mut rng = StdRng::seed_from_u64(seed);
        let traffic = Traffic::new(rng.random(), CLIENTS);
        let said = traffic.said();
        let (session, daemon) = attached(&mut rng).await;
        let noise = makes_noise(session.client().clone(), rng.random());
        let program = Program::new(rng.random()).runs(session);
        let (program, heard, ()) = tokio::join!(program, traffic.runs(daemon), noise);
        check(program, &said, &heard).await;
    }
}
