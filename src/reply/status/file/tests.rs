use proptest::prelude::*;

use super::*;
use crate::reply::{RawReply, StatusFormat};

const V1: &str = "OpenVPN CLIENT LIST
Updated,2026-11-22 07:24:00
Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since
alice,127.0.0.1:5000,2990,3182,2026-11-22 07:23:59
ROUTING TABLE
Virtual Address,Common Name,Real Address,Last Ref
10.8.0.2,alice,127.0.0.1:5000,2026-11-22 07:23:59
GLOBAL STATS
Max bcast/mcast queue length,0
END
";

const V2: &str = "TITLE,OpenVPN 2.6.14
TIME,2026-11-22 07:24:00,1795332240
HEADER,CLIENT_LIST,Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since
CLIENT_LIST,alice,127.0.0.1:5000,2990,3182,2026-11-22 07:23:59
GLOBAL_STATS,Max bcast/mcast queue length,0
END
";

const CLIENT: &str = "OpenVPN STATISTICS
Updated,2026-11-22 07:24:00
TUN/TAP read bytes,0
TCP/UDP read bytes,3182
END
";

fn read(text: &str) -> StatusFile {
    StatusFile::parse(text.to_owned()).unwrap()
}

/// What the management interface says in these lines.
fn reply(text: &str) -> Status {
    let lines = text.strip_suffix("END\n").unwrap().lines();
    Status::parse(&RawReply::block(lines.map(|line| Bytes::from(line.to_owned())).collect()))
        .unwrap()
}

#[test]
fn every_version_is_read_as_the_reply_is() {
    let v3 = V2.replace(',', "\t");
    for text in [V1, V2, &v3, CLIENT] {
        let file = read(text);
        assert!(file.is_complete && file.rest.is_empty());
        assert_eq!(file.status, reply(text));
        assert_eq!(read(&text.replace('\n', "\r\n")), file);
        assert_eq!(read(text.trim_end()), file);
        let time = file.status.time().unwrap();
        assert_eq!(time.local(), Some("2026-11-22 07:24:00".parse().unwrap()));
    }
    let format = |text| read(text).status.as_server().unwrap().format();
    assert_eq!([V1, V2, &v3].map(format), [StatusFormat::V1, StatusFormat::V2, StatusFormat::V3]);
    assert_eq!(read(V2).status.time().unwrap().unix, Some(1_795_332_240));
    assert_eq!(read(V1).status.time().unwrap().unix, None);
}

#[test]
fn without_end_it_is_not_complete() {
    let file = read(V1.strip_suffix("END\n").unwrap());
    assert!(!file.is_complete && file.rest.is_empty());
    assert_eq!(file.status, reply(V1));
}

#[test]
fn a_row_that_is_cut_is_not_read() {
    let cut = V1.split_once(",3182").unwrap().0;
    let file = read(&format!("{cut},3"));
    assert!(!file.is_complete);
    assert_eq!(file.rest, "alice,127.0.0.1:5000,2990,3");
    assert!(file.status.as_server().unwrap().clients.is_empty());
    let file = read(CLIENT.split_once("82").unwrap().0);
    assert_eq!(file.rest, "TCP/UDP read bytes,31");
    assert_eq!(file.status.as_client().unwrap().tcp_udp_read_bytes, None);
}

#[test]
fn what_follows_the_end_is_of_an_older_status() {
    let file = read(&format!("{V2}TATS,Max bcast/mcast queue length,0\nEND\n"));
    assert!(file.is_complete);
    assert_eq!(file.status, reply(V2));
    assert_eq!(file.rest, "TATS,Max bcast/mcast queue length,0\nEND\n");
}

#[test]
fn a_piece_of_an_older_row_is_unparsed() {
    let torn = V2.replace("GLOBAL_STATS", ":5000,1,2\nGLOBAL_STATS");
    let file = read(&torn);
    assert_eq!(file.status.as_server().unwrap().unparsed, [":5000,1,2"]);
}

#[test]
fn a_name_that_begins_as_end_ends_nothing() {
    let cut = V1.split_once("alice").unwrap().0;
    let file = read(&format!("{cut}END"));
    assert!(!file.is_complete);
    assert_eq!(file.rest, "END");
}

#[test]
fn what_is_no_status_is_refused() {
    let problem = |text: &'static str| StatusFile::parse(text).unwrap_err().to_string();
    for text in ["", "\n", "\r\n"] {
        let empty = "not a status file: it is empty: the daemon has not written it yet";
        assert_eq!(problem(text), empty);
    }
    for text in ["OpenVPN CLIENT L", "END\n", "END"] {
        assert_eq!(problem(text), "not a status file: it has no first line", "{text:?}");
    }
    let other = "not a status file: it begins with none of `OpenVPN CLIENT LIST`, \
                 `OpenVPN STATISTICS` and a `TITLE` row";
    assert_eq!(problem("hunter2\nEND\n"), other);
}

proptest! {
    #[test]
    fn a_cut_status_says_nothing_that_the_whole_does_not(at in 0..V1.len(), v2 in any::<bool>()) {
        let text = if v2 { V2 } else { V1 };
        let Some(start) = text.get(..at) else { return Ok(()) };
        let Ok(file) = StatusFile::parse(start.to_owned()) else { return Ok(()) };
        let (whole, status) = (reply(text), file.status.as_server().unwrap());
        let whole = whole.as_server().unwrap();
        prop_assert!(whole.clients.starts_with(&status.clients));
        prop_assert!(whole.routes.starts_with(&status.routes));
        prop_assert!(whole.global_stats.starts_with(&status.global_stats));
        prop_assert!(status.time.is_none() || status.time == whole.time);
        prop_assert_eq!(file.is_complete, start.trim_end().ends_with("\nEND"));
    }

    #[test]
    fn of_two_versions_at_once_each_row_of_version_3_is_one_of_either(
        names in proptest::collection::vec(("[ -~]{0,9}", "[ -~]{0,9}"), 0..4),
        older in proptest::collection::vec(("[ -~]{0,9}", "[ -~]{0,9}"), 0..6),
        line in 0..9_usize,
    ) {
        let file = |names: &[(String, String)]| {
            let rows = names.iter().map(|(name, username)| {
                format!("CLIENT_LIST\t{name}\t127.0.0.1:5000\t1\t2\t2026-11-22 07:23:59\t{username}\n")
            });
            let header = "HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tBytes Received\tBytes Sent\tConnected Since\tUsername\n";
            ["TITLE\tx\n", header].into_iter().map(String::from).chain(rows).chain([String::from("END\n")]).collect::<String>()
        };
        let (new, old) = (file(&names), file(&older));
        let written: String = new.split_inclusive('\n').take(line).collect();
        let torn = format!("{written}{}", old.get(written.len()..).unwrap_or_default());
        let Ok(torn) = StatusFile::parse(torn) else { return Ok(()) };
        let clients = |text: &str| read(text).status.as_server().unwrap().clients.clone();
        let known = [clients(&new), clients(&old)].concat();
        prop_assert!(torn.status.as_server().unwrap().clients.iter().all(|client| known.contains(client)));
    }

    #[test]
    fn no_file_panics(file in proptest::collection::vec(any::<u8>(), 0..300), start in 0..4_usize) {
        let start = ["", "OpenVPN CLIENT LIST\n", "TITLE\tx\n", "OpenVPN STATISTICS\n"][start];
        let _ = StatusFile::parse([start.as_bytes(), &file].concat());
    }
}
