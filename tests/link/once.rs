//! Commands over a link to a real daemon that restarts, ends and is killed: none is run twice.

use lab::{until, within};
use std::cell::Cell;
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use anyhow::Result;
use nix::sys::signal::Signal;
use openvpn_mgmt::command::{SetMute, Test};
use openvpn_mgmt::{CloseReason, Error, Item, Link, LinkClient, Request};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;

use crate::scene::{Scene, next, patient, soon};

/// Numbers that nobody else would send. (So many messages may be alike before the daemon's log leaves one out.)
const FIRST: u32 = 1_000_000;

/// Sends numbered commands until it is stopped; what became of each.
async fn call(commands: LinkClient, count: &AtomicUsize, stop: &AtomicBool) -> Vec<(u32, bool)> {
    let mut outcomes = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let number = FIRST + u32::try_from(count.fetch_add(1, Ordering::Relaxed)).unwrap();
        match commands.send(&SetMute(number)).await {
            Ok(()) => outcomes.push((number, true)),
            // It may have been run.
            Err(Error::Closed(_)) => outcomes.push((number, false)),
            Err(error) => panic!("{error}"),
        }
    }
    outcomes
}

/// Releases holds, session after session, until it is stopped; how many there were.
async fn serve(link: &mut Link, stop: &AtomicBool) -> Result<u64> {
    loop {
        let mut attached = next(link).await?;
        while let Some(item) = attached.session.next().await {
            if let Item::Request(Request::Hold(hold)) = item? {
                // The daemon may end meanwhile.
                hold.release().await.ok();
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(attached.number);
            }
        }
    }
}

#[tokio::test]
async fn a_command_is_run_once_or_not_whatever_the_daemon_does() -> Result<()> {
    let test = "a_command_is_run_once_or_not_whatever_the_daemon_does";
    let Some(mut scene) = Scene::or_skip(test).await? else { return Ok(()) };
    let mut link = scene.link();
    let (count, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let calls = (link.client(), link.client());
    let up = Cell::new(0);
    let directed = async {
        for what in ["", "USR1", "HUP", "TERM", "KILL", "USR1", "KILL"] {
            match what {
                "USR1" => scene.server.signal(Signal::SIGUSR1)?,
                "HUP" => scene.server.signal(Signal::SIGHUP)?,
                "TERM" => {
                    scene.stop().await?;
                    scene.start_again().await?;
                }
                "KILL" => {
                    scene.server.kill();
                    scene.start_again().await?;
                }
                _ => {}
            }
            up.set(up.get() + 1);
            scene.is_up(up.get()).await?;
            let before = count.load(Ordering::Relaxed);
            until("commands", || Ok(count.load(Ordering::Relaxed) > before + 20)).await?;
        }
        stop.store(true, Ordering::Relaxed);
        scene.server.signal(Signal::SIGUSR1)
    };
    let (directed, sessions, one, other) = tokio::join!(
        directed,
        serve(&mut link, &stop),
        call(calls.0, &count, &stop),
        call(calls.1, &count, &stop)
    );
    directed?;
    assert_eq!(sessions?, 4);
    let run = run(&scene.server.log());
    for (number, is_answered) in one.iter().chain(&other) {
        let times = run.get(number).copied().unwrap_or_default();
        assert!(times == 1 || times == 0 && !is_answered, "{number}, {is_answered}: {times} times");
    }
    drop(link);
    scene.ends(Vec::new()).await
}

/// How often each numbered command was run, by the daemon's log.
fn run(log: &str) -> HashMap<u32, u32> {
    let mut run = HashMap::new();
    for line in log.lines() {
        let number =
            line.split_once("MANAGEMENT: CMD 'mute ").and_then(|(_, rest)| rest.split_once('\''));
        if let Some(number) = number.and_then(|(number, _)| number.parse().ok()) {
            *run.entry(number).or_default() += 1;
        }
    }
    run
}

/// A stream that tells how much was read.
struct Counted(UnixStream, Arc<AtomicUsize>);

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.0).poll_read(cx, buf);
        self.1.fetch_add(buf.filled().len() - before, Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_daemon_that_is_killed_within_a_reply_costs_that_call() -> Result<()> {
    let test = "a_daemon_that_is_killed_within_a_reply_costs_that_call";
    let Some(mut scene) = Scene::or_skip(test).await? else { return Ok(()) };
    let (socket, read) = (scene.server.socket().to_owned(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&read);
    let mut link = soon(patient().reconnect_with(move || {
        let (connecting, counted) = (UnixStream::connect(socket.clone()), Arc::clone(&counted));
        async move { Ok(Counted(connecting.await?, counted)) }
    }));
    let commands = link.client();
    let first = next(&mut link).await?;
    // Some 14 MB, of which this is the begin.
    let killed = async {
        let begin = read.load(Ordering::Relaxed);
        until("reply", || Ok(read.load(Ordering::Relaxed) > begin + 10_000)).await?;
        scene.server.kill();
        scene.start_again().await
    };
    let (reply, behind, second, killed) = tokio::join!(
        commands.send(&Test(200_000)),
        commands.send(&SetMute(FIRST)),
        next(&mut link),
        killed
    );
    killed?;
    assert!(matches!(reply, Err(Error::Closed(_))), "{:?}", reply.map(|lines| lines.len()));
    behind?;
    let second = second?;
    assert_eq!((second.number, second.missed.restarted), (2, Some(true)));
    let reason = second.last_end.as_ref();
    assert!(matches!(reason, Some(CloseReason::Remote | CloseReason::Io(_))), "{reason:?}");
    let run = |command: &str| scene.logged(&format!("MANAGEMENT: CMD '{command}'"));
    assert_eq!((run("test 200000"), run(&format!("mute {FIRST}"))), (1, 1));
    within("end", first.session.client().closed()).await?;
    drop((first, second, link));
    scene.ends(Vec::new()).await
}
