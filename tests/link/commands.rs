//! Commands over a link.

use std::time::Duration;

use openvpn_mgmt::command::{Pid, Verb};
use openvpn_mgmt::{Error, WhileAway};
use openvpn_mgmt_test::scripted::beside;
use tokio::time::timeout;

use crate::door::Door;

#[tokio::test(start_paused = true)]
async fn a_command_waits_for_a_session_or_fails_at_once() {
    let door = Door::default();
    let mut link = door.link();
    let commands = link.client();
    let error = commands.while_away(WhileAway::Fail).send(&Pid).await.unwrap_err();
    assert!(matches!(error, Error::Away { .. }), "{error}");
    assert!(timeout(Duration::from_secs(3600), commands.send(&Pid)).await.is_err());

    let mut daemon = door.daemon();
    let (attached, pid, ()) = tokio::join!(link.next(), commands.send(&Pid), async {
        daemon.greets(5).await.hears("pid").await.says("SUCCESS: pid=7\r\n").await;
    });
    assert_eq!(pid.unwrap(), 7);
    let at_once = commands.while_away(WhileAway::Fail);
    let verb = beside(at_once.send(&Verb), async {
        daemon.hears("verb").await.says("SUCCESS: verb=3\r\n").await;
    });
    assert_eq!(verb.await.unwrap(), 3);
    drop(attached);
    drop(link);
    assert!(matches!(commands.send(&Pid).await, Err(Error::Away { .. })));
}

/// The daemon may have done it: it is not for the link to say it again.
#[tokio::test(start_paused = true)]
async fn what_was_sent_is_never_sent_again_and_what_was_not_is() {
    let door = Door::default();
    let mut link = door.link();
    let commands = link.client();
    let mut first = door.daemon();
    let attached = beside(link.next(), first.greets(5)).await.unwrap();
    // One in flight, and one behind it.
    let calls = async { tokio::join!(commands.send(&Pid), commands.send(&Verb)) };
    let mut second = door.daemon();
    let ((pid, verb), again, ()) = tokio::join!(calls, link.next(), async {
        first.hears("pid").await;
        drop(first);
        second.greets(5).await.hears("verb").await.says("SUCCESS: verb=3\r\n").await;
    });
    assert!(matches!(pid, Err(Error::Closed(_))), "{pid:?}");
    assert_eq!(verb.unwrap(), 3);
    let again = again.unwrap();
    assert_eq!((attached.number, again.number), (1, 2));
    second.hears_nothing_for(Duration::from_secs(60)).await;
}
