//! Clients that were announced to a manager that is gone.

use std::time::Duration;

use openvpn_mgmt::{Attached, Builder, Cid, Error, Link, Orphan, OrphanPolicy};
use openvpn_mgmt_test::scripted::{Daemon, beside};

use crate::door::Door;

const GRACE: Duration = Duration::from_secs(10);

/// A row of a client: one that is in has an address.
pub(crate) fn row(cid: u64, since: u64, is_in: bool) -> String {
    let (address, cipher) = if is_in { ("10.8.0.2", "AES-256-GCM") } else { ("", "BF-CBC") };
    format!(
        "CLIENT_LIST\tclient-{cid}\t192.0.2.7:500{cid}\t{address}\t\t1\t2\t2026-11-29 16:00:00\t{since}\tUNDEF\t{cid}\t{cid}\t\
         {cipher}\r\n"
    )
}

pub(crate) fn status(rows: &[String]) -> String {
    String::from(
        "TITLE\tOpenVPN 2.6.14\r\nTIME\t2026-11-29 16:00:00\t1795968000\r\n\
         HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\tBytes Received\t\
         Bytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\tClient ID\tPeer ID\tData Channel Cipher\r\n",
    ) + &rows.concat()
        + "GLOBAL_STATS\tMax bcast/mcast queue length\t0\r\nEND\r\n"
}

async fn shows(daemon: &mut Daemon, rows: &[String]) {
    daemon.hears("status 3").await.says(status(rows)).await;
}

fn link(door: &Door, policy: OrphanPolicy) -> Link {
    door.link_of(&Builder::new()).ask_what_was_missed(false).orphans(policy)
}

async fn attach(link: &mut Link, daemon: &mut Daemon) -> Attached {
    let attached = beside(link.next(), async {
        daemon.greets(5).await.gets_ready().await;
    });
    attached.await.unwrap()
}

fn cids(orphans: &[Orphan]) -> Vec<Cid> {
    orphans.iter().map(|orphan| orphan.peer.cid()).collect()
}

/// Four wait, and one is in: of those that wait one is announced to us, one comes and one goes in the meantime.
#[tokio::test(start_paused = true)]
async fn who_waited_twice_and_was_not_announced_is_killed() {
    let door = Door::default();
    let mut daemon = door.daemon();
    let mut link = link(&door, OrphanPolicy::Kill { grace: GRACE });
    let mut attached = attach(&mut link, &mut daemon).await;
    let begin = tokio::time::Instant::now();
    let script = async {
        let first = [
            row(0, 1, true),
            row(1, 2, false),
            row(2, 3, false),
            row(3, 4, false),
            row(4, 5, false),
        ];
        shows(&mut daemon, &first).await;
        // The third is announced: it restarted from its own port. The fourth is another by now, of the same ID.
        daemon
            .says(
                ">CLIENT:CONNECT,2,1\r\n>CLIENT:ENV,untrusted_ip=192.0.2.7\r\n>CLIENT:ENV,END\r\n",
            )
            .await;
        let second = [
            row(0, 1, true),
            row(1, 2, false),
            row(2, 3, false),
            row(3, 9, false),
            row(5, 9, false),
        ];
        shows(&mut daemon, &second).await;
        daemon
            .hears("client-kill 1")
            .await
            .says("SUCCESS: client-kill command succeeded\r\n")
            .await;
    };
    let found = beside(attached.orphans(), script).await.unwrap();
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((found.orphan.peer.cid(), begin.elapsed() >= GRACE), (Cid(1), true));
    assert!(matches!(found.killed, Some(Ok(()))), "{found:?}");
    daemon.hears_nothing_for(Duration::from_secs(60)).await;
    assert!(attached.orphans().await.unwrap().is_empty());
}

/// It came back between the sighting and the kill.
#[tokio::test(start_paused = true)]
async fn one_that_is_announced_before_it_is_killed_is_left_alone() {
    let door = Door::default();
    let mut daemon = door.daemon();
    let mut link = link(&door, OrphanPolicy::Ask { grace: GRACE });
    let mut attached = attach(&mut link, &mut daemon).await;
    let rows = [row(1, 2, false), row(2, 3, false)];
    let found = beside(attached.orphans(), async {
        shows(&mut daemon, &rows).await;
        shows(&mut daemon, &rows).await;
    });
    let found: Vec<_> = found.await.unwrap().into_iter().map(|found| found.orphan).collect();
    assert_eq!(cids(&found), [Cid(1), Cid(2)]);
    daemon.says(">CLIENT:CONNECT,1,1\r\n>CLIENT:ENV,END\r\n").await;
    let client = attached.session.client();
    assert!(attached.session.client().management_version() > 0);
    let mut events = client.subscribe();
    daemon.says(">CLIENT:CONNECT,7,1\r\n>CLIENT:ENV,END\r\n").await;
    events.next().await.unwrap().unwrap();
    let stale = found[0].kill(client).await.unwrap_err();
    assert!(matches!(stale, Error::Stale { .. }), "{stale}");
    // A restart makes all of them strangers.
    daemon
        .says(">STATE:9,RECONNECTING,SIGUSR1,,,,,\r\n>CLIENT:CONNECT,8,1\r\n>CLIENT:ENV,END\r\n")
        .await;
    while !format!("{:?}", events.next().await.unwrap().unwrap()).contains("Cid(8)") {}
    assert!(matches!(found[1].kill(client).await, Err(Error::Stale { .. })));
    daemon.hears_nothing_for(Duration::from_secs(60)).await;
}

#[tokio::test(start_paused = true)]
async fn they_are_left_alone_where_nothing_else_is_said() {
    let door = Door::default();
    let mut daemon = door.daemon();
    let mut link = link(&door, OrphanPolicy::Keep);
    let mut attached = attach(&mut link, &mut daemon).await;
    assert!(attached.orphans().await.unwrap().is_empty());
    daemon.hears_nothing_for(Duration::from_secs(600)).await;
}

/// Looking for them keeps no session, and ends with it.
#[tokio::test(start_paused = true)]
async fn a_session_that_ends_meanwhile_has_none() {
    let door = Door::default();
    let mut daemon = door.daemon();
    let mut link = link(&door, OrphanPolicy::Kill { grace: Duration::from_secs(3600) });
    let Attached { session, .. } = {
        let attached = attach(&mut link, &mut daemon).await;
        shows(&mut daemon, &[row(1, 2, false)]).await;
        attached
    };
    let before = tokio::time::Instant::now();
    drop(session);
    assert!(daemon.is_closed().await);
    assert!(before.elapsed() < Duration::from_secs(60), "{:?}", before.elapsed());
    // Only this test's own task is left.
    while tokio::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
        assert!(before.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
