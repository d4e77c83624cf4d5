//! How much is allocated for an event, for a command, and by a session at rest.
//!
//! A session and its daemon are tasks of one thread, the allocations of which are counted. What
//! the daemon says is there before the counting begins. The figures are what is true today:
//! they may fall, and then the numbers here fall with them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

use allocation_counter::measure;
use openvpn_mgmt::{Builder, Client, Events, Session};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::runtime::Runtime;

const GREETING: &[u8] =
    b">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";

/// What a command takes, from the call to its typed reply.
const COMMAND: u64 = 6;

/// What a session with default settings holds at rest, in bytes; the goal is 24 KiB.
const IDLE: u64 = 24 * 1024;

/// What it may hold besides once its subscriber has read a flood, in bytes.
const AFTER_A_FLOOD: i64 = 16 * 1024;

/// How many events one read brings; twice as many fit into one, too.
const FEW: usize = 20;

/// A daemon and the session of default settings with it, whose user wants states and no
/// requests.
struct Setup {
    runtime: Runtime,
    daemon: DuplexStream,
    client: Client,
    events: Events,
}

impl Setup {
    fn new() -> Self {
        let runtime = one_thread();
        let (ours, daemon) = duplex(1024 * 1024);
        let (client, mut events, daemon) = runtime.block_on(async {
            let daemon = tokio::spawn(answer(daemon, 3));
            let (client, events, _) = attached(ours).await.split();
            client.state_on().await.unwrap();
            (client, events, daemon.await.unwrap())
        });
        runtime.block_on(take(&mut events, 1));
        Self { runtime, daemon, client, events }
    }

    fn say(&mut self, line: &str, count: usize) {
        let text = line.repeat(count);
        self.runtime.block_on(self.daemon.write_all(text.as_bytes())).unwrap();
    }

    /// How many allocations so many events in one read cost the driver and all subscribers.
    fn count(&mut self, line: &str, events: usize, others: &mut [Events]) -> u64 {
        self.say(line, events);
        let counted = measure(|| {
            self.runtime.block_on(async {
                take(&mut self.events, events).await;
                for other in &mut *others {
                    take(other, events).await;
                }
            });
        });
        counted.count_total
    }
}

fn one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn attached(stream: DuplexStream) -> Session {
    Builder::new().attach(stream).await.unwrap()
}

/// Greets and answers so many commands; allocates nothing of its own.
async fn answer(mut stream: DuplexStream, commands: usize) -> DuplexStream {
    stream.write_all(GREETING).await.unwrap();
    let (mut buffer, mut answered) = ([0; 256], 0);
    while answered < commands {
        let count = stream.read(&mut buffer).await.unwrap();
        if count == 0 {
            break;
        }
        for line in buffer[..count].split_inclusive(|byte| *byte == b'\n') {
            stream.write_all(reply(line)).await.unwrap();
            answered += 1;
        }
    }
    stream
}

fn reply(line: &[u8]) -> &'static [u8] {
    match line {
        b"env-filter 0\n" => b"SUCCESS: env_filter_level=0\r\n",
        b"state on\n" => b"SUCCESS: real-time state notification set to ON\r\n",
        b"pid\n" => b"SUCCESS: pid=3528\r\n",
        other => panic!("{:?}", String::from_utf8_lossy(other)),
    }
}

async fn take(events: &mut Events, count: usize) {
    for _ in 0..count {
        events.next().await.expect("the session lasts").expect("no event is lost");
    }
}

/// Beyond what a read costs, an event costs nothing: twice as many in one read are as cheap.
fn costs_nothing_more(line: &str, subscribers: usize) {
    let mut setup = Setup::new();
    let mut others: Vec<_> = (1..subscribers).map(|_| setup.client.subscribe()).collect();
    // What grows to the size that is needed has grown.
    setup.count(line, 2 * FEW, &mut others);
    let few = setup.count(line, FEW, &mut others);
    let many = setup.count(line, 2 * FEW, &mut others);
    assert_eq!(few, many, "{FEW} and {} of {line:?} for {subscribers}", 2 * FEW);
}

const EVENTS: [&str; 5] = [
    ">HOLD:Waiting for hold release:0\r\n",
    ">STATE:1795332243,CONNECTED,SUCCESS,10.8.0.6,192.0.2.7,1194,192.0.2.9,5000\r\n",
    ">LOG:1795332243,I,Initialization Sequence Completed\r\n",
    ">BYTECOUNT:3050,2847\r\n",
    ">BYTECOUNT_CLI:7,3050,2847\r\n",
];

#[test]
fn an_event_of_one_line_allocates_nothing_beyond_its_read() {
    for line in EVENTS {
        costs_nothing_more(line, 1);
    }
}

#[test]
fn nor_does_it_for_eight_subscribers() {
    for line in EVENTS {
        costs_nothing_more(line, 8);
    }
}

#[test]
fn a_command_allocates_a_stated_number_of_times() {
    let Setup { runtime, daemon, client, .. } = Setup::new();
    runtime.spawn(async { answer(daemon, usize::MAX).await });
    let pid = || {
        measure(|| {
            runtime.block_on(client.pid()).unwrap();
        })
    };
    // The greeting comes once more, and what grows to the size that is needed grows.
    pid();
    let counts: Vec<_> = (0..8).map(|_| pid().count_total).collect();
    let most = counts.iter().max().unwrap();
    println!("allocations of a command: {counts:?}");
    assert!(*most <= COMMAND, "{counts:?}");
}

#[test]
fn a_session_at_rest_holds_a_stated_number_of_bytes() {
    const SESSIONS: usize = 16;
    let runtime = one_thread();
    let mut sessions = Vec::with_capacity(SESSIONS);
    let mut streams = Vec::with_capacity(SESSIONS);
    for _ in 0..SESSIONS {
        let (ours, daemon) = duplex(1024);
        runtime.spawn(async {
            let _daemon = answer(daemon, 2).await;
            // The session lasts while it is counted.
            std::future::pending::<()>().await;
        });
        streams.push(ours);
    }
    let counted = measure(|| {
        for stream in streams {
            sessions.push(runtime.block_on(attached(stream)));
        }
    });
    let each = u64::try_from(counted.bytes_current).unwrap() / SESSIONS as u64;
    println!("bytes of a session at rest: {each}");
    assert!(each <= IDLE, "{each}");
}

#[test]
fn a_flood_that_was_read_leaves_nothing_behind() {
    let mut setup = Setup::new();
    let line = EVENTS[2];
    let counted = measure(|| {
        for _ in 0..100 {
            setup.say(line, FEW);
            setup.runtime.block_on(take(&mut setup.events, FEW));
        }
    });
    println!("bytes left by a flood: {}", counted.bytes_current);
    assert!(counted.bytes_current <= AFTER_A_FLOOD, "{counted:?}");
}
