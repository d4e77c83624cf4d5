//! Clients and daemons that would have the table show what is not so.

use super::*;

/// On another connection the same ID may be another client's: what names nobody proves nothing.
#[test]
fn an_event_without_names_makes_nobody_of_another_connection_known() {
    for event in ["BYTECOUNT_CLI:0,9,9", "CLIENT:ADDRESS,0,10.8.0.9,1"] {
        let mut table = Table::new();
        table.say(CONNECT);
        table.peers.connected("udp", None);
        assert_eq!(table.say(event), 0, "{event}");
        assert!(table.peers.wants_status("udp"));
        let bob = [("alice", "bob"), ("al_ice", "bob"), (":40000", ":50000")];
        table.status(&[&row(&bob)]);
        assert_eq!(table.left, [(RecordId(0), None, Departure::Unseen)], "{event}");
        assert!(table.only().facts.is_empty(), "they were alice's");
    }
}

#[test]
fn an_event_of_another_client_takes_over_nobody_of_another_connection() {
    let bob = ESTABLISHED.replace("alice", "bob").replace("40000", "50000");
    let mut table = Table::new();
    table.say(CONNECT);
    table.peers.connected("udp", None);
    table.say(&bob);
    assert_eq!((table.left.len(), table.left[0].2), (1, Departure::Unseen));
    assert!(table.only().facts.is_empty() && table.only().id == RecordId(1));

    let mut table = Table::new();
    table.say(CONNECT);
    table.peers.connected("udp", None);
    table.say(&DISCONNECT.replace("CLIENT:ENV,END", "CLIENT:ENV,common_name=bob\nCLIENT:ENV,END"));
    assert_eq!(table.left, [(RecordId(0), None, Departure::Unseen)]);
    assert_eq!(table.peers.len(), 0);
}

#[test]
fn a_client_that_is_proved_to_be_the_same_goes_on() {
    let mut table = Table::new();
    table.say(CONNECT);
    table.peers.connected("udp", None);
    table.say(ESTABLISHED);
    assert_eq!((table.only().id, table.only().phase), (RecordId(0), Phase::In));
    table.peers.connected("udp", None);
    table.say(DISCONNECT);
    assert_eq!(table.left.last().unwrap().2, Departure::Disconnected);
}

/// As in format 1, or where a row cannot be read.
#[test]
fn nobody_leaves_by_a_status_that_does_not_tell_all() {
    let mut table = Table::new();
    table.say(ESTABLISHED);
    let unreadable =
        "CLIENT_LIST alice 192.0.2.7:40000 10.8.0.2  many 200 then 1 al_ice 0 0 AES-256-GCM";
    table.status(&[unreadable]);
    assert_eq!(table.left, []);
    let lines = "OpenVPN CLIENT LIST\nUpdated,2026-11-22 07:25:00\n\
         Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since\n\
         alice,192.0.2.7:40000,1,1,2026-11-22 07:24:00\n\
         ROUTING TABLE\nVirtual Address,Common Name,Real Address,Last Ref\nGLOBAL STATS";
    let lines = lines.lines().map(|line| Bytes::copy_from_slice(line.as_bytes())).collect();
    let status = Status::parse(&RawReply::block(lines)).unwrap();
    assert_eq!(status.as_server().unwrap().clients.len(), 1);
    let changes = table.peers.status("udp", &status, None);
    table.replay(changes);
    assert_eq!(table.left, []);
    table.status(&[]);
    assert_eq!(table.left.len(), 1, "nobody is there, and that is all");
}

/// Rows of one address, and as many routes to it: each is looked at once.
#[test]
fn a_status_costs_as_much_as_it_has_rows() {
    let rows: Vec<_> = (0..8000)
        .map(|cid| row(&[(" 0 0 AES", &format!(" {cid} 0 AES"))]))
        .chain((0..8000).map(|n| {
            let (high, low) = (n / 250, n % 250);
            format!("ROUTING_TABLE 10.{high}.{low}.0/24 alice 192.0.2.7:40000 then 1795332240")
        }))
        .collect();
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    let mut table = Table::new();
    table.status(&rows);
    assert_eq!(table.peers.len(), 8000);
    // Each row had them all, which was 64,000,000 addresses.
    let with_networks = table.replayed.values().filter(|record| !record.networks.is_empty());
    assert_eq!(with_networks.count(), 1);
}

#[test]
fn a_full_table_does_not_ask_for_who_has_no_room() {
    let mut table = Table::new();
    table.peers = Peers::with_most(1);
    table.say(CONNECT);
    for event in [ESTABLISHED, &CONNECT.replace("CONNECT", "REAUTH")] {
        let others = ["ADDRESS,", "ESTABLISHED,", "REAUTH,"];
        let event = others.iter().fold(event.to_owned(), |event, kind| {
            event.replace(&format!("{kind}0"), &format!("{kind}7"))
        });
        table.say(&event);
        assert!(!table.peers.wants_status("udp"), "{event}");
    }
}

/// Another process may be on another machine, or its clock set right meanwhile.
#[test]
fn the_time_of_a_daemon_is_not_that_of_the_next() {
    let mut table = Table::new();
    table.say("STATE:18446744073709551615,CONNECTED,SUCCESS,,,,,");
    table.peers.connected("udp", None);
    table.say(ESTABLISHED);
    table.say("STATE:1795332250,RECONNECTING,SIGUSR1,,,,,");
    assert_eq!(table.left, [(RecordId(0), Some(Duration::from_secs(10)), Departure::Restarted)]);
}

#[test]
fn a_client_that_leaves_by_a_block_that_cannot_be_read_is_asked_for() {
    for line in ["CLIENT:DISCONNECT,0", "CLIENT:DISCONNECT,x", "CLIENT:CONNECT,0,1"] {
        let mut table = Table::new();
        table.status(&[]);
        table.say(CONNECT);
        assert!(!table.peers.wants_status("udp"));
        let mut assembler = Assembler::with_env_limit(10);
        let mut events = Vec::new();
        for line in [line, "CLIENT:ENV,common_name=al"] {
            assembler
                .push(&Bytes::copy_from_slice(line.as_bytes()), &mut |event| events.push(event));
        }
        assert!(matches!(events[0], Event::Malformed(_)), "{events:?}");
        // As subscribers have it.
        let event = events.remove(0).withhold_secrets();
        table.peers.event("udp", &event, None, 0);
        assert!(table.peers.wants_status("udp"), "{line}");
    }
}
