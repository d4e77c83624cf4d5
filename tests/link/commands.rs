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

/// Each is heard at most once; where it was heard and not answered its caller is told.
#[tokio::test(start_paused = true)]
async fn of_a_thousand_commands_none_is_lost_and_none_is_sent_twice() {
    const COMMANDS: usize = 1000;
    for answered in [0, 1, 2, 3, 63, 64, 65, 200] {
        let door = Door::default();
        let mut link = door.link();
        let commands = link.client();
        let calls: Vec<_> = (0..COMMANDS)
            .map(|_| {
                let commands = commands.clone();
                tokio::spawn(async move { commands.send(&Pid).await })
            })
            .collect();
        let mut daemons: Vec<_> = (0..6).map(|_| door.daemon()).collect();
        let served = async {
            let mut heard = 0;
            for daemon in &mut daemons {
                daemon.greets(5).await;
            }
            let last = daemons.len() - 1;
            for (number, mut daemon) in daemons.into_iter().enumerate() {
                let mut answers = 0;
                while heard < COMMANDS {
                    daemon.hears("pid").await;
                    heard += 1;
                    if answers == answered && number < last {
                        break;
                    }
                    answers += 1;
                    daemon.says("SUCCESS: pid=7\r\n").await;
                }
                if heard == COMMANDS {
                    // Long enough for whatever is sent again.
                    daemon.hears_nothing_for(Duration::from_secs(600)).await;
                    break;
                }
            }
            heard
        };
        let linked = async {
            let mut kept = Vec::new();
            loop {
                kept.push(link.next().await);
            }
        };
        let heard = tokio::select! {
            () = linked => unreachable!(),
            heard = served => heard,
        };
        drop(link);
        let (mut done, mut unknown) = (0, 0);
        for call in calls {
            match timeout(Duration::from_secs(60), call).await.expect("a call hangs").unwrap() {
                Ok(7) => done += 1,
                Err(Error::Closed(_)) => unknown += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((done + unknown, heard), (COMMANDS, COMMANDS), "{answered}");
    }
}

#[tokio::test(start_paused = true)]
async fn commands_that_wait_end_with_the_link() {
    let door = Door::default();
    let mut link = door.link();
    let commands = link.client();
    let calls: Vec<_> = (0..1000)
        .map(|_| {
            let commands = commands.clone();
            tokio::spawn(async move { commands.send(&Pid).await })
        })
        .collect();
    let mut daemon = door.daemon();
    let attached = beside(link.next(), daemon.greets(5)).await.unwrap();
    daemon.hears("pid").await;
    drop(link);
    drop(attached);
    // The sessions of the calls keep it.
    drop(daemon);
    for call in calls {
        let result = timeout(Duration::from_secs(60), call).await.expect("a call hangs").unwrap();
        assert!(matches!(result, Err(Error::Away { .. } | Error::Closed(_))), "{result:?}");
    }
}
