//! What a session holds at rest, and a program of what it has read.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;

use allocation_counter::measure;
use openvpn_mgmt::events::ClientEvent;
use openvpn_mgmt::{Builder, Event, Fleet, MemberItem, Text};

use crate::setup::{KIB, LINE, PID, REST, Setup, check, daemon, log, patient};

/// How many clients there are.
const CLIENTS: usize = 10_000;

/// How many sessions there are, so that what the process holds once counts little.
const SESSIONS: usize = 16;

#[test]
fn a_session_at_rest_holds_little() {
    let mut setup = Setup::new(&Builder::new(), |_| Ok(()));
    let mut sessions = Vec::with_capacity(SESSIONS);
    let counted = measure(|| {
        for _ in 0..SESSIONS {
            let session = setup.runtime.block_on(async {
                let stream = tokio::net::UnixStream::from_std(daemon(|_| Ok(()))).unwrap();
                patient(&Builder::new()).attach(stream).await.unwrap()
            });
            sessions.push(session);
        }
    });
    let held = usize::try_from(counted.bytes_current).unwrap();
    check("sessions at rest", held, SESSIONS * REST);
    setup.events = None;
}

/// What it holds beside its session: its place, its link, and the task that asks it.
const MEMBER: usize = 8 * KIB;

#[test]
fn a_member_of_a_fleet_holds_little_beside_its_session() {
    let mut setup = Setup::new(&Builder::new(), |_| Ok(()));
    let mut fleet = Fleet::new();
    let counted = measure(|| {
        setup.runtime.block_on(async {
            for number in 0..SESSIONS {
                let connect = || async { tokio::net::UnixStream::from_std(daemon(|_| Ok(()))) };
                let link = patient(&Builder::new()).reconnect_with(connect);
                fleet.add(number.to_string(), link.ask_what_was_missed(false)).unwrap();
            }
            let mut attached = 0;
            while attached < SESSIONS {
                let item = fleet.next().await.unwrap();
                attached += usize::from(matches!(item.what, MemberItem::Attached(_)));
            }
        });
    });
    let held = usize::try_from(counted.bytes_current).unwrap();
    check("members at rest", held, SESSIONS * (REST + MEMBER));
    setup.events = None;
}

/// Long lines and short ones, and some that only an ENV block makes one event.
fn flood(stream: &mut UnixStream) -> io::Result<()> {
    for _ in 0..8 {
        stream.write_all(&log(LINE))?;
        stream.write_all(&log(64).repeat(8 * 1024))?;
        stream.write_all(&clients(8))?;
    }
    stream.write_all(PID)
}

/// Clients, each with a name of its own.
fn clients(count: usize) -> Vec<u8> {
    let client = |cid| {
        format!(
            ">CLIENT:ESTABLISHED,{cid}\r\n>CLIENT:ENV,n_clients=7\r\n\
             >CLIENT:ENV,common_name=user{cid}\r\n>CLIENT:ENV,END\r\n"
        )
    };
    (0..count).map(client).collect::<String>().into_bytes()
}

/// Has the daemon say its own, reads it, and gives what `keep` made of the events. Then little comes.
fn read<T>(setup: &mut Setup, mut keep: impl FnMut(Event) -> Option<T>, kept: &mut Vec<T>) {
    let Setup { runtime, client, events, .. } = setup;
    let events = events.as_mut().unwrap();
    runtime.block_on(async {
        let mut pid = std::pin::pin!(client.pid());
        loop {
            tokio::select! {
                biased;
                event = events.next() => kept.extend(keep(event.unwrap().unwrap())),
                pid = &mut pid => {
                    pid.unwrap();
                    break;
                }
            }
        }
        while let Some(event) = events.try_next() {
            kept.extend(keep(event.unwrap()));
        }
        client.hold().await.unwrap();
    });
}

#[test]
fn a_flood_that_was_read_leaves_nothing() {
    let mut setup = Setup::new(&Builder::new(), flood);
    let counted = measure(|| {
        for _ in 0..2 {
            read(&mut setup, |_| None, &mut Vec::<()>::new());
        }
    });
    check("after a flood", usize::try_from(counted.bytes_current).unwrap_or(0), REST);
}

#[test]
fn a_name_that_is_detached_holds_itself() {
    let mut setup = Setup::new(&Builder::new(), |stream| {
        stream.write_all(&clients(CLIENTS))?;
        stream.write_all(PID)
    });
    let mut names: Vec<Text> = Vec::with_capacity(CLIENTS);
    let name = |event| match event {
        Event::Client(ClientEvent::Established { env, .. }) => env.get("common_name"),
        _ => None,
    };
    let counted = measure(|| read(&mut setup, |event| name(event).map(Text::detach), &mut names));
    assert_eq!(names.len(), CLIENTS);
    let text = names.iter().map(Text::len).sum::<usize>();
    check("names", usize::try_from(counted.bytes_current).unwrap(), text + REST);
}
