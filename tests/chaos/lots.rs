//! A reply of 200,000 lines beside a subscriber that never reads: what both processes hold meanwhile.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{ClientOptions, Lab, ServerOptions, within};
use openvpn_mgmt::{Client, Event, Events, StateName};
use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::support::{amount, is_long, patient};

const LINES: u32 = 200_000;

/// How many events a subscriber may be behind by.
const KEPT: usize = 256;

const MIB: u64 = 1024 * 1024;

/// What a line may cost the daemon until it is written: some 80 bytes of text, and the two allocations of its place in the
/// daemon's list.
const AT_THE_DAEMON: u64 = 256;

/// What a line may cost this process: some 80 bytes of text three times, as the memory of a reply doubles when it is full and
/// the old is copied, and its places in three lists.
const HERE: u64 = 3 * 80 + 3 * 64;

/// What subscribers are behind by ([`openvpn_mgmt::Builder::event_memory`] is 4 MiB), and what the other tests of this process hold.
const BESIDE: u64 = 96 * MIB;

/// What a process holds of memory, in bytes.
fn held(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? * 1024)
}

/// Looks again and again what a process holds.
struct Sampler {
    before: u64,
    most: Arc<AtomicU64>,
    samples: Arc<AtomicU64>,
    sampling: JoinHandle<()>,
}

impl Sampler {
    fn of(pid: u32) -> Result<Self> {
        let before = held(pid)?;
        let (most, samples) = (Arc::new(AtomicU64::new(before)), Arc::new(AtomicU64::new(0)));
        let (seen, count) = (Arc::clone(&most), Arc::clone(&samples));
        let sampling = tokio::spawn(async move {
            let mut often = interval(Duration::from_millis(2));
            while let Ok(now) = held(pid) {
                seen.fetch_max(now, Ordering::Relaxed);
                count.fetch_add(1, Ordering::Relaxed);
                often.tick().await;
            }
        });
        Ok(Self { before, most, samples, sampling })
    }

    /// How much more there was than in the beginning.
    fn grown(&self, what: &str, bound: u64) -> Result<()> {
        let grown = self.most.load(Ordering::Relaxed) - self.before;
        let samples = self.samples.load(Ordering::Relaxed);
        if is_long() {
            let (before, grown, bound) = (self.before / MIB, grown / MIB, bound / MIB);
            println!(
                "{what}: {before} MiB, at most {grown} MiB more of {bound}, in {samples} samples"
            );
        }
        ensure!(samples > 2, "{what}: {samples} samples");
        ensure!(grown <= bound, "{what}: {grown} bytes more than before, of {bound}");
        Ok(())
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.sampling.abort();
    }
}

/// Counts the lines of the log, and what a subscriber loses that reads all it can.
async fn read(mut events: Events) -> (u64, u64) {
    let (mut lines, mut lost) = (0, 0);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Log(_)) => lines += 1,
            Ok(_) => {}
            Err(lagged) => lost += lagged.0,
        }
    }
    (lines, lost)
}

/// Has its own replies beside the large one, each of which the daemon logs, until there are more than a subscriber keeps.
async fn ask(client: Client, pid: u32, is_over: Arc<AtomicBool>) -> Result<u64> {
    let mut count = 0;
    while !is_over.load(Ordering::Relaxed) || count < KEPT as u64 {
        ensure!(client.pid().await? == pid, "another's reply");
        client.state().await?;
        count += 1;
    }
    Ok(count)
}

async fn is_connected(events: &mut Events) -> Result<()> {
    let connected = async {
        while let Some(event) = events.next().await {
            if matches!(event, Ok(Event::State(state)) if state.name == StateName::Connected) {
                return Ok(());
            }
        }
        anyhow::bail!("the connection has ended")
    };
    within("CONNECTED", connected).await?
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_thousand_lines_beside_a_subscriber_that_never_reads() -> Result<()> {
    let test = "two_hundred_thousand_lines_beside_a_subscriber_that_never_reads";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    let options = ServerOptions::new().without_client_auth().without_hold();
    let server = lab.server(options.line("keepalive 1 60")).await?;
    let peer = ClientOptions::to(&server).without_auth_user_pass();
    let peer = lab.client(peer).await?;
    let (at_peer, mut peer_events, _) = patient().connect(peer.socket()).await?.split();
    at_peer.state_on().await?;
    at_peer.hold_release().await?;
    is_connected(&mut peer_events).await.with_context(|| peer.log())?;

    let (client, events, _) =
        patient().pipeline(4).event_capacity(KEPT).connect(server.socket()).await?.split();
    client.log_on().await?;
    let mut never_reads = client.subscribe();
    let reading = tokio::spawn(read(events));
    let (daemon, here) = (Sampler::of(server.pid())?, Sampler::of(std::process::id())?);
    let is_over = Arc::new(AtomicBool::new(false));
    let asking = tokio::spawn(ask(client.clone(), server.pid(), Arc::clone(&is_over)));
    for _ in 0..amount(1, 10) {
        let lines = client.test(LINES).await?;
        ensure!(lines.len() == LINES as usize, "{} lines", lines.len());
        for (number, line) in lines.iter().enumerate() {
            ensure!(line.to_string().starts_with(&format!("[{number}] ")), "{number}: {line}");
        }
    }
    is_over.store(true, Ordering::Relaxed);
    let asked = within("end of the questions", asking).await???;
    tunnel_goes_on(&client).await?;
    daemon.grown("the daemon", u64::from(LINES) * AT_THE_DAEMON)?;
    here.grown("this process", u64::from(LINES) * HERE + BESIDE)?;
    client.quit().await?;
    let (logged, lost) = within("end", reading).await??;
    ensure!(logged + lost >= 2 * asked, "{asked} asked, {logged} logged and {lost} lost");
    // Who never reads has lost all but the newest, and is told so; nobody has waited for it.
    let told = within("event", never_reads.next()).await?.context("the end alone")?;
    let never_read = told.err().context("nothing was lost")?.0;
    ensure!(never_read + KEPT as u64 >= 2 * asked, "{asked} asked, {never_read} lost");
    if is_long() {
        println!(
            "{asked} pairs of questions beside it; of the log {logged} lines read and {lost} lost, and {never_read} lost by who never reads"
        );
    }
    ensure!(!peer.log().contains("Inactivity timeout"), "{}", peer.log());
    Ok(())
}

/// What the server has from its clients grows on.
async fn tunnel_goes_on(client: &Client) -> Result<()> {
    let before = client.load_stats().await?.bytes_in;
    let mut often = interval(Duration::from_millis(50));
    let more = async {
        while client.load_stats().await?.bytes_in <= before {
            often.tick().await;
        }
        anyhow::Ok(())
    };
    within("packets", more).await?
}
