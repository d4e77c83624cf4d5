//! What settings and handles say is what happens.

use openvpn_mgmt::{Builder, Error, Event, Request};

use openvpn_mgmt_test::scripted::{STATES_ON, beside, pipe, with_requests};

#[tokio::test(start_paused = true)]
async fn states_that_were_refused_are_not_shown() {
    let (session, mut daemon) = with_requests(Builder::new()).await;
    let (client, mut events, _requests) = session.split();
    let state = ">STATE:1,WAIT,,,,,,\r\n>BYTECOUNT:1,2\r\n";
    let refused = beside(client.state_on(), async {
        daemon
            .hears("state on")
            .await
            .says(state)
            .await
            .says("ERROR: no\r\n")
            .await
            .says(state)
            .await;
    });
    assert!(matches!(refused.await, Err(Error::Refused { .. })));
    for _ in 0..2 {
        loop {
            match events.next().await.unwrap().unwrap() {
                Event::Info(_) => {}
                Event::ByteCount(_) => break,
                other => panic!("{other:?}"),
            }
        }
    }
    let on = beside(client.state_on(), async {
        daemon.hears("state on").await.says(format!("{STATES_ON}{state}")).await;
    });
    on.await.unwrap();
    let first = events.next().await.unwrap().unwrap();
    assert!(matches!(first, Event::State(_)), "from the reply on: {first:?}");
}

/// Connecting names the command that had no reply.
#[tokio::test(start_paused = true)]
async fn a_daemon_that_greets_and_then_says_nothing_is_named_by_what_it_did_not_answer() {
    for (answers, unanswered) in [(&[][..], "env-filter"), (&["ERROR: unknown\r\n"], "state")] {
        let (ours, mut daemon) = pipe();
        daemon.greets(5).await;
        let builder = Builder::new();
        let attached = beside(builder.attach(ours), async {
            for answer in answers {
                daemon.line().await;
                daemon.says(answer).await;
            }
        });
        let error = attached.await.unwrap_err();
        let named = matches!(error, Error::Timeout { command, .. } if command == unanswered);
        assert!(named, "{error:?}");
        daemon.rest().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_have_a_time_of_its_own() {
    let (session, mut daemon) = with_requests(Builder::new()).await;
    let (_client, _events, requests) = session.split();
    let mut requests = requests.with_timeout(std::time::Duration::from_secs(90));
    daemon.says(">HOLD:Waiting for hold release:0\r\n").await;
    let Some(Request::Hold(hold)) = requests.next().await else { panic!("no hold") };
    let begun = tokio::time::Instant::now();
    let released = beside(hold.release(), daemon.hears("hold release")).await;
    // At 60 s its reply is given up, and the fence has none either at 120 s.
    assert!(matches!(released, Err(Error::Timeout { sent: true, .. })), "{released:?}");
    assert_eq!(begun.elapsed().as_secs(), 90);
}
