//! The programs at work: on the test kit's daemons, and the VPN client on a real OpenVPN.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{ClientOptions, KeyKind, Lab, ServerOptions};
use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::command::{AnyCommand, Bytecount, Channel, Notifications};
use openvpn_mgmt::handler::{Attempt, AuthServer, BoxError, Decision};
use openvpn_mgmt::process::Process;
use openvpn_mgmt::{Builder, Fleet, Link, Secret, connect};
use openvpn_mgmt_test::FakeDaemon;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::orchestrator::Order;
use crate::sign_in::Person;
use crate::vpn_client::Window;
use crate::{audit, exporter, orchestrator, sign_in, vpn_client};

/// How long anything may take, on however busy a machine; where time is paused it passes at once.
const LONG: Duration = Duration::from_secs(300);

fn link(fake: &Arc<FakeDaemon>) -> Link {
    let fake = Arc::clone(fake);
    Builder::new().reconnect_with(move || std::future::ready(fake.connect()))
}

#[tokio::test(start_paused = true)]
async fn the_sign_in_decides_at_both_servers() -> Result<()> {
    static PEOPLE: [Person; 1] =
        [Person { name: "alice", password: "s3cret", code: "123456", network: "10.1.0.0" }];
    let asked = |client: openvpn_mgmt_test::Client| {
        client.peer_info("IV_SSO", "crtext").password("s3cret").answers("123456")
    };
    let udp = Arc::new(FakeDaemon::v2_6().server().client_connects("alice", asked));
    let guesses = |client: openvpn_mgmt_test::Client| client.with("alice", "a guess");
    let tcp = Arc::new(FakeDaemon::v2_7().server().client_connects("mallory", guesses));
    let (end, ended) = oneshot::channel::<()>();
    let until = async move { drop(ended.await) };
    let (log, mut lines) = mpsc::unbounded_channel();
    let log = move |line| drop(log.send(line));
    let served = tokio::spawn(sign_in::serve(&PEOPLE, link(&udp), link(&tcp), until, log));
    udp.until(|daemon| daemon.is_client_in("alice")).await?;
    tcp.until(|daemon| daemon.client_heard("mallory", "Wrong name or password")).await?;
    drop(end);
    served.await?;
    let mut logged = Vec::new();
    while let Some(line) = lines.recv().await {
        logged.push(line);
    }
    logged.sort();
    let expected = [
        "tcp: alice: denied: wrong user name or password",
        "udp: alice: allowed, with a configuration of its own",
    ];
    assert_eq!(logged, expected);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_exporter_shows_twenty_daemons() -> Result<()> {
    let (mut fleet, daemons) = (Fleet::new(), exporter::Daemons::default());
    let releases = [FakeDaemon::v2_5, FakeDaemon::v2_6, FakeDaemon::v2_7];
    let fakes: Vec<_> = (0..20).map(|at| Arc::new(releases[at % 3]().hold())).collect();
    for (at, fake) in fakes.iter().enumerate() {
        let set_up = [
            AnyCommand::new(Notifications::on(Channel::State)),
            AnyCommand::new(Bytecount::every(Duration::from_secs(1))),
        ];
        fleet.add(format!("vpn{at}"), link(fake).set_up(set_up))?;
    }
    let collecting = tokio::spawn(exporter::collect(fleet, Arc::clone(&daemons)));
    let shows = async |line: &str, times: usize| -> Result<String> {
        let found = async {
            loop {
                let page = exporter::page(&daemons);
                if page.lines().filter(|shown| shown.ends_with(line)).count() == times {
                    return page;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let found = timeout(LONG, found).await;
        found.with_context(|| {
            format!("no {line:?}, {times} times, in\n{}", exporter::page(&daemons))
        })
    };
    let connected = |page: &str| page.matches("openvpn_connected{").count();
    let page = shows("\"} 1", 40).await?; // up and connected
    assert_eq!(connected(&page), 20);
    ensure!(page.contains("openvpn_received_bytes{daemon=\"vpn7\"} "), "{page}");
    fakes[7].with(openvpn_mgmt_test::Daemon::hangs_up);
    fakes[3].with(openvpn_mgmt_test::Daemon::restarts_by_itself);
    let restarted = timeout(LONG, async {
        while !exporter::page(&daemons).contains("openvpn_restarts{daemon=\"vpn3\"} 1") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    restarted.await.with_context(|| exporter::page(&daemons))?;
    collecting.abort();
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_audit_log_has_who_came_and_went() -> Result<()> {
    let here = |client: openvpn_mgmt_test::Client| client.peer_info("IV_VER", "2.6.14");
    let udp =
        Arc::new(FakeDaemon::v2_6().server_without_client_auth().client_connects("alice", here));
    let tcp =
        Arc::new(FakeDaemon::v2_7().server_without_client_auth().client_connects("bob", here));
    let mut fleet = Fleet::new();
    fleet.add("udp", link(&udp))?;
    fleet.add("tcp", link(&tcp))?;
    let members = fleet.client();
    let (write, mut lines) = mpsc::unbounded_channel();
    let auditing = tokio::spawn(audit::audit(fleet, move |line| drop(write.send(line))));
    let mut next = async || -> Result<audit::Line> {
        timeout(LONG, lines.recv()).await?.context("the log has ended")
    };
    let mut began = [next().await?, next().await?];
    began.sort_by_key(|line| line["server"].to_string());
    assert_eq!([&began[0]["name"], &began[1]["name"]], ["bob", "alice"]);
    assert_eq!([&began[0]["server"], &began[1]["server"]], ["tcp", "udp"]);
    assert!(began.iter().all(|line| line["what"] == "begins"), "{began:?}");
    udp.leaves("alice")?;
    let left = next().await?;
    assert_eq!((&left["what"], &left["name"]), (&json!("ends"), &json!("alice")));
    ensure!(left["seconds"].is_u64() && left["received"].is_u64(), "{left:?}");
    members.remove("udp")?;
    members.remove("tcp")?;
    assert_eq!(next().await?["how"], "its daemon was removed");
    Ok(timeout(LONG, auditing).await??)
}

/// A user who mistypes once.
#[derive(Clone, Default)]
struct User {
    asked: Arc<Mutex<Vec<Option<String>>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Window for User {
    async fn signs_in(&self, why: Option<String>) -> (String, String) {
        let mut asked = self.asked.lock().unwrap();
        asked.push(why);
        let password = if asked.len() == 1 { "s3crte" } else { "s3cret" };
        ("al ice".to_owned(), password.to_owned())
    }

    fn shows(&self, text: String) {
        self.seen.lock().unwrap().push(text);
    }
}

async fn knows(attempt: Attempt) -> Result<Decision, BoxError> {
    let right = ClientPassword::Plain(Secret::from("s3cret"));
    if attempt.is_user("al ice")? && attempt.password()? == Some(right) {
        return Ok(Decision::Allow);
    }
    Ok(Decision::deny_with("wrong", "Wrong user name or password"))
}

#[tokio::test]
async fn the_vpn_client_signs_in_shows_and_disconnects() -> Result<(), BoxError> {
    let test = "the_vpn_client_signs_in_shows_and_disconnects";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    if !lab.reaches_tcp() {
        lab::skip(test, &"the lab's servers are in a network of their own");
        return Ok(());
    }
    let server = lab.server(ServerOptions::new()).await?;
    let (_client, _, requests) = connect(server.socket()).await?.split();
    tokio::spawn(AuthServer::new(knows).run(requests));

    let options = ClientOptions::to(&server).without_hold();
    let identity = lab.identity("client", &KeyKind::Ec)?;
    let configuration = lab.dir().join("client.ovpn");
    std::fs::write(&configuration, options.config(lab.dir(), &identity, lab.daemon().version()))?;
    let process = Process::new(configuration).program(lab.daemon().path());
    let user = User::default();
    let seen = Arc::clone(&user.seen);
    let connected = async move {
        while !seen.lock().unwrap().iter().any(|text| text.starts_with("You are connected")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ended = timeout(LONG, vpn_client::connect(process, user.clone(), connected)).await??;
    assert!(ended.status.is_some_and(|status| status.success()), "{ended}");
    let asked = user.asked.lock().unwrap();
    assert!(
        matches!(&asked[..], [None, Some(why)] if why.contains("Wrong user name")),
        "{asked:?}"
    );
    Ok(())
}

#[tokio::test]
async fn the_orchestrator_runs_restarts_and_stops_its_sites() -> Result<()> {
    let test = "the_orchestrator_runs_restarts_and_stops_its_sites";
    let Some(lab) = Lab::serving_or_skip(test)? else { return Ok(()) };
    if !lab.reaches_tcp() {
        lab::skip(test, &"the lab's servers are in a network of their own");
        return Ok(());
    }
    let server = lab.server(ServerOptions::new().without_client_auth().without_hold()).await?;
    let start = |site: &str| -> Result<Order> {
        let options = ClientOptions::to(&server).common_name(site).without_auth_user_pass();
        let identity = lab.identity(site, &KeyKind::Ec)?;
        let configuration = options.config(lab.dir(), &identity, lab.daemon().version());
        let process = Process::from_text(configuration).program(lab.daemon().path());
        Ok(Order::Start(Box::new(process)))
    };
    let fleet = Fleet::new();
    let sites = fleet.client();
    orchestrator::obey(&sites, "office", start("office")?).await?;
    let (tell, mut told) = mpsc::unbounded_channel();
    let tell = move |site: &str, what| drop(tell.send(format!("{site}: {what}")));
    let watching = tokio::spawn(orchestrator::watch(fleet, tell));
    let mut tells = async |text: &str| -> Result<()> {
        let found = async {
            while !told.recv().await.context("it has ended")?.contains(text) {}
            Ok(())
        };
        timeout(LONG, found).await.with_context(|| format!("no {text:?}"))?
    };
    tells("office: started, 1").await?;
    tells("office: up: Some(10.").await?;
    orchestrator::obey(&sites, "home", start("home")?).await?;
    tells("home: up: Some(10.").await?;
    orchestrator::obey(&sites, "office", Order::Restart).await?;
    tells("office: down: the daemon exited").await?;
    tells("office: started, 2").await?;
    tells("office: up: Some(10.").await?;
    orchestrator::obey(&sites, "home", Order::Stop).await?;
    tells("home: stopped").await?;
    orchestrator::obey(&sites, "office", Order::Stop).await?;
    tells("office: stopped").await?;
    assert!(orchestrator::obey(&sites, "office", Order::Restart).await.is_err());
    Ok(timeout(LONG, watching).await??)
}
