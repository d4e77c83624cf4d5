//! What a daemon sends takes memory in proportion to what is counted of it.

use std::iter::repeat_n;

use openvpn_mgmt::events::{Assembler, Event, InfoMsg, SecretText, WebAuthFlag};
use openvpn_mgmt::{Builder, Client, Events, Text};
use tokio::task::yield_now;

use crate::stream::Metered;
use openvpn_mgmt_test::scripted::{Daemon, attached, beside, pipe_of};

/// The events of a block with so many times this line.
fn block(line: &str, count: usize) -> Vec<Event> {
    let (mut assembler, mut events) = (Assembler::new(), Vec::new());
    let lines = repeat_n(format!("CLIENT:ENV,{line}"), count);
    let whole = ["CLIENT:CONNECT,0,1".to_owned()].into_iter().chain(lines);
    for line in whole.chain(["CLIENT:ENV,END".to_owned()]) {
        assembler.push(&line.into(), &mut |event| events.push(event));
    }
    events
}

/// The bytes of an event's secrets, their names, and what keeps both.
fn held_by_secrets(event: &Event) -> usize {
    let Event::Client(client) = event else { return 0 };
    let held = |(name, secret): (&Text, &SecretText)| {
        name.len() + secret.len() + size_of::<(Text, SecretText)>()
    };
    client.env().unwrap().secrets().map(held).sum()
}

/// Long names, long values, and so many that most of what they take is what keeps them.
#[test]
fn the_secrets_of_a_block_hold_no_more_than_a_block_may() {
    let limit = Assembler::DEFAULT_ENV_LIMIT;
    let long_name = format!("pass{}=x", "A".repeat(limit / 2));
    let long_value = format!("pass={}", "x".repeat(limit / 2));
    for line in [long_name.as_str(), &long_value, "pass=x"] {
        assert!(held_by_secrets(&block(line, 1)[0]) >= line.len() - 1, "one is kept");
        let count = (2 * limit / line.len()).min(Assembler::MAX_ENV_LINES);
        let events = block(line, count);
        let held: usize = events.iter().map(held_by_secrets).sum();
        assert!(held <= limit, "{held} bytes of {} a line", line.len());
    }
}

/// A client that collects no requests, over a pipe with room for all that a test says.
async fn roomy(builder: Builder) -> (Client, Events, Daemon) {
    let (ours, mut daemon) = pipe_of(16 << 20);
    let (client, events, _) = attached(builder, ours, &mut daemon).await.split();
    (client, events, daemon)
}

/// Each event of a read is in a batch of its own here, and all share what was read.
#[tokio::test(start_paused = true)]
async fn what_the_events_of_one_read_share_is_counted_once() {
    const CALLS: usize = 600;
    let (client, mut events, mut daemon) = roomy(Builder::new().pipeline(CALLS)).await;
    let calls = calls_of(&client, CALLS, &mut daemon).await;
    let said = ">LOG:1,D,MANAGEMENT: CMD 'pid'\r\nSUCCESS: pid=7\r\n".repeat(CALLS);
    daemon.says(said).await;
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 7);
    }
    // The greeting, and one before each reply; all are far below what may be kept.
    let kept = std::iter::from_fn(|| events.try_next()).map(Result::unwrap).count();
    assert_eq!(kept, 1 + CALLS);
}

type Call = tokio::task::JoinHandle<openvpn_mgmt::Result<u32>>;

/// So many calls that wait for their replies.
async fn calls_of(client: &Client, count: usize, daemon: &mut Daemon) -> Vec<Call> {
    let call = |client: Client| tokio::spawn(async move { client.pid().await });
    let calls = repeat_n(client, count).cloned().map(call).collect();
    for _ in 0..count {
        daemon.hears("pid").await;
    }
    calls
}

/// What is made of one read is in proportion to it, and is kept whatever else is given up.
#[tokio::test(start_paused = true)]
async fn a_long_line_makes_no_larger_reads_than_a_flood() {
    let (ours, mut daemon) = pipe_of(4 << 20);
    let (stream, reads) = Metered::new(ours, usize::MAX);
    let (client, _events, _) = attached(Builder::new(), stream, &mut daemon).await.split();
    let flood = ">\r\n".repeat(300_000);
    daemon.says(&flood).await;
    passes_round_trip(&client, &mut daemon).await;
    let usual = reads.largest();
    // The line is in memory as far as it has come when the flood follows it.
    daemon.says(">".repeat(1 << 20)).await;
    for _ in 0..1000 {
        yield_now().await;
    }
    daemon.says(format!("\r\n{flood}")).await;
    passes_round_trip(&client, &mut daemon).await;
    assert!(reads.largest() < 2 * usual, "{} bytes at once, not {usual}", reads.largest());
}

/// All that was said before is read then.
async fn passes_round_trip(client: &Client, daemon: &mut Daemon) {
    let pid = beside(client.pid(), async {
        daemon.hears("pid").await.says("SUCCESS: pid=7\r\n").await;
    });
    pid.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_flags_of_pages_hold_no_more_than_events_may() {
    const MEMORY: usize = 1 << 20;
    let (client, mut events, mut daemon) = roomy(Builder::new().event_memory(MEMORY)).await;
    let page = |flags| format!(">INFOMSG:WEB_AUTH:{}:https://x\r\n", "a,".repeat(flags));
    for flags in [1, 50_000] {
        daemon.says(page(flags).repeat(20)).await;
        passes_round_trip(&client, &mut daemon).await;
        let read = std::iter::from_fn(|| events.try_next()).flatten();
        let held: usize = read.map(|event| held_by_flags(&event)).sum();
        assert!(held <= MEMORY, "{held} bytes");
        assert!(flags > 1 || held == 20 * size_of::<WebAuthFlag>(), "few flags are kept");
    }
}

fn held_by_flags(event: &Event) -> usize {
    let Event::InfoMsg(InfoMsg::WebAuth(page)) = event else { return 0 };
    page.flags().count() * size_of::<WebAuthFlag>()
}
