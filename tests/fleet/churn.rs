//! Members that come and go from several threads while others read and ask.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use openvpn_mgmt::command::Pid;
use openvpn_mgmt::{Fleet, FleetClient, MemberItem};
use openvpn_mgmt_test::scripted::Daemon;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::support::{log, no_task_is_left, session};

const TASKS: u64 = 4;
const ROUNDS: usize = 200;
const NAMES: u32 = 5;

/// Says a few lines, answers what it is asked, and leaves after a few turns.
async fn serve(mut daemon: Daemon, turns: u32) {
    for line in 0..turns {
        if !daemon.can_say(log(&format!("{line}"))).await {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Adds and removes members whose names others use, too; counts those that were added.
async fn churn(client: FleetClient, seed: u64, added: Arc<AtomicUsize>) {
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..ROUNDS {
        let name = format!("{}", random.random_range(0..NAMES));
        if random.random_bool(0.5) {
            let (session, daemon) = session().await;
            tokio::spawn(serve(daemon, random.random_range(0..20)));
            if client.add(name, session).is_ok() {
                added.fetch_add(1, Ordering::Relaxed);
            }
        } else {
            // There may be none.
            client.remove(&name).ok();
        }
        if random.random_bool(0.1) {
            for (name, outcome) in client.all(&Pid).await {
                assert!(outcome.is_err(), "{name} answers nothing: {outcome:?}");
            }
        }
    }
}

/// Where a member is, by what came of it last.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Away,
    Attached,
    Detached,
}

fn step(at: At, what: &MemberItem) -> At {
    match (at, what) {
        (At::Away, MemberItem::Attached(_)) | (At::Attached, MemberItem::Event(_)) => At::Attached,
        (At::Attached, MemberItem::Detached(_)) => At::Detached,
        // Of a session that has ended with its source.
        (At::Detached, MemberItem::Ended(_)) | (_, MemberItem::Removed) => At::Away,
        (at, what) => panic!("{what:?} of a member that is {at:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_that_comes_ends_once_and_in_order() {
    let mut fleet = Fleet::new();
    let (client, added) = (fleet.client(), Arc::new(AtomicUsize::new(0)));
    let churning: Vec<_> = (0..TASKS)
        .map(|seed| tokio::spawn(churn(client.clone(), seed, Arc::clone(&added))))
        .collect();
    let (mut ats, mut ended) = (BTreeMap::new(), 0);
    loop {
        let is_over = churning.iter().all(tokio::task::JoinHandle::is_finished);
        match fleet.next().await {
            Some(item) => {
                let at = ats.entry(item.member.name().to_owned()).or_insert(At::Away);
                *at = step(*at, &item.what);
                ended += usize::from(*at == At::Away);
            }
            None if is_over => break,
            // Until somebody adds one.
            None => tokio::task::yield_now().await,
        }
    }
    for task in churning {
        task.await.unwrap();
    }
    let added = added.load(Ordering::Relaxed);
    assert_eq!(ended, added);
    assert!(added > 100, "{added}");
    assert!(ats.values().all(|at| *at == At::Away), "{ats:?}");
    drop(fleet);
    no_task_is_left().await;
}
