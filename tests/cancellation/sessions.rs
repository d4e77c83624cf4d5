//! How sessions come about: dropped at every poll, nothing is left and nothing is lost.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use openvpn_mgmt::command::{AnyCommand, Pid, SetVerb, Verb};
use openvpn_mgmt::{
    Attached, Backoff, Builder, FleetItem, IntoSessionSource as _, Link, LinkClient, LinkStatus,
    LinkWatch, MemberAttached, MemberItem, OneSession, Orphan, OrphanPolicy, Request,
    RequestSource as _, ResumedClient, SessionSource as _, Sources, attach, connect,
};
use openvpn_mgmt_test::FakeDaemon;
use tokio::time::sleep;

use crate::called::called;
use crate::stepped::{MOST, at_every_poll, no_task_is_left, polled};
use crate::trickle::{Trickle, Written};

const SECOND: Duration = Duration::from_secs(1);

/// Where a link connects: always to the same daemon.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) fake: Arc<FakeDaemon>,
    written: Arc<Mutex<Vec<Written>>>,
}

impl Place {
    pub(crate) fn of(fake: FakeDaemon) -> Self {
        Self { fake: Arc::new(fake), written: Arc::default() }
    }

    pub(crate) fn link(&self) -> Link {
        let place = self.clone();
        let connect = move || {
            let stream = place.fake.connect().map(|stream| {
                let (stream, written) = Trickle::over(stream);
                place.written.lock().unwrap().push(written);
                stream
            });
            std::future::ready(stream)
        };
        let backoff = Backoff::new(SECOND / 10, SECOND).reset_after(Duration::ZERO);
        Builder::new()
            .reconnect_with(connect)
            .backoff(backoff)
            .set_up([AnyCommand::new(SetVerb(4))])
    }

    /// How often it was connected to.
    fn count(&self) -> usize {
        self.written.lock().unwrap().len()
    }

    /// Every command was written whole.
    fn is_whole(&self) {
        self.written.lock().unwrap().iter().for_each(|written| drop(written.commands()));
    }

    /// Nothing is left of all that connected.
    pub(crate) async fn ends(self, what: &str) {
        self.fake.until(|daemon| !daemon.is_connected()).await.unwrap();
        self.is_whole();
        drop(self);
        no_task_is_left(what).await;
    }
}

/// Makes a call until it has something, each dropped after so many polls.
macro_rules! until_given {
    ($polls:expr, $call:expr) => {{
        let mut dropped = 0;
        loop {
            if let Some(given) = polled($polls, $call).await {
                break given;
            }
            dropped += 1;
            assert!(dropped < MOST);
            sleep(Duration::from_millis(5)).await;
        }
    }};
}

#[tokio::test(start_paused = true)]
async fn attaching_leaves_nothing_and_the_next_one_gets_in() {
    at_every_poll("attach", |polls| async move {
        let place = Place::of(FakeDaemon::v2_6());
        let (stream, written) = Trickle::over(place.fake.connect().unwrap());
        let builder = Builder::new();
        let attaching = called!(Builder: builder.attach(stream));
        let session = polled(polls, attaching).await;
        written.commands();
        let is_over = session.is_some();
        drop(session);
        let stream = place.fake.connect().unwrap();
        let session = called!(fn attach(stream)).await.unwrap();
        assert_eq!(session.client().pid().await.unwrap(), 4711, "{polls} polls");
        drop(session);
        place.ends("attach").await;
        is_over
    })
    .await;
}

/// In real time: over a socket.
#[tokio::test]
async fn so_does_connecting() {
    let folder = tempfile::tempdir().unwrap();
    at_every_poll("connect", |polls| {
        let path = folder.path().join(format!("{polls}.sock"));
        async move {
            let mut fake = FakeDaemon::v2_6();
            fake.listen_unix(&path).unwrap();
            let builder = Builder::new();
            let session = polled(polls, called!(Builder: builder.connect(&*path))).await;
            let is_over = session.is_some();
            drop(session);
            let session = polled(polls, called!(fn connect(&*path))).await;
            drop(session);
            let session = connect(&*path).await.unwrap();
            assert_eq!(session.client().pid().await.unwrap(), 4711, "{polls} polls");
            drop(session);
            fake.until(|daemon| !daemon.is_connected()).await.unwrap();
            drop(fake);
            no_task_is_left("connect").await;
            is_over
        }
    })
    .await;
}

/// One session after another, whose first ends by itself and whose second is dropped.
macro_rules! gives_each_once {
    ($place:ident, $source:ident, $polls:expr, $call:expr, |$given:ident| $client:expr) => {{
        for number in 1..=3 {
            let $given = until_given!($polls, $call);
            assert_eq!(($client).pid().await.unwrap(), 4711);
            assert_eq!($place.count(), number, "{} polls", $polls);
            $place.fake.with(openvpn_mgmt_test::Daemon::hangs_up);
        }
        drop($source);
        $place.ends("a link").await;
    }};
}

