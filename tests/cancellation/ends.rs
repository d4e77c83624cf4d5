//! How connections end: calls that end them, or wait for it, are dropped at every poll.

use std::time::Duration;

use openvpn_mgmt::demux::demultiplex;
use openvpn_mgmt::server::{Connection, Reply, Server};
use openvpn_mgmt::{Builder, Client, CloseReason, Dialect};
use openvpn_mgmt_test::FakeDaemon;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::called::called;
use crate::stepped::{MOST, at_every_poll, polled};
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);

/// As is documented: it ends also where the future is dropped, once it was polled.
#[tokio::test(start_paused = true)]
async fn closing_that_is_dropped_closes() {
    at_every_poll("Client::close", |polls| async move {
        let world = World::of(FakeDaemon::v2_6(), &Builder::new()).await;
        let client = world.client.clone();
        let is_over = polled(polls, called!(Client: client.close())).await.is_some();
        if polls == 0 {
            assert_eq!(client.pid().await.unwrap(), 4711);
        } else {
            let reason = timeout(MINUTE, client.closed()).await.unwrap();
            assert!(matches!(reason, CloseReason::Requested), "{reason}");
        }
        drop(client);
        world.ends("close").await;
        is_over
    })
    .await;
}

/// As any command: withdrawn, the connection lasts; sent, it ends. What was called before has its reply.
#[tokio::test(start_paused = true)]
async fn quitting_that_is_dropped_quits_or_does_not() {
    for is_behind in [false, true] {
        at_every_poll("Client::quit", |polls| async move {
            let world = World::of(FakeDaemon::v2_6(), &Builder::new()).await;
            let client = world.client.clone();
            let before = is_behind.then(|| {
                let client = client.clone();
                tokio::spawn(async move { client.verb().await })
            });
            tokio::task::yield_now().await;
            let quit = polled(polls, called!(Client: client.quit())).await;
            quit.as_ref().inspect(|quit| assert!(quit.is_ok()));
            if let Some(before) = before {
                assert_eq!(before.await.unwrap().unwrap(), 3);
            }
            if polls == 0 {
                assert_eq!(client.pid().await.unwrap(), 4711);
            } else {
                let reason = timeout(MINUTE, client.closed()).await.unwrap();
                assert!(matches!(reason, CloseReason::Requested), "{reason}");
                assert!(client.pid().await.is_err());
            }
            let written = world.written.commands();
            assert!(written.iter().all(|line| ["verb", "quit", "pid"].contains(&line.as_str())));
            drop(client);
            world.ends("quit").await;
            quit.is_some()
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_end_waits_again() {
    for polls in 0..5 {
        let world = World::of(FakeDaemon::v2_6(), &Builder::new()).await;
        let client = world.client.clone();
        assert!(polled(polls, called!(Client: client.closed())).await.is_none());
        assert!(polled(polls, client.closed()).await.is_none());
        world.fake.with(openvpn_mgmt_test::Daemon::hangs_up);
        let reason = timeout(MINUTE, client.closed()).await.unwrap();
        assert!(matches!(reason, CloseReason::Remote), "{reason}");
        assert!(polled(1, client.closed()).await.is_some());
        drop(client);
        world.ends("closed").await;
    }
}

const LINES: &str =
    ">HOLD:Waiting for hold release:0\r\nSUCCESS: one\r\n>LOG:1,,x\r\nSUCCESS: two\r\n";

/// As is documented it is not cancel safe: what is delivered is whole, in order, and the channels end.
#[tokio::test(start_paused = true)]
async fn what_a_dropped_demultiplexer_has_delivered_is_whole() {
    at_every_poll("demultiplex", |polls| async move {
        let (input, mut daemon) = duplex(8);
        let (reply, mut replies) = mpsc::channel(1);
        let (event, mut events) = mpsc::channel(1);
        let saying = tokio::spawn(async move { drop(daemon.write_all(LINES.as_bytes()).await) });
        let told = tokio::spawn(async move {
            let mut told = (Vec::new(), Vec::new());
            while let Some(event) = events.recv().await {
                told.0.push(event);
                told.1.extend(replies.try_recv());
            }
            while let Some(reply) = replies.recv().await {
                told.1.push(reply);
            }
            told
        });
        let is_over = polled(polls, called!(fn demultiplex(input, reply, event))).await.is_some();
        let (events, replies) = timeout(MINUTE, told).await.unwrap().unwrap();
        assert!(
            ["HOLD:Waiting for hold release:0", "LOG:1,,x"].iter().take(events.len()).eq(&events)
        );
        assert!(["SUCCESS: one", "SUCCESS: two"].iter().take(replies.len()).eq(&replies));
        assert!(!is_over || (events.len(), replies.len()) == (2, 2));
        saying.await.unwrap();
        is_over
    })
    .await;
}

/// The daemon's side over a pipe that holds less than a line.
fn connection() -> (Connection<DuplexStream>, DuplexStream) {
    let (daemon, manager) = duplex(8);
    (Connection::new(daemon, Server::new(Dialect::openvpn(2, 6, 14))), manager)
}

/// All that a daemon said, once it has closed.
fn said(mut manager: DuplexStream) -> tokio::task::JoinHandle<String> {
    tokio::spawn(async move {
        let mut said = String::new();
        manager.read_to_string(&mut said).await.unwrap();
        said
    })
}

#[tokio::test(start_paused = true)]
async fn a_daemon_loses_no_command() {
    for polls in [1, 2, 3] {
        let (mut daemon, mut manager) = connection();
        let asking = tokio::spawn(async move {
            for _ in 0..5 {
                manager.write_all(b"state on\n").await.unwrap();
            }
        });
        let (mut heard, mut dropped) = (0, 0);
        while heard < 5 {
            let next = polled(polls, called!(Connection<DuplexStream>: daemon.next())).await;
            let Some(received) = next else {
                dropped += 1;
                assert!(dropped < MOST);
                tokio::task::yield_now().await;
                continue;
            };
            assert_eq!(received.unwrap().unwrap().line(), b"state on");
            heard += 1;
        }
        asking.await.unwrap();
        assert!(daemon.next().await.unwrap().is_none());
    }
}

/// As is documented: what was to be said is sent by the next call, once.
#[tokio::test(start_paused = true)]
async fn what_a_daemon_says_goes_out_once() {
    at_every_poll("Connection::reply", |polls| async move {
        let (mut daemon, manager) = connection();
        let manager = said(manager);
        let reply = Reply::success("pid=4711");
        let is_over =
            polled(polls, called!(Connection<DuplexStream>: daemon.reply(reply))).await.is_some();
        daemon.event("HOLD:x").await.unwrap();
        daemon.close().await.unwrap();
        let first = if polls == 0 { "" } else { "SUCCESS: pid=4711\r\n" };
        assert_eq!(manager.await.unwrap(), format!("{first}>HOLD:x\r\n"), "{polls} polls");
        is_over
    })
    .await;
    at_every_poll("Connection::event", |polls| async move {
        let (mut daemon, manager) = connection();
        let manager = said(manager);
        let event = "HOLD:Waiting for hold release:0";
        let is_over =
            polled(polls, called!(Connection<DuplexStream>: daemon.event(event))).await.is_some();
        daemon.close().await.unwrap();
        let whole = if polls == 0 { String::new() } else { format!(">{event}\r\n") };
        assert_eq!(manager.await.unwrap(), whole, "{polls} polls");
        is_over
    })
    .await;
    at_every_poll("Connection::flush", |polls| async move {
        let (mut daemon, manager) = connection();
        let manager = said(manager);
        daemon.server().event("HOLD:Waiting for hold release:0").unwrap();
        let is_over =
            polled(polls, called!(Connection<DuplexStream>: daemon.flush())).await.is_some();
        daemon.flush().await.unwrap();
        daemon.close().await.unwrap();
        assert_eq!(manager.await.unwrap(), ">HOLD:Waiting for hold release:0\r\n", "{polls} polls");
        is_over
    })
    .await;
    // It takes the connection with it.
    at_every_poll("Connection::close", |polls| async move {
        let (mut daemon, manager) = connection();
        let manager = said(manager);
        daemon.server().event("HOLD:Waiting for hold release:0").unwrap();
        let is_over =
            polled(polls, called!(Connection<DuplexStream>: daemon.close())).await.is_some();
        let said = manager.await.unwrap();
        assert!(">HOLD:Waiting for hold release:0\r\n".starts_with(&said), "{polls} polls: {said}");
        assert!(!is_over || said.ends_with('\n'), "{polls} polls: {said}");
        is_over
    })
    .await;
}
