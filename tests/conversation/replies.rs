//! Commands and their replies.

use std::time::Duration;

use openvpn_mgmt::reply::NetworkChange;
use openvpn_mgmt::{ArgumentProblem, Builder, Cid, Error, Event, History, Kid, ReplyShape, Signal};

use openvpn_mgmt_test::scripted::{STATES_ON, beside, client};

#[tokio::test]
async fn blocks_with_events_between_their_lines() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let states = beside(client.state_on_with_history(History::All), async {
        daemon.hears("state on all").await.says(STATES_ON).await;
        daemon.says("1795332238,CONNECTING,,,,,,\r\n").await;
        daemon.says(">BYTECOUNT:1,2\r\n1795332239,WAIT,,,,,,\r\nEND\r\n").await;
    });
    assert_eq!(states.await.unwrap().len(), 2);
    let log = beside(client.log_history(2), async {
        daemon.hears("log 2").await;
        daemon.says("1795332244,D,MANAGEMENT: CMD 'log 2'\r\nEND\r\n").await;
    });
    assert_eq!(log.await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_of_the_network_is_told_and_answered() {
    let (client, mut events, mut daemon) = client(Builder::new()).await;
    let restart = "PROTECTFD: fd '-2' sent to be protected\r\nSUCCESS: signal SIGUSR1 thrown\r\n";
    for (same, command, reply, change) in [
        (false, "network-change", restart, NetworkChange::Restart),
        (
            true,
            "network-change samenetwork",
            "PROTECTFD: fd '7' sent to be protected\r\n",
            NetworkChange::Protect { fd: 7 },
        ),
        (true, "network-change samenetwork", "", NetworkChange::Nothing),
    ] {
        let answer = beside(client.network_change(same), async {
            daemon.hears(command).await;
            let fence = daemon.hears_fence().await;
            daemon.says(format!("{reply}{fence}")).await;
        });
        assert_eq!(answer.await.unwrap(), change);
    }
    let answer = beside(client.network_change(false), async {
        daemon.hears("network-change").await;
        let fence = daemon.hears_fence().await;
        daemon.says(format!("ERROR: unknown command [network-change]\r\n{fence}")).await;
    });
    let answer = answer.await;
    assert!(matches!(answer, Err(Error::Refused { .. })), "{answer:?}");
    while let Some(event) = events.try_next() {
        assert!(matches!(event, Ok(Event::Info(_))), "{event:?}");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_hides_no_other() {
    let rows = "1,CONNECTING,,,,,,\r\nnonsense\r\n2,CONNECTED,SUCCESS,10.0.0.2,vpn.example.com,1194,,\r\nEND\r\n";
    let log = "1,I,one\r\nx,I,two\r\n3,I,three\r\nEND\r\n";
    let echo = "1,one\r\ntwo\r\n3,three\r\nEND\r\n";
    let remotes = "0,a,1,udp,enabled\r\n1,b,2,udp,maybe\r\n2,c,3,udp,disabled\r\nEND\r\n";
    let (client, _events, mut daemon) = client(Builder::new()).await;
    tokio::spawn(async move {
        daemon.hears("state all").await.says(rows).await;
        daemon.hears("log all").await.says(log).await;
        daemon.hears("echo all").await.says(echo).await;
        daemon.hears("remote-entry-get all").await.says(remotes).await;
    });
    let states = client.state_history(History::All).await.unwrap();
    let [Ok(_), Err(unread), Ok(connected)] = states.as_slice() else { panic!("{states:?}") };
    assert_eq!((unread.row(), connected.remote_port()), (&"nonsense".into(), Some(1194)));
    let log = client.log_history(History::All).await.unwrap();
    assert!(matches!(log.as_slice(), [Ok(_), Err(_), Ok(_)]), "{log:?}");
    let echoes = client.echo_history(History::All).await.unwrap();
    assert!(matches!(echoes.as_slice(), [Ok(_), Err(_), Ok(_)]), "{echoes:?}");
    let remotes = client.remote_entries().await.unwrap();
    assert!(matches!(remotes.as_slice(), [Ok(_), Err(_), Ok(_)]), "{remotes:?}");
}

#[tokio::test]
async fn a_refusal_is_the_callers_and_the_connection_goes_on() {
    let (client, _events, mut daemon) = client(Builder::new()).await;
    let refused = beside(client.signal(Signal::Sighup), async {
        daemon.hears("signal SIGHUP").await;
        daemon.says("ERROR: signal 'SIGHUP' is currently ignored\r\n").await;
        daemon.says(">HOLD:Waiting for hold release:0\r\n").await;
    });
    assert_eq!(
        refused.await.unwrap_err().to_string(),
        "daemon refused `signal`: signal 'SIGHUP' is currently ignored"
    );
    let pid = beside(client.pid(), async {
        daemon.hears("pid").await.says("SUCCESS: pid=3528\r\n").await;
    });
    assert_eq!(pid.await.unwrap(), 3528);
}

#[tokio::test]
async fn bad_arguments_are_refused_before_anything_is_sent() {
    let (client, events, mut daemon) = client(Builder::new()).await;
    let long = "x".repeat(257);
    for (text, problem) in [
        ("new\nline", ArgumentProblem::ControlByte { byte: b'\n', offset: 3 }),
        ("TAB\t", ArgumentProblem::ControlByte { byte: b'\t', offset: 3 }),
        ("\u{7f}", ArgumentProblem::ControlByte { byte: 0x7f, offset: 0 }),
    ] {
        let result = client.username("Auth", text).await;
        let Err(Error::InvalidArgument { command, argument, problem: found }) = result else {
            panic!("{text:?} was accepted: {result:?}");
        };
        assert_eq!((command, argument, found), ("username", "user name", problem));
    }
    let denied = client.client_deny(Cid(0), Kid(1), &long, None).await.unwrap_err();
    assert!(matches!(
        denied,
        Error::InvalidArgument {
            argument: "reason",
            problem: ArgumentProblem::TooLong { len: 257, limit: 256, .. },
            ..
        }
    ));
    // Quoting makes this one too long for a line, though each part is short enough.
    let quotes = "\"".repeat(256);
    let denied = client.client_deny(Cid(0), Kid(1), &quotes, Some(&quotes)).await.unwrap_err();
    assert!(matches!(denied, Error::InvalidArgument { argument: "client reason", .. }), "{denied}");
    assert!(client.client_auth(Cid(0), Kid(1), ["END"]).await.is_err());
    assert!(client.kill(&openvpn_mgmt::KillTarget::CommonName("1.2.3.4:5".into())).await.is_err());
    assert!(client.bytecount(Duration::from_millis(1500)).await.is_err());
    assert!(client.log_history(0).await.is_err());
    assert!(client.raw_command("", ReplyShape::Line).await.is_err());
    assert!(client.raw_command("quit", ReplyShape::Line).await.is_err());
    assert!(client.raw_command("client-auth 0 1", ReplyShape::Line).await.is_err());
    assert!(client.raw_command("pid\nverb 7", ReplyShape::Line).await.is_err());
    drop((client, events));
    assert!(daemon.is_closed().await, "and nothing was sent");
}
