//! Members that come and go.

use std::future::pending;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use openvpn_mgmt::{Attached, Builder, Error, Fleet, LinkStatus, Result, SessionSource};
use openvpn_mgmt_test::scripted::{PROMPT, pipe};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use crate::support::{Door, SECOND, log, next, next_few, no_task_is_left, session};

#[tokio::test(start_paused = true)]
async fn a_session_is_a_member_to_its_end() {
    let (session, mut daemon) = session().await;
    let mut fleet = Fleet::new();
    fleet.add("udp", session).unwrap();
    daemon.says(log("one")).await.says(log("two")).await;
    assert_eq!(
        next_few(&mut fleet, 4).await,
        [
            "udp (1): attached 1",
            "udp (1): event OpenVPN management interface version 5",
            "udp (1): log one",
            "udp (1): log two"
        ]
    );
    let status = &fleet.members()[0];
    assert_eq!((&*status.name, status.number, status.items), ("udp", 1, 4));
    assert!(matches!(status.status, LinkStatus::Connected { number: 1, .. }));
    drop(daemon);
    assert_eq!(next(&mut fleet).await, "udp (1): detached: the daemon closed it");
    assert_eq!(fleet.len(), 1);
    assert_eq!(next(&mut fleet).await, "udp (1): ended");
    assert!(fleet.is_empty());
    assert_eq!(next(&mut fleet).await, "none");
    no_task_is_left().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_until_the_last_item() {
    let mut fleet = Fleet::new();
    let (first, daemon) = session().await;
    fleet.add("udp", first).unwrap();
    let refused = fleet.add("udp", session().await.0).unwrap_err();
    assert!(matches!(&refused, Error::NameTaken { name } if name == "udp"), "{refused}");
    drop(daemon);
    while !matches!(next(&mut fleet).await.as_str(), "udp (1): ended") {
        assert!(fleet.add("udp", session().await.0).is_err());
    }
    let (again, _daemon) = session().await;
    fleet.add("udp", again).unwrap();
    assert_eq!(next(&mut fleet).await, "udp (1): attached 1");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_removed_says_so_last() {
    let mut fleet = Fleet::new();
    let (first, mut daemon) = session().await;
    fleet.add("udp", first).unwrap();
    assert_eq!(next(&mut fleet).await, "udp (1): attached 1");
    let commands = fleet.client().to("udp").unwrap();
    let kept = commands.client().await.unwrap();
    daemon.says(log("never heard")).await;
    sleep(SECOND).await;

    fleet.remove("udp").unwrap();
    assert!(matches!(fleet.remove("udp"), Err(Error::NoSuchMember { .. })));
    // Its name is free at once, and what comes of it is behind the last item of the one before.
    let (again, _daemon) = session().await;
    fleet.add("udp", again).unwrap();
    assert_eq!(next_few(&mut fleet, 2).await, ["udp (1): removed", "udp (1): attached 1"]);
    assert!(daemon.is_closed().await, "the connection is closed, whoever holds a handle");
    assert!(kept.is_closed());
    let gone = commands.client().await.unwrap_err();
    assert!(gone.to_string().contains("removed from its fleet"), "{gone}");
    drop(fleet);
    no_task_is_left().await;
}

#[tokio::test(start_paused = true)]
async fn a_link_tells_its_sessions_and_what_keeps_it_away() {
    let (door, mut fleet) = (Door::default(), Fleet::new());
    let mut daemon = door.daemon().await;
    fleet.add("udp", door.link()).unwrap();
    assert!(next_few(&mut fleet, 2).await[0].ends_with("attached 1"));
    daemon.says(log("one")).await;
    drop(daemon);
    for kind in [
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::PermissionDenied,
    ] {
        door.error(kind);
    }
    assert_eq!(
        next_few(&mut fleet, 4).await,
        [
            "udp (1): log one",
            "udp (1): detached: the daemon closed it",
            // Once, however often it is tried.
            "udp (1): away: cannot connect to a connector of the program's own: connection refused",
            "udp (1): away: cannot connect to a connector of the program's own: permission denied",
        ]
    );
    let status = fleet.client().member("udp").unwrap();
    assert!(matches!(status.status, LinkStatus::Waiting { .. }), "{}", status.status);
    assert!(status.since.is_none() && matches!(status.error, Some(Error::Connect { .. })));
    let _daemon = door.daemon().await;
    // The door is empty for one more attempt at most, which is told where it is.
    let mut attached = next(&mut fleet).await;
    if attached.contains("away") {
        attached = next(&mut fleet).await;
    }
    assert_eq!(attached, "udp (2): attached 2");
    let status = fleet.client().member("udp").unwrap();
    assert!(status.since.is_some() && status.error.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_ends_a_link_is_told_once() {
    let mut fleet = Fleet::new();
    let (ours, mut daemon) = pipe();
    let stream = std::sync::Mutex::new(Some(ours));
    let link = Builder::new()
        .password("wrong")
        .reconnect_with(move || std::future::ready(Ok(stream.lock().unwrap().take().unwrap())));
    fleet.add("udp", link).unwrap();
    daemon.says(PROMPT).await.hears("wrong").await.says("ERROR: bad password\r\n").await;
    daemon.says(PROMPT).await;
    assert_eq!(
        next_few(&mut fleet, 2).await,
        ["udp (0): ended: the management password was not accepted", "none"]
    );
}

/// Connects while nobody reads, and no more than one session ahead.
#[tokio::test(start_paused = true)]
async fn a_link_goes_on_while_nobody_reads() {
    let (door, mut fleet) = (Door::default(), Fleet::new());
    let mut daemons = Vec::new();
    for number in 0..4 {
        let mut daemon = door.daemon().await;
        daemon.says(log(&format!("of {number}"))).await;
        daemons.push(daemon);
    }
    fleet.add("udp", door.link()).unwrap();
    sleep(600 * SECOND).await;
    daemons.remove(0);
    sleep(600 * SECOND).await;
    assert!(matches!(fleet.members()[0].status, LinkStatus::Connected { number: 2, .. }));
    // It waits to be read.
    daemons.remove(0);
    sleep(600 * SECOND).await;
    let items = timeout(3600 * SECOND, async { next_few(&mut fleet, 11).await }).await.unwrap();
    let without_greetings: Vec<_> =
        items.iter().filter(|item| !item.contains("interface")).collect();
    assert_eq!(
        without_greetings,
        [
            "udp (1): attached 1",
            "udp (1): log of 0",
            "udp (1): detached: the daemon closed it",
            "udp (2): attached 2",
            "udp (2): log of 1",
            "udp (2): detached: the daemon closed it",
            "udp (3): attached 3",
            "udp (3): log of 2",
        ]
        .iter()
        .collect::<Vec<_>>()
    );
    drop((fleet, door));
    for mut daemon in daemons {
        assert!(daemon.is_closed().await);
    }
    no_task_is_left().await;
}

/// Gives nothing but errors, without a pause.
struct Broken;

impl SessionSource for Broken {
    async fn next_session(&mut self) -> Option<Result<Attached>> {
        Some(Err(Error::PasswordRequired))
    }
}

/// Panics behind its session.
struct Panics(Option<Attached>);

impl SessionSource for Panics {
    async fn next_session(&mut self) -> Option<Result<Attached>> {
        let Some(attached) = self.0.take() else { panic!("as a test has it") };
        Some(Ok(attached))
    }
}

/// Never gives anything.
struct Silent;

impl SessionSource for Silent {
    async fn next_session(&mut self) -> Option<Result<Attached>> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_ends_its_own_member() {
    let mut fleet = Fleet::new();
    let (first, mut first_daemon) = session().await;
    fleet.add("bad", Panics(Some(Attached::new(first, 1, None)))).unwrap();
    let (second, mut second_daemon) = session().await;
    fleet.add("good", second).unwrap();
    next_few(&mut fleet, 4).await;
    // Its last session is served to its end.
    for daemon in [&mut first_daemon, &mut second_daemon] {
        daemon.says(log("one")).await;
    }
    let mut items = next_few(&mut fleet, 2).await;
    items.sort();
    assert_eq!(items, ["bad (1): log one", "good (1): log one"]);
    drop(first_daemon);
    assert_eq!(
        next_few(&mut fleet, 2).await,
        [
            "bad (1): detached: the daemon closed it",
            "bad (1): ended: connection closed: the task that serves it was stopped"
        ]
    );
    second_daemon.says(log("two")).await;
    assert_eq!(next(&mut fleet).await, "good (1): log two");
}

/// Gives an error, and at once a session behind it; then the end.
struct Late(Vec<Result<Attached>>);

impl SessionSource for Late {
    async fn next_session(&mut self) -> Option<Result<Attached>> {
        let next = self.0.pop()?;
        if let Ok(attached) = &next {
            tokio::task::yield_now().await;
            assert!(!attached.session.client().is_closed());
        }
        Some(next)
    }
}

/// An error is told where nothing comes of it at once, and not behind what came of it.
#[tokio::test(start_paused = true)]
async fn an_error_is_told_before_the_session_behind_it_or_never() {
    let (session, daemon) = session().await;
    let attached = Attached::new(session, 1, None);
    let error = || Err(Error::PasswordRequired);
    let mut fleet = Fleet::new();
    fleet.add("late", Late(vec![error(), Ok(attached), error()])).unwrap();
    sleep(SECOND).await;
    drop(daemon);
    assert_eq!(
        next_few(&mut fleet, 5).await,
        [
            "late (1): attached 1",
            "late (1): event OpenVPN management interface version 5",
            "late (1): detached: the daemon closed it",
            "late (1): ended: the management socket asks for a password, and none was given",
            "none"
        ]
    );
}

#[tokio::test]
async fn a_source_that_gives_errors_alone_keeps_nobody() {
    let mut fleet = Fleet::new();
    fleet.add("broken", Broken).unwrap();
    fleet.add("silent", Silent).unwrap();
    let away = "broken (0): away: the management socket asks for a password, and none was given";
    assert_eq!(next(&mut fleet).await, away);
    let (session, mut daemon) = session().await;
    fleet.add("good", session).unwrap();
    daemon.says(log("one")).await;
    let items = next_few(&mut fleet, 3).await;
    assert_eq!(
        (items[0].as_str(), items[2].as_str()),
        ("good (1): attached 1", "good (1): log one")
    );
    drop((fleet, daemon));
    no_task_is_left().await;
}

/// Counts how often it is asked for a session, and gives errors.
struct Asked(Arc<AtomicU32>);

impl SessionSource for Asked {
    async fn next_session(&mut self) -> Option<Result<Attached>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Some(Err(Error::PasswordRequired))
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_gives_errors_alone_rests_between_them() {
    let (mut fleet, asked) = (Fleet::new(), Arc::<AtomicU32>::default());
    fleet.add("broken", Asked(Arc::clone(&asked))).unwrap();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    sleep(60 * SECOND).await;
    let asked = asked.load(Ordering::Relaxed);
    assert!((60..=70).contains(&asked), "{asked}");
}

/// Its task is gone, whether it has begun or not, and its source says nothing more.
#[test]
fn the_end_of_a_runtime_ends_its_members() {
    let mut fleet = Fleet::new();
    let other = Runtime::new().unwrap();
    let handle = other.handle().clone();
    let _entered = handle.enter();
    fleet.add("before", Silent).unwrap();
    drop(other);
    fleet.add("behind", Silent).unwrap();
    let runtime = Runtime::new().unwrap();
    let items = runtime.block_on(next_few(&mut fleet, 3));
    let ended = "ended: connection closed: the task that serves it was stopped";
    assert_eq!(
        items,
        [format!("before (0): {ended}"), format!("behind (0): {ended}"), "none".to_owned()]
    );
}

#[test]
fn nothing_is_added_where_there_is_no_runtime() {
    let mut fleet = Fleet::new();
    let adding = AssertUnwindSafe(|| fleet.add("silent", Silent));
    assert!(std::panic::catch_unwind(adding).is_err());
    assert!(fleet.is_empty());
}
