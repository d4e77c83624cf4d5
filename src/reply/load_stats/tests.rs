use proptest::prelude::*;

use super::*;
use crate::reply::tests::read_back;
use crate::types::any_text;

#[test]
fn a_server_of_one_client() {
    let reply = RawReply::success("nclients=1,bytesin=2990,bytesout=3182");
    let expected = LoadStats { clients: 1, bytes_in: 2990, bytes_out: 3182, other: vec![] };
    assert_eq!(LoadStats::parse(&reply).unwrap(), expected);
}

#[test]
fn other_fields_are_kept() {
    let reply = RawReply::success("nclients=1,bytesin=2,bytesout=3,packets=4,");
    let stats = LoadStats::parse(&reply).unwrap();
    assert_eq!((stats.clients, stats.bytes_in, stats.bytes_out), (1, 2, 3));
    assert_eq!(stats.other, ["packets=4", ""]);
}

#[test]
fn counters_reach_u64_max_and_no_further() {
    let max = "nclients=0,bytesin=18446744073709551615,bytesout=0";
    let stats = LoadStats::parse(&RawReply::success(max)).unwrap();
    assert_eq!(stats.bytes_in, u64::MAX);
    let over = "nclients=0,bytesin=18446744073709551616,bytesout=0";
    assert!(LoadStats::parse(&RawReply::success(over)).is_err());
}

#[test]
fn half_a_reply_is_an_error() {
    let whole = "nclients=1,bytesin=2990,bytesout=3182";
    for end in 0..whole.find("bytesout=").unwrap() + 9 {
        let prefix = RawReply::success(whole[..end].to_owned());
        assert!(LoadStats::parse(&prefix).is_err(), "{end}");
    }
}

#[test]
fn totals_are_written() {
    let line = b"SUCCESS: nclients=1,bytesin=2990,bytesout=3182\r\n";
    assert_eq!(LoadStats::new(1, 2990, 3182).to_bytes().unwrap(), line);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        clients: u64,
        bytes_in: u64,
        bytes_out: u64,
        other in proptest::collection::vec(any_text(), 0..3),
    ) {
        let stats = LoadStats { clients, bytes_in, bytes_out, other };
        if stats.to_bytes().is_ok() {
            prop_assert_eq!(LoadStats::parse(&read_back(&stats)).unwrap(), stats);
        }
    }
}
