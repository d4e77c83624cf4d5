//! Who is let in, by a daemon that is scripted.

use openvpn_mgmt::Builder;
use server_common::console::Console;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex};
use tokio::task::JoinSet;

use super::*;
use crate::make_user::Account;
use crate::{Decided, decide};

const GREETING: &str =
    ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\n";
const VERSION: &str = "OpenVPN Version: OpenVPN 2.6.14\nManagement Version: 5\nEND\n";

/// A server's daemon that says yes to every command, and the accounts it asks.
struct Daemon {
    says: mpsc::UnboundedSender<String>,
    decisions: mpsc::UnboundedReceiver<Decided>,
    clients: u64,
    _running: JoinSet<()>,
}

impl Daemon {
    async fn new(users: Users) -> Self {
        let (near, far) = duplex(1 << 16);
        let (says, lines) = mpsc::unbounded_channel();
        let mut running = JoinSet::new();
        running.spawn(answer(far, lines));
        // All of them are looked at, however fast they come.
        let session = Builder::new().request_limit(20_000).attach(near).await.unwrap();
        let (decided, decisions) = mpsc::unbounded_channel();
        let accounts = Accounts::new(users, Ask::Crv1, (None, None), decided).unwrap();
        running.spawn(async move {
            let console = Arc::new(Console::new());
            decide(session, accounts, &console, std::future::pending()).await.ok();
        });
        Self { says, decisions, clients: 0, _running: running }
    }

    /// A client connects.
    fn connects(&mut self, name: &str, password: &str) {
        let client = format!(
            ">CLIENT:CONNECT,{},1\n>CLIENT:ENV,username={name}\n>CLIENT:ENV,password={password}\n\
             >CLIENT:ENV,END\n",
            self.clients
        );
        self.clients += 1;
        self.says.send(client).unwrap();
    }

    async fn verdict(&mut self) -> String {
        self.decisions.recv().await.unwrap().verdict.into()
    }

    async fn tries(&mut self, name: &str, password: &str) -> String {
        self.connects(name, password);
        self.verdict().await
    }
}

async fn answer(stream: DuplexStream, mut says: mpsc::UnboundedReceiver<String>) {
    let (reader, mut writer) = tokio::io::split(stream);
    let mut commands = BufReader::new(reader).lines();
    writer.write_all(GREETING.as_bytes()).await.unwrap();
    loop {
        let line = tokio::select! {
            Some(line) = says.recv() => line,
            command = commands.next_line() => match command.unwrap() {
                None => return,
                Some(command) => reply(&command),
            },
        };
        writer.write_all(line.as_bytes()).await.unwrap();
    }
}

fn reply(command: &str) -> String {
    match command.split(' ').next() {
        Some("version") => VERSION.to_owned(),
        Some("state") => "SUCCESS: real-time state notification set to ON\n".to_owned(),
        Some("env-filter") => "SUCCESS: env_filter_level=0\n".to_owned(),
        name => format!("SUCCESS: {} command succeeded\n", name.unwrap_or_default()),
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
