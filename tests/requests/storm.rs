//! Two thousand clients at once, from a scripted daemon. The clock is paused, so that
//! every time is exact, and the seed is fixed.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use openvpn_mgmt::handler::{Attempt, AuthServer, Decision};
use openvpn_mgmt::{Builder, Event};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::Instant;

use openvpn_mgmt_test::scripted::{Daemon, beside, pipe_of};

const CLIENTS: u64 = 2_000;
const DEADLINE: Duration = Duration::from_secs(1);

/// What the authenticator does about one attempt.
#[derive(Clone, Copy, Debug)]
struct Plan {
    takes: Duration,
    allow: bool,
}

type Plans = HashMap<(u64, u32), Plan>;

/// Key 1 connects; some renew at once, with key 2, behind it. Some never get done.
fn plans() -> Plans {
    let mut rng = StdRng::seed_from_u64(0x5eed);
    let mut plans = HashMap::new();
    for cid in 0..CLIENTS {
        let keys = if rng.random_bool(0.2) { 2 } else { 1 };
        for kid in 1..=keys {
            let late = rng.random_bool(0.05);
            let takes = if late { 3_600_000 } else { rng.random_range(0..=50) };
            let takes = Duration::from_millis(takes);
            plans.insert((cid, kid), Plan { takes, allow: rng.random_bool(0.7) });
        }
    }
    plans
}

/// A decision as the daemon heard it.
#[derive(Debug)]
struct Heard {
    cid: u64,
    kid: u32,
    after: Duration,
    line: String,
}

/// What the daemon says of all of them in one go.
fn asks(plans: &Plans) -> String {
    let mut asks = String::new();
    for kid in 1..=2 {
        for cid in (0..CLIENTS).filter(|cid| plans.contains_key(&(*cid, kid))) {
            let kind = if kid == 1 { "CONNECT" } else { "REAUTH" };
            write!(
                asks,
                ">CLIENT:{kind},{cid},{kid}\r\n>CLIENT:ENV,username=user{cid}\r\n\
                 >CLIENT:ENV,password=pw\r\n>CLIENT:ENV,END\r\n"
            )
            .unwrap();
        }
    }
    asks
}

/// Asks about all of them, and hears until each is decided.
async fn decisions(mut daemon: Daemon, plans: &Plans) -> Vec<Heard> {
    let began = Instant::now();
    let mut heard = Vec::new();
    // A real daemon reads nothing as long as it writes.
    daemon.says(asks(plans)).await;
    while heard.len() < plans.len() {
        let line = daemon.line().await;
        let words: Vec<&str> = line.split(' ').collect();
        let (cid, kid) = (words[1].parse().unwrap(), words[2].parse().unwrap());
        let command = words[0].trim_end_matches("-nt");
        daemon.says(format!("SUCCESS: {command} command succeeded\r\n")).await;
        heard.push(Heard { cid, kid, after: began.elapsed(), line });
    }
    daemon.hears_nothing_for(Duration::from_secs(7_200)).await;
    heard
}

fn check(heard: &[Heard], plans: &Plans) {
    // A timer of the runtime has a millisecond's grain.
    let grain = Duration::from_millis(2);
    let mut times: HashMap<(u64, u32), Duration> = HashMap::new();
    for one in heard {
        let key = (one.cid, one.kid);
        assert!(times.insert(key, one.after).is_none(), "decided twice: {one:?}");
        let starts = times.get(&(one.cid, 1)).copied();
        assert!(starts.is_some(), "the second before the first: {one:?}");
        // A renewal has its time from when its turn comes.
        let starts = if one.kid == 1 { Duration::ZERO } else { starts.unwrap() };
        assert!(one.after <= starts + DEADLINE + grain, "after its deadline: {one:?}");
        let plan = plans[&key];
        let in_time = plan.takes < DEADLINE;
        let expected = match (in_time, plan.allow) {
            (true, true) => format!("client-auth-nt {} {}", one.cid, one.kid),
            (true, false) => format!("client-deny {} {} \"not today\"", one.cid, one.kid),
            (false, _) => format!("client-deny {} {} \"no decision in time\"", one.cid, one.kid),
        };
        assert_eq!(one.line, expected, "{one:?}, {plan:?}");
        let due = starts + if in_time { plan.takes } else { DEADLINE };
        assert!(one.after >= due, "before it was decided: {one:?}, {plan:?}");
    }
    assert_eq!(times.len(), plans.len());
}

async fn storm(builder: Builder) {
    let (ours, mut daemon) = pipe_of(16 * 1024);
    let plans = Arc::new(plans());
    assert!(plans.len() > 2_300 && plans.values().any(|plan| plan.takes > DEADLINE));
    let known = Arc::clone(&plans);
    let server = AuthServer::new(move |attempt: Attempt| {
        let plan = known[&(attempt.cid().0, attempt.kid().0)];
        async move {
            tokio::time::sleep(plan.takes).await;
            Ok(if plan.allow { Decision::Allow } else { Decision::deny("not today") })
        }
    });
    let session = beside(builder.attach(ours), async {
        daemon.greets(5).await.gets_ready().await;
    });
    let (client, mut sleeper, requests) = session.await.unwrap().split();
    let server = tokio::spawn(server.deadline(DEADLINE).run(requests));
    check(&decisions(daemon, &plans).await, &plans);
    server.await.unwrap();
    drop(client);
    // The subscriber that never read lost the oldest events, and nobody else anything.
    let lost = sleeper.next().await.unwrap().unwrap_err().0;
    assert!(lost > CLIENTS, "{lost}");
    assert!(matches!(sleeper.next().await, Some(Ok(Event::Client(_)))));
}

#[tokio::test(start_paused = true)]
async fn two_thousand_clients_at_once_are_each_decided_about_once() {
    storm(Builder::new().request_limit(4096).event_capacity(64)).await;
}

#[tokio::test(start_paused = true)]
async fn two_thousand_clients_at_once_are_decided_about_through_a_pipeline() {
    storm(Builder::new().request_limit(4096).event_capacity(64).pipeline(16)).await;
}
