//! Who is let in by a fake daemon.

use openvpn_mgmt::Builder;
use openvpn_mgmt_test::{Client, FakeDaemon};
use server_common::console::Console;
use tokio::task::JoinSet;

use super::*;
use crate::make_user::Account;
use crate::{Decided, decide};

/// A server's daemon, and the accounts it asks.
struct Daemon {
    fake: FakeDaemon,
    decisions: mpsc::UnboundedReceiver<Decided>,
    _running: JoinSet<()>,
}

impl Daemon {
    async fn new(users: Users) -> Self {
        let fake = FakeDaemon::v2_6().server();
        // All of them are looked at, however fast they come.
        let all = Builder::new().request_limit(20_000).request_limit_per_address(20_000);
        let session = all.attach(fake.connect().unwrap()).await.unwrap();
        let (decided, decisions) = mpsc::unbounded_channel();
        let accounts = Accounts::new(users, Ask::Crv1, (None, None), decided).unwrap();
        let mut running = JoinSet::new();
        running.spawn(async move {
            let console = Arc::new(Console::new());
            decide(session, accounts, &console, std::future::pending()).await.ok();
        });
        Self { fake, decisions, _running: running }
    }

    /// A client connects.
    fn connects(&mut self, name: &str, password: &str) {
        self.fake.connects(Client::new(name).password(password)).unwrap();
    }

    async fn verdict(&mut self) -> String {
        self.decisions.recv().await.unwrap().verdict.into()
    }

    async fn tries(&mut self, name: &str, password: &str) -> String {
        self.connects(name, password);
        self.verdict().await
    }
}

fn alice() -> Users {
    Users::parse(&Account::new("alice", "right").unwrap().to_string()).unwrap()
}

#[tokio::test]
async fn ten_thousand_names_do_not_unlock_one() {
    let mut daemon = Daemon::new(alice()).await;
    for _ in 0..5 {
        assert_eq!(daemon.tries("alice", "wrong").await, "denied: wrong user name or password");
    }
    assert_eq!(daemon.tries("alice", "right").await, LOCKED);
    for hundred in 0..101 {
        for number in 0..100 {
            daemon.connects(&format!("{hundred}-{number}"), "CRV1::made up::123456");
        }
        for _ in 0..100 {
            assert!(daemon.verdict().await.starts_with("denied"));
        }
    }
    assert_eq!(daemon.tries("alice", "right").await, LOCKED);
}

#[tokio::test]
async fn made_up_responses_lock_nobody_out() {
    let mut daemon = Daemon::new(alice()).await;
    for password in ["CRV1::made up::123456", "CRV1:broken", "SCRV1:broken"] {
        for _ in 0..10 {
            assert!(daemon.tries("alice", password).await.starts_with("denied"));
        }
    }
    assert!(daemon.tries("alice", "right").await.starts_with("password is right"));
}
