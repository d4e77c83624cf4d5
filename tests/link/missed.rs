//! What a new session tells of the time before it.

use openvpn_mgmt::events::StateName;
use openvpn_mgmt::reply::StatusClient;
use openvpn_mgmt::{Backoff, Builder, Cid, Text};
use openvpn_mgmt_test::scripted::{Daemon, beside};
use std::fmt::Write as _;
use std::time::Duration;

use crate::door::Door;

const BEGIN: &str = "1,CONNECTING,,,,,,";
const CONNECTED: &str = "5,CONNECTED,SUCCESS,10.8.0.1,,,,";
const RECONNECTING: &str = "5,RECONNECTING,SIGUSR1,,,,,";
const PENDING: &str = "6,AUTH_PENDING,,,,,,";

/// What a daemon tells.
struct Told<'a> {
    pid: u32,
    states: &'a [&'a str],
    clients: &'a [(u64, &'a str)],
}

impl Told<'_> {
    async fn by(&self, daemon: &mut Daemon) {
        let lines =
            |lines: &[&str]| lines.iter().fold(String::new(), |said, line| said + line + "\r\n");
        daemon.hears("state all").await.says(lines(self.states) + "END\r\n").await;
        daemon.hears("pid").await.says(format!("SUCCESS: pid={}\r\n", self.pid)).await;
        daemon.hears("status 3").await.says(self.status()).await;
        daemon.hears("load-stats").await;
        daemon.says("SUCCESS: nclients=0,bytesin=1,bytesout=2\r\n").await;
    }

    fn status(&self) -> String {
        let mut status = String::from(
            "TITLE\tOpenVPN 2.6.14\r\nTIME\t2026-11-29 16:00:00\t1795968000\r\n\
             HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\tBytes Received\t\
             Bytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\tClient ID\tPeer ID\tData Channel Cipher\r\n",
        );
        for (cid, name) in self.clients {
            let _ = write!(
                status,
                "CLIENT_LIST\t{name}\t192.0.2.7:5000\t10.8.0.2\t\t1\t2\t2026-11-29 16:00:00\t179596{cid:04}\t{name}\t{cid}\t0\t\
                 AES-256-GCM\r\n"
            );
        }
        status + "GLOBAL_STATS\tMax bcast/mcast queue length\t0\r\nEND\r\n"
    }
}

#[tokio::test(start_paused = true)]
async fn what_changed_is_told() {
    let door = Door::default();
    let builder = Builder::new().requests(false);
    let mut link = door.link_of(&builder).backoff(Backoff::default().reset_after(Duration::ZERO));
    let mut next = async |told: Told<'_>| {
        let mut daemon = door.daemon();
        let attached = beside(link.next(), async {
            daemon.greets(5).await;
            told.by(&mut daemon).await;
        });
        attached.await.unwrap()
    };

    let first =
        next(Told { pid: 7, states: &[BEGIN, CONNECTED], clients: &[(0, "alice"), (1, "bob")] })
            .await;
    assert_eq!((first.now.pid, first.missed.restarted), (Some(7), None));
    assert_eq!(
        (first.missed.states.len(), first.missed.joined.len(), first.missed.left.len()),
        (2, 2, 0)
    );
    assert_eq!(first.now.load_stats.map(|stats| stats.bytes_out), Some(2));

    // The same process, which has not restarted; one client is another of the same ID.
    let same =
        next(Told { pid: 7, states: &[BEGIN, CONNECTED], clients: &[(1, "bob"), (2, "carol")] })
            .await;
    assert_eq!((same.missed.restarted, same.missed.states.len()), (Some(false), 0));
    let ids =
        |clients: &[StatusClient]| clients.iter().filter_map(StatusClient::cid).collect::<Vec<_>>();
    assert_eq!((ids(&same.missed.joined), ids(&same.missed.left)), (vec![Cid(2)], vec![Cid(0)]));

    // It restarted within the second of the last state, and has the same one again.
    let states = [BEGIN, CONNECTED, RECONNECTING, CONNECTED];
    let restarted = next(Told { pid: 7, states: &states, clients: &[] }).await;
    assert_eq!(restarted.missed.restarted, Some(true));
    assert_eq!(restarted.missed.states.len(), 2);
    assert_eq!(restarted.missed.states[0].name, StateName::Reconnecting);
    assert_eq!(restarted.missed.states[0].detail(), Some(Text::from("SIGUSR1")));

    // Another process that has the same pid, as in a container.
    let states = ["9,CONNECTING,,,,,,", "9,CONNECTED,SUCCESS,10.8.0.1,,,,"];
    let other = next(Told { pid: 7, states: &states, clients: &[] }).await;
    assert_eq!((other.missed.restarted, other.missed.states.len()), (Some(true), 2));
    let other = next(Told { pid: 8, states: &states, clients: &[] }).await;
    assert_eq!((other.missed.restarted, other.missed.states.len()), (Some(true), 2));
}

