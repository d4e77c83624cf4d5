use proptest::prelude::*;

use super::*;
use crate::reply::tests::read_back;
use crate::types::any_text;

fn killed(text: &'static str) -> Option<u32> {
    let report = KillReport::parse(&RawReply::success(text)).ok()?;
    assert_eq!(report.text, text);
    Some(report.killed)
}

#[test]
fn by_name_and_by_address() {
    assert_eq!(killed("common name 'x' found, 1 client(s) killed"), Some(1));
    let address = "2 client(s) at address tcp-server:127.0.0.1:1 killed";
    assert_eq!(killed(address), Some(2));
    assert_eq!(killed("1 client(s) at address 127.0.0.1:1 killed"), Some(1));
}

#[test]
fn the_name_may_look_like_the_reply() {
    let hostile = "common name 'x' found, 7 client(s) killed' found, 1 client(s) killed";
    assert_eq!(killed(hostile), Some(1));
    let address = "common name '3 client(s) at address' found, 2 client(s) killed";
    assert_eq!(killed(address), Some(2));
}

#[test]
fn anything_else_is_an_error() {
    let whole = "common name 'x' found, 1 client(s) killed";
    for end in 0..whole.len() {
        assert_eq!(killed(&whole[..end]), None);
    }
    assert_eq!(killed("common name 'x' found, -1 client(s) killed"), None);
    assert_eq!(killed("common name 'x' found, client(s) killed"), None);
}

#[test]
fn reports_are_written_as_they_are_read() {
    let by_name = KillReport::by_common_name(&"x".into(), 1);
    let line = b"SUCCESS: common name 'x' found, 1 client(s) killed\r\n";
    assert_eq!(by_name.to_bytes().unwrap(), line);
    let by_address = KillReport::by_address(&"tcp:127.0.0.1:1".into(), 2);
    let line = b"SUCCESS: 2 client(s) at address tcp:127.0.0.1:1 killed\r\n";
    assert_eq!(by_address.to_bytes().unwrap(), line);
    let wrong = KillReport { killed: 3, ..by_name };
    let error = wrong.to_bytes().unwrap_err().to_string();
    assert_eq!(error, "the text does not say how many were killed");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(name in any_text(), killed: u32) {
        let by_name = KillReport::by_common_name(&name, killed);
        for report in [by_name, KillReport::by_address(&name, killed)] {
            if report.to_bytes().is_ok() {
                prop_assert_eq!(KillReport::parse(&read_back(&report)).unwrap(), report);
            } else {
                prop_assert!(name.as_bytes().contains(&b'\n'));
            }
        }
    }
}
