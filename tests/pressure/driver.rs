//! The driver rests where there is nothing to do, and leaves the other tasks of its thread their turns.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_core::Stream;
use openvpn_mgmt::{Builder, Client, Events, HoldRequest, Item, Request, Requests};
use tokio::task::yield_now;

use crate::stream::{Metered, Reads};
use openvpn_mgmt_test::scripted::{Daemon, beside, pipe_of, with_requests};

const RELEASED: &str = "SUCCESS: hold release succeeded\r\n";

/// The event of a flood, which is one read of a stream that gives so many bytes.
const LOG: &str = ">LOG:1,I,x\r\n";

/// How many of them: far more than the driver catches up with at once. Each time, it takes a command by chance, so
/// that there are to be hundreds of times.
const FLOOD: usize = 20_000;

/// A session over a slow stream, whose daemon waits in a hold.
struct Held {
    client: Client,
    events: Events,
    requests: Requests,
    hold: HoldRequest,
    daemon: Daemon,
    reads: Arc<Reads>,
}

impl Held {
    async fn new(builder: Builder) -> Self {
        let (ours, mut daemon) = pipe_of(256 * 1024);
        let (stream, reads) = Metered::new(ours, LOG.len());
        let attached = beside(builder.attach(stream), async {
            daemon.greets(5).await.gets_ready().await;
        });
        let (client, events, mut requests) = attached.await.unwrap().split();
        daemon.says(">HOLD:Waiting for hold release:0\r\n").await;
        let hold = match requests.next().await {
            Some(Request::Hold(hold)) => hold,
            other => panic!("{other:?}"),
        };
        Self { client, events, requests, hold, daemon, reads }
    }
}

/// Whether the driver stops reading once there is nothing to read: for a hundred turns of this thread. To read a
/// flood takes it a few hundred.
async fn comes_to_rest(reads: &Reads) -> bool {
    for _ in 0..50 {
        let before = reads.polls();
        for _ in 0..100 {
            yield_now().await;
        }
        if reads.polls() == before {
            return true;
        }
    }
    false
}

#[tokio::test(start_paused = true)]
async fn an_answer_withdrawn_behind_a_flood_leaves_the_driver_at_rest() {
    let mut held = Held::new(Builder::new()).await;
    assert!(comes_to_rest(&held.reads).await, "before the flood");
    // Nobody reads them, so that the driver leaves no turn to subscribers.
    drop(held.events);
    held.daemon.says(LOG.repeat(FLOOD)).await;
    tokio::select! {
        biased;
        released = held.hold.release() => panic!("{released:?}"),
        () = yield_now() => {}
    }
    // The request would come again, for nobody.
    drop(held.requests);
    assert!(comes_to_rest(&held.reads).await);
}

#[tokio::test(start_paused = true)]
async fn the_reply_of_a_command_let_past_an_answer_is_awaited_at_rest() {
    let mut held = Held::new(Builder::new()).await;
    drop(held.events);
    held.daemon.says(LOG.repeat(FLOOD)).await;
    let answer = tokio::spawn(held.hold.release());
    let client = held.client.clone();
    let pid = tokio::spawn(async move { client.pid().await });
    held.daemon.hears("pid").await;
    assert!(comes_to_rest(&held.reads).await);
    held.daemon.says("SUCCESS: pid=7\r\n").await;
    held.daemon.hears("hold release").await.says(RELEASED).await;
    answer.await.unwrap().unwrap();
    assert_eq!(pid.await.unwrap().unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn subscribers_of_its_thread_lose_nothing_while_the_driver_catches_up() {
    // Less than the driver reads before an answer without a look at anything else.
    let mut held = Held::new(Builder::new().event_capacity(32)).await;
    let counting = tokio::spawn(count(held.events));
    held.daemon.says(LOG.repeat(FLOOD)).await;
    let answer = tokio::spawn(held.hold.release());
    held.daemon.hears("hold release").await.says(RELEASED).await;
    answer.await.unwrap().unwrap();
    drop(held.daemon);
    // The greeting and the hold are the other two.
    assert_eq!(counting.await.unwrap(), (FLOOD + 2, 0));
}

/// How many events come up to the end, and how many are lost.
async fn count(mut events: Events) -> (usize, u64) {
    let (mut got, mut lost) = (0, 0);
    while let Some(event) = events.next().await {
        match event {
            Ok(_) => got += 1,
            Err(lagged) => lost += lagged.0,
        }
    }
    (got, lost)
}

/// More than a task may do before tokio gives the others their turn.
const ANSWERS: usize = 1000;

/// Counts the turns of this thread.
fn turns() -> Arc<AtomicUsize> {
    let turns = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&turns);
    tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            yield_now().await;
        }
    });
    turns
}

/// A line end is in no username, so that nothing is sent and the request comes again at once.
async fn answers_wrongly(request: Option<Request>) {
    let Some(Request::Credentials(credentials)) = request else { panic!("{request:?}") };
    credentials.answer("a\nb", "c").await.unwrap_err();
}

#[tokio::test]
async fn a_request_that_always_comes_again_leaves_others_their_turns() {
    let (mut session, mut daemon) = with_requests(Builder::new()).await;
    daemon.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
    let turns = turns();
    let mut answers = 0;
    while answers < ANSWERS {
        if let Item::Request(request) = session.next().await.unwrap().unwrap() {
            answers_wrongly(Some(request)).await;
            answers += 1;
            if answers == 1 {
                turns.store(0, Ordering::Relaxed);
            }
        }
    }
    assert!(turns.load(Ordering::Relaxed) > 0, "{answers} answers in one turn");
}

#[tokio::test]
async fn so_does_one_that_is_taken_from_the_stream_of_requests() {
    let (session, mut daemon) = with_requests(Builder::new()).await;
    daemon.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
    let (_client, _events, mut requests) = session.split();
    answers_wrongly(requests.next().await).await;
    let turns = turns();
    for _ in 0..ANSWERS {
        let next = std::future::poll_fn(|cx| Pin::new(&mut requests).poll_next(cx));
        answers_wrongly(next.await).await;
    }
    assert!(turns.load(Ordering::Relaxed) > 0, "{ANSWERS} answers in one turn");
}