/// A daemon keeps 100 states: with so many, those between may be gone.
#[tokio::test(start_paused = true)]
async fn behind_a_hundred_states_nothing_is_proved() {
    let door = Door::default();
    let builder = Builder::new().requests(false);
    let mut link = door.link_of(&builder).backoff(Backoff::default().reset_after(Duration::ZERO));
    let mut next = async |states: &[&str]| {
        let mut daemon = door.daemon();
        let attached = beside(link.next(), async {
            daemon.greets(5).await;
            Told { pid: 7, states, clients: &[] }.by(&mut daemon).await;
        });
        attached.await.unwrap().missed
    };
    let waits = |count| [&[BEGIN, CONNECTED][..], &vec![PENDING; count]].concat();
    next(&[BEGIN, CONNECTED]).await;
    let most = next(&waits(97)).await;
    assert_eq!((most.restarted, most.states.len()), (Some(false), 97));
    let full = next(&waits(98)).await;
    assert_eq!((full.restarted, full.states.len()), (None, 97));
    // The last that was known is somewhere in it, or is gone.
    let again = next(&waits(98)).await;
    assert_eq!((again.restarted, again.states.len()), (None, 97));
    let gone = next(&vec!["9,AUTH_PENDING,,,,,,"; 100]).await;
    assert_eq!((gone.restarted, gone.states.len()), (None, 100));
    // A history that got shorter is that of another process.
    let other = next(&[BEGIN, CONNECTED]).await;
    assert_eq!((other.restarted, other.states.len()), (Some(true), 2));
    let restarts = [RECONNECTING, CONNECTED].repeat(50);
    let restarted = next(&restarts).await;
    assert_eq!((restarted.restarted, restarted.states.len()), (Some(true), 98));
    // All of these may be old ones, and may be new ones.
    let same = next(&restarts).await;
    assert_eq!((same.restarted, same.states.len()), (None, 98));
}

/// In the second of its first state another process of the same pid could begin, with the same states.
#[tokio::test(start_paused = true)]
async fn what_was_seen_in_its_first_second_proves_nothing() {
    let door = Door::default();
    let builder = Builder::new().requests(false);
    let mut link = door.link_of(&builder).backoff(Backoff::default().reset_after(Duration::ZERO));
    // The time of `status`.
    let states = ["1795968000,CONNECTING,,,,,,", "1795968000,CONNECTED,SUCCESS,10.8.0.1,,,,"];
    for _ in 0..2 {
        let mut daemon = door.daemon();
        let attached = beside(link.next(), async {
            daemon.greets(5).await;
            Told { pid: 7, states: &states, clients: &[] }.by(&mut daemon).await;
        });
        assert_eq!(attached.await.unwrap().missed.restarted, None);
    }
}

/// A row that cannot be read may have been a restart.
#[tokio::test(start_paused = true)]
async fn a_history_with_a_row_that_cannot_be_read_proves_nothing() {
    let door = Door::default();
    let builder = Builder::new().requests(false);
    let mut link = door.link_of(&builder).backoff(Backoff::default().reset_after(Duration::ZERO));
    for states in [&[BEGIN, CONNECTED][..], &[BEGIN, CONNECTED, "x", CONNECTED]] {
        let mut daemon = door.daemon();
        let attached = beside(link.next(), async {
            daemon.greets(5).await;
            Told { pid: 7, states, clients: &[] }.by(&mut daemon).await;
        });
        assert_eq!(attached.await.unwrap().missed.restarted, None);
    }
}

/// What a session was not told is held against what the one before was.
#[tokio::test(start_paused = true)]
async fn what_is_not_told_between_is_no_change() {
    let door = Door::default();
    let builder = Builder::new().requests(false);
    let mut link = door.link_of(&builder).backoff(Backoff::default().reset_after(Duration::ZERO));
    let refusal = "ERROR: not supported by the current daemon mode\r\n";
    let restart = "1,RECONNECTING,SIGUSR1,,,,,\r\n5,CONNECTED,SUCCESS,10.8.0.1,,,,\r\nEND\r\n";
    let alice = Told { pid: 7, states: &[], clients: &[(0, "alice")] }.status();
    let bob = Told { pid: 7, states: &[], clients: &[(1, "bob")] }.status();
    let mut next = async |states: &str, status: &str| {
        let mut daemon = door.daemon();
        let attached = beside(link.next(), async {
            daemon.greets(5).await.hears("state all").await.says(states).await;
            daemon.hears("pid").await.says("SUCCESS: pid=7\r\n").await;
            daemon.hears("status 3").await.says(status).await;
            daemon.hears("load-stats").await.says(refusal).await;
        });
        let missed = attached.await.unwrap().missed;
        let ids = |clients: &[StatusClient]| {
            clients.iter().filter_map(StatusClient::cid).collect::<Vec<_>>()
        };
        (missed.restarted, ids(&missed.joined), ids(&missed.left))
    };
    assert_eq!(next(refusal, &alice).await, (None, vec![Cid(0)], vec![]));
    // It may have been before the first session.
    assert_eq!(next(restart, &alice).await, (None, vec![], vec![]));
    assert_eq!(next(restart, refusal).await, (Some(false), vec![], vec![]));
    assert_eq!(next(refusal, &alice).await, (None, vec![], vec![]));
    assert_eq!(next(restart, refusal).await, (Some(false), vec![], vec![]));
    assert_eq!(next(restart, &bob).await, (Some(false), vec![Cid(1)], vec![Cid(0)]));
}

/// As in a hold.
#[tokio::test(start_paused = true)]
async fn what_the_daemon_does_not_tell_is_left_open() {
    let door = Door::default();
    let mut link = door.link_of(&Builder::new().requests(false));
    let mut daemon = door.daemon();
    let attached = beside(link.next(), async {
        daemon.greets(5).await.hears("state all").await.says("END\r\n").await;
        daemon.hears("pid").await.says("SUCCESS: pid=7\r\n").await;
        let refusal = "ERROR: The 'status' command is not supported by the current daemon mode\r\n";
        daemon.hears("status 3").await.says(refusal).await;
        daemon.hears("load-stats").await.says("SUCCESS: nclients=0,bytesin=0,bytesout=0\r\n").await;
    });
    let attached = attached.await.unwrap();
    assert_eq!((attached.now.pid, attached.now.status), (Some(7), None));
    assert!(attached.missed.states.is_empty() && attached.missed.joined.is_empty());
}