#[tokio::test(start_paused = true)]
async fn a_link_gives_each_session_once() {
    for polls in [1, 2, 3, 5, 8, usize::MAX] {
        let place = Place::of(FakeDaemon::v2_6());
        let mut link = place.link();
        gives_each_once!(place, link, polls, called!(Link: link.next()), |attached| {
            attached.as_ref().unwrap().session.client()
        });
        let place = Place::of(FakeDaemon::v2_6());
        let mut link = place.link();
        let call = |attached: &Option<openvpn_mgmt::Result<Attached>>| {
            attached.as_ref().unwrap().as_ref().unwrap().session.client().clone()
        };
        gives_each_once!(
            place,
            link,
            polls,
            called!(SessionSource for Link: link.next_session()),
            |attached| { call(&attached) }
        );
        let place = Place::of(FakeDaemon::v2_6());
        let mut link = place.link();
        gives_each_once!(
            place,
            link,
            polls,
            called!(RequestSource for Link: link.next_connection()),
            |sourced| { sourced.as_ref().unwrap().as_ref().unwrap().requests.client().clone() }
        );
        let place = Place::of(FakeDaemon::v2_6());
        let mut sources = Sources::new();
        sources.add("udp", place.link());
        // It is asked for the next one while the last is served.
        gives_each_once!(
            place,
            sources,
            polls,
            called!(RequestSource for Sources: sources.next_connection()),
            |sourced| { sourced.as_ref().unwrap().as_ref().unwrap().requests.client().clone() }
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_session_is_given_once_and_its_end_waited_for() {
    for polls in [1, 2, 3] {
        let fake = FakeDaemon::v2_6();
        let session = attach(fake.connect().unwrap()).await.unwrap();
        let mut one: OneSession = session.into_session_source();
        let attached =
            until_given!(polls, called!(SessionSource for OneSession: one.next_session()));
        let attached = attached.unwrap().unwrap();
        assert_eq!(attached.session.client().pid().await.unwrap(), 4711);
        assert!(polled(polls, one.next_session()).await.is_none());
        fake.with(openvpn_mgmt_test::Daemon::hangs_up);
        assert!(until_given!(polls, one.next_session()).is_none());
        drop((one, attached, fake));
        no_task_is_left("one session").await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_status_of_a_link_is_seen_though_calls_are_dropped() {
    for polls in [1, 2, 3] {
        let place = Place::of(FakeDaemon::v2_6());
        let mut link = place.link();
        let mut watch: LinkWatch = link.watch();
        assert!(polled(polls, called!(LinkWatch: watch.changed())).await.is_none());
        let attached = link.next().await.unwrap();
        let status = until_given!(polls, called!(LinkWatch: watch.changed())).unwrap();
        assert!(matches!(status, LinkStatus::Connected { number: 1, .. }), "{status:?}");
        assert!(polled(polls, watch.changed()).await.is_none());
        drop((attached, link));
        assert!(until_given!(polls, watch.changed()).is_none());
        place.ends("a link").await;
    }
}

/// Also while there is no session yet.
#[tokio::test(start_paused = true)]
async fn commands_over_a_link_are_dropped_as_any_other() {
    for is_there in [true, false] {
        at_every_poll("LinkClient::send", |polls| async move {
            let place = Place::of(FakeDaemon::v2_6());
            let mut link = place.link();
            let client: LinkClient = link.client();
            let mut attached = None;
            if is_there {
                attached = Some(link.next().await.unwrap());
            }
            let connecting = async {
                let sent = polled(polls, called!(LinkClient: client.send(&Verb))).await;
                let found = polled(polls, called!(LinkClient: client.client())).await;
                (sent, found.is_some())
            };
            let (is_over, is_found);
            if is_there {
                let (sent, found) = connecting.await;
                (is_over, is_found) =
                    (sent.inspect(|verb| assert_eq!(*verb.as_ref().unwrap(), 4)).is_some(), found);
            } else {
                let (next, (sent, found)) = tokio::join!(link.next(), connecting);
                attached = Some(next.unwrap());
                (is_over, is_found) = (sent.is_some(), found);
            }
            assert!(is_found || !is_over);
            assert_eq!(client.send(&Pid).await.unwrap(), 4711, "{polls} polls");
            let attached = attached.unwrap();
            assert_eq!(attached.session.client().verb().await.unwrap(), 4);
            drop((link, attached, client));
            place.ends("a link").await;
            is_over
        })
        .await;
    }
}

/// A server whose client was announced to nobody, and waits.
async fn with_an_orphan(policy: OrphanPolicy) -> (Place, Link, Attached) {
    let fake = FakeDaemon::v2_6().server().client_connects("alice", |client| client);
    let place = Place::of(fake);
    let mut link = place.link().orphans(policy);
    let first = link.next().await.unwrap();
    let (client, events, mut requests) = first.session.split();
    let Some(Request::ClientConnect(alice)) = requests.next().await else { panic!() };
    // The next picture is of another second than the daemon's last state.
    sleep(3 * SECOND).await;
    place.fake.with(openvpn_mgmt_test::Daemon::hangs_up);
    drop((client, events, requests, alice));
    let second = link.next().await.unwrap();
    (place, link, second)
}

/// The daemon is asked for nothing but `status`, and an orphan is killed whole or not at all.
#[tokio::test(start_paused = true)]
async fn looking_for_orphans_can_be_dropped() {
    at_every_poll("Orphan::find", |polls| async move {
        let (place, link, attached) = with_an_orphan(OrphanPolicy::Keep).await;
        let client = attached.session.client().clone();
        let found = polled(polls, called!(fn Orphan::find(&client, SECOND))).await;
        found.as_ref().inspect(|found| assert_eq!(found.as_ref().unwrap().len(), 1));
        assert_eq!(client.pid().await.unwrap(), 4711, "{polls} polls");
        let commands = place.written.lock().unwrap().last().unwrap().commands();
        let looked =
            commands.iter().filter(|command| !["pid", "status 3"].contains(&command.as_str()));
        assert_eq!(looked.filter(|command| command.starts_with("client-")).count(), 0);
        drop((attached, link, client));
        place.ends("orphans").await;
        found.is_some()
    })
    .await;
    at_every_poll("Orphan::kill", |polls| async move {
        let (place, link, attached) = with_an_orphan(OrphanPolicy::Keep).await;
        let client = attached.session.client().clone();
        let orphan: Orphan = Orphan::find(&client, SECOND).await.unwrap().remove(0);
        place.is_whole();
        let killed = polled(polls, called!(Orphan: orphan.kill(&client))).await;
        assert_eq!(client.pid().await.unwrap(), 4711, "{polls} polls");
        let written = place.written.lock().unwrap().last().unwrap().commands();
        assert!(
            ["client-kill 0", "pid"]
                .ends_with(&written.iter().map(String::as_str).collect::<Vec<_>>())
        );
        assert!(killed.is_none() || written.len() == 2);
        drop((attached, link, client));
        place.ends("orphans").await;
        killed.is_some()
    })
    .await;
}

/// As is documented: they are looked for all the same.
#[tokio::test(start_paused = true)]
async fn orphans_are_killed_also_where_nobody_waits_for_it() {
    at_every_poll("Attached::orphans", |polls| async move {
        let policy = OrphanPolicy::Kill { grace: SECOND };
        let (place, link, mut attached) = with_an_orphan(policy).await;
        let found = polled(polls, called!(Attached: attached.orphans())).await;
        let killed = place.fake.hears("client-kill 0").await;
        assert!(killed.is_ok(), "{polls} polls");
        assert_eq!(attached.session.client().pid().await.unwrap(), 4711);
        drop((attached, link));
        place.ends("orphans").await;
        found.is_some()
    })
    .await;
    at_every_poll("MemberAttached::orphans", |polls| async move {
        let (place, _link, attached) = with_an_orphan(OrphanPolicy::Kill { grace: SECOND }).await;
        let mut fleet = openvpn_mgmt::Fleet::new();
        fleet.add("udp", attached).unwrap();
        let FleetItem { what: MemberItem::Attached(member), .. } = fleet.next().await.unwrap()
        else {
            panic!()
        };
        let mut member: MemberAttached = *member;
        let found = polled(polls, called!(MemberAttached: member.orphans())).await;
        let killed = place.fake.hears("client-kill 0").await;
        assert!(killed.is_ok(), "{polls} polls");
        found.is_some()
    })
    .await;
}

/// A decision that was taken before the connection was lost, sent whole once or not at all.
macro_rules! resumed {
    ($name:ident: $($method:ident($($argument:expr),*) => $line:expr;)*) => {
        #[tokio::test(start_paused = true)]
        async fn $name() {
            $(at_every_poll(stringify!($method), |polls| async move {
                let (place, mut link, attached) = with_an_orphan(OrphanPolicy::Keep).await;
                // The last two pictures show that it has not restarted.
                place.fake.with(openvpn_mgmt_test::Daemon::hangs_up);
                drop(attached);
                let attached = link.next().await.unwrap();
                let client = attached.session.client().clone();
                let alice: ResumedClient = attached.resume(openvpn_mgmt::Cid(0), openvpn_mgmt::Kid(1)).unwrap();
                place.is_whole();
                let decided = polled(polls, called!(ResumedClient: alice.$method($($argument),*))).await;
                decided.as_ref().inspect(|decided| assert!(decided.is_ok(), "{decided:?}"));
                assert_eq!(client.pid().await.unwrap(), 4711, "{polls} polls");
                let written = place.written.lock().unwrap().last().unwrap().commands();
                let written: Vec<_> = written.iter().map(String::as_str).collect();
                assert!([$line, "pid"].ends_with(&written) && (polls > 0 || written.len() == 1), "{written:?}");
                assert!(decided.is_none() || written.len() == 2, "{written:?}");
                drop((attached, link, client));
                place.ends("resumed").await;
                decided.is_some()
            })
            .await;)*
        }
    };
}

resumed! { a_decision_that_is_resumed_is_sent_whole_or_not_at_all:
    allow() => "client-auth-nt 0 1";
    allow_with(["push \"route 10.1.0.0 255.255.0.0\""]) =>
        "client-auth 0 1\npush \"route 10.1.0.0 255.255.0.0\"\nEND";
    deny("not on the list", None) => "client-deny 0 1 \"not on the list\"";
}
