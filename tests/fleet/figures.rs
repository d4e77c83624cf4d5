//! What a thousand members cost, each figure in a process of its own. Nothing is asserted but that all come.
//!
//! `cargo test --release --test fleet -- --ignored --nocapture --exact figures::peaceful`, `figures::hostile`,
//! `figures::turns`.
//!
//! The daemons are in another process, on unix sockets; time is real.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications, Pid};
use openvpn_mgmt::{Builder, Event, Fleet, FleetClient, MemberItem, Request};
use openvpn_mgmt_test::FakeDaemon;
use openvpn_mgmt_test::scripted::{Daemon, STATES_ON, attached, pipe_of};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::sleep;

use crate::support::{SECOND, cpu, log};

/// The variable that names the folder of the daemons' sockets.
const FOLDER: &str = "FLEET_DAEMONS";
const GOOD: usize = 996;
const HOSTILE: [&str; 4] = ["deaf", "flood", "half-a-line", "half-a-reply"];

fn socket(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.sock"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "another test starts it, and kills it"]
async fn daemons() {
    let Ok(folder) = std::env::var(FOLDER).map(PathBuf::from) else { return };
    let mut fakes = Vec::new();
    for number in 0..GOOD {
        let mut fake = FakeDaemon::v2_6().hold();
        fake.listen_unix(socket(&folder, &number.to_string())).unwrap();
        fakes.push(fake);
    }
    for name in HOSTILE {
        let listener = UnixListener::bind(socket(&folder, name)).unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(is_hostile(name, Daemon::on(stream)));
            }
        });
    }
    println!("they listen");
    std::future::pending::<()>().await;
}

async fn is_hostile(name: &'static str, mut daemon: Daemon<UnixStream>) {
    daemon.greets(5).await.gets_ready().await;
    daemon.hears("state on").await.says(STATES_ON).await;
    daemon.hears("bytecount 1").await.says("SUCCESS: bytecount interval changed\r\n").await;
    let flood: String =
        (0..1000).map(|line| log(&format!("a line of the flood, {line}"))).collect();
    match name {
        "deaf" => {}
        // As fast as it is read.
        "flood" => while daemon.can_say(&flood).await {},
        "half-a-line" => drop(daemon.says(">LOG:179533").await),
        _ => {
            daemon.hears("pid").await.says("SUCCESS: pi").await;
            return;
        }
    }
    std::future::pending::<()>().await;
}

/// The process of the daemons; ended with this.
struct Daemons(Child);

impl Daemons {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "figures::daemons", "--nocapture"]);
        let child = command.env(FOLDER, folder).stdout(Stdio::piped()).spawn().unwrap();
        let mut daemons = Self(child);
        let mut lines = BufReader::new(daemons.0.stdout.take().unwrap()).lines();
        lines.find(|line| line.as_ref().unwrap().contains("they listen")).unwrap().unwrap();
        daemons
    }
}

