use proptest::prelude::*;

use super::*;
use crate::reply::tests::read_back;
use crate::types::any_text;

fn entries(rows: &[&'static str]) -> Result<Vec<RemoteEntry>, UnreadRow> {
    read(rows).into_iter().collect()
}

fn read(rows: &[&'static str]) -> Vec<Result<RemoteEntry, UnreadRow>> {
    let lines = rows.iter().map(|row| Bytes::from_static(row.as_bytes()));
    RemoteEntry::parse(&RawReply::block(lines.collect()))
}

#[test]
fn rows_of_a_real_client() {
    let rows = [
        "0,127.0.0.1,16064,udp,enabled",
        "1,vpn.example.com,443,tcp-client,disabled",
        "2,::1,1194,udp6,enabled",
        "3,127.0.0.1,https,udp,enabled",
        "4,a,b,1194,tcp4-client,enabled",
    ];
    let entries = entries(&rows).unwrap();
    let indexes: Vec<_> = entries.iter().map(|entry| entry.index).collect();
    assert_eq!(indexes, [0, 1, 2, 3, 4]);
    let ports: Vec<_> = entries.iter().map(RemoteEntry::port_number).collect();
    assert_eq!(ports, [Some(16064), Some(443), Some(1194), None, Some(1194)]);
    assert_eq!(entries[1].protocol, Protocol::TcpClient);
    assert!(!entries[1].enabled);
    assert_eq!(entries[2].host, "::1");
    assert_eq!(entries[3].port, "https");
    assert_eq!(entries[4].host, "a,b");
}

#[test]
fn no_rows_are_no_entries() {
    assert_eq!(entries(&[]).unwrap(), []);
}

#[test]
fn a_row_in_another_form_is_an_error_in_its_place() {
    let whole = "0,127.0.0.1,16064,udp,enabled";
    for end in 0..whole.len() {
        let rows = read(&[whole, &whole[..end], whole]);
        assert!(matches!(rows.as_slice(), [Ok(_), Err(_), Ok(_)]), "{rows:?}");
    }
    assert!(entries(&["x,127.0.0.1,1,udp,enabled"]).is_err());
    assert!(entries(&["0,127.0.0.1,1,udp,maybe"]).is_err());
}

#[test]
fn count() {
    let reply = |lines: &[&'static str]| {
        RawReply::block(lines.iter().map(|line| Bytes::from(*line)).collect())
    };
    assert_eq!(remote_entry_count(&reply(&["3"])).unwrap(), 3);
    assert!(remote_entry_count(&reply(&[])).is_err());
    assert!(remote_entry_count(&reply(&["x"])).is_err());
    assert!(remote_entry_count(&reply(&["1", "2"])).is_err());
}

#[test]
fn rows_are_written_as_they_are_read() {
    let mut second = RemoteEntry::new(1, "vpn.example.com", "443", Protocol::TcpClient);
    second.enabled = false;
    let entries = [RemoteEntry::new(0, "127.0.0.1", "16064", Protocol::Udp), second];
    let block =
        "0,127.0.0.1,16064,udp,enabled\r\n1,vpn.example.com,443,tcp-client,disabled\r\nEND\r\n";
    assert_eq!(entries.to_bytes().unwrap(), block.as_bytes());
    assert_eq!(RemoteEntryCount(2).to_bytes().unwrap(), b"2\r\nEND\r\n");
}

#[test]
fn a_row_that_was_not_read_is_written_as_it_came() {
    let rows = read(&["0,127.0.0.1,16064,udp,enabled", "?"]);
    let block = b"0,127.0.0.1,16064,udp,enabled\r\n?\r\nEND\r\n";
    assert_eq!(rows.to_bytes().unwrap(), block);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        index: u32,
        (host, port, protocol) in (any_text(), any_text(), any_text()),
        enabled: bool,
    ) {
        for protocol in [Protocol::parse(protocol.clone()), Protocol::Other(protocol)] {
            let entry = RemoteEntry { index, host: host.clone(), port: port.clone(), protocol, enabled };
            let entries = vec![Ok(entry)];
            if entries.to_bytes().is_ok() {
                prop_assert_eq!(RemoteEntry::parse(&read_back(&entries)), entries);
            }
        }
    }
}