impl Drop for Daemons {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What this process holds, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn fleet(folder: &Path, hostile: &[&str]) -> Fleet {
    let mut fleet = Fleet::new();
    let builder = Builder::new().command_timeout(5 * SECOND);
    let names = (0..GOOD).map(|number| number.to_string());
    for name in names.chain(hostile.iter().map(|name| (*name).to_owned())) {
        let states = AnyCommand::new(Notifications::on(Channel::State));
        let set_up = [states, AnyCommand::new(Bytecount::every(SECOND))];
        let link = builder.reconnect(socket(folder, &name).display().to_string());
        fleet.add(name, link.ask_what_was_missed(false).set_up(set_up)).unwrap();
    }
    fleet
}

/// What was seen of a fleet.
#[derive(Default)]
struct Seen {
    attached: usize,
    /// When all were, and what the process held and had taken of the processor then.
    after: Duration,
    memory: u64,
    taken: u64,
    states: usize,
    bytes: usize,
    flood: usize,
}

/// Reads for ten seconds from when all are attached.
async fn read(fleet: &mut Fleet, members: usize) -> Seen {
    let (begin, mut seen) = (Instant::now(), Seen::default());
    while seen.attached < members || begin.elapsed() < seen.after + 10 * SECOND {
        match fleet.next().await.unwrap().what {
            // And not one that comes back.
            MemberItem::Attached(attached) if attached.number == 1 => {
                seen.attached += 1;
                (seen.after, seen.memory, seen.taken) = (begin.elapsed(), memory(), cpu());
            }
            MemberItem::Request(Request::Hold(hold)) => drop(tokio::spawn(hold.release())),
            MemberItem::Event(Event::State(_)) => seen.states += 1,
            MemberItem::Event(Event::ByteCount(_)) => seen.bytes += 1,
            MemberItem::Event(Event::Log(_)) => seen.flood += 1,
            _ => {}
        }
    }
    seen
}

/// How long each of the others takes to answer, the quickest first.
async fn ask(client: FleetClient) -> Vec<Duration> {
    sleep(5 * SECOND).await;
    let (begin, mut took) = (Instant::now(), Vec::new());
    let mut outcomes = client.all(&Pid);
    while let Some((name, outcome)) = outcomes.next().await {
        if !HOSTILE.contains(&&*name) {
            outcome.unwrap();
            took.push(begin.elapsed());
        }
    }
    took
}

async fn show(hostile: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let _daemons = Daemons::start(folder.path());
    let (before, members) = (memory(), GOOD + hostile.len());
    let mut fleet = fleet(folder.path(), hostile);
    let asking = tokio::spawn(ask(fleet.client()));
    let seen = read(&mut fleet, members).await;
    let percent = (cpu() - seen.taken) / 100;
    let took = asking.await.unwrap();
    assert_eq!(took.len(), GOOD);
    println!(
        "{members} members, {} of them hostile: attached after {:.1?}",
        hostile.len(),
        seen.after
    );
    println!("  {} KiB a member", (seen.memory - before) / members as u64);
    println!(
        "  in ten seconds {} states, {} byte counts, {} lines of the flood; {percent} % of a processor",
        seen.states, seen.bytes, seen.flood
    );
    println!(
        "  `pid` to all: half within {:.1?}, 99 % within {:.1?}, the last after {:.1?}",
        took[GOOD / 2],
        took[GOOD * 99 / 100],
        took[GOOD - 1]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "shows figures"]
async fn peaceful() {
    show(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "shows figures"]
async fn hostile() {
    show(&HOSTILE).await;
}

/// What an item costs, of ten members that talk beside so many that do not.
#[tokio::test]
#[ignore = "shows figures"]
async fn turns() {
    const LINES: usize = 20_000;
    for members in [10, 100, 1000, 10_000] {
        let (mut fleet, mut daemons) = (Fleet::new(), Vec::new());
        for number in 0..members {
            let (ours, mut daemon) = pipe_of(64 * 1024 / members.min(100));
            let session = attached(Builder::new(), ours, &mut daemon).await;
            fleet.add(number.to_string(), session).unwrap();
            daemons.push(daemon);
        }
        for _ in 0..2 * members {
            fleet.next().await.unwrap();
        }
        for mut daemon in daemons.drain(..10) {
            tokio::spawn(async move {
                let lines = log("a line that is read").repeat(100);
                for _ in 0..LINES / 100 {
                    daemon.says(&lines).await;
                }
                daemon.is_closed().await;
            });
        }
        let begin = Instant::now();
        let (mut given, mut lost) = (0, 0);
        while given + lost < 10 * LINES {
            match fleet.next().await.unwrap().what {
                MemberItem::Lagged(lagged) => lost += usize::try_from(lagged.0).unwrap(),
                _ => given += 1,
            }
        }
        let each = begin.elapsed() / u32::try_from(given).unwrap();
        println!("{members} members, ten of which talk: {each:?} an item from the daemon's end on");
    }
}
