use proptest::prelude::*;

use super::*;
use crate::demux::{Demuxer, Item};

/// A reply that is written, read as the client reads it: the text of a `SUCCESS:` line, then the lines up to `END`.
pub(super) fn read_back(reply: &(impl WriteReply + ?Sized)) -> RawReply {
    let mut demuxer = Demuxer::new();
    demuxer.feed(&reply.to_bytes().unwrap());
    let mut raw = RawReply::default();
    while let Some(item) = demuxer.next_item() {
        let Item::Reply(line) = item.unwrap() else { panic!("an event") };
        match line.strip_prefix(b"SUCCESS: ") {
            Some(text) if raw == RawReply::default() => {
                raw.success = Some(line.slice_ref(text).into());
            }
            _ => raw.lines.push(line),
        }
    }
    if raw.lines.last().is_some_and(|line| line == "END") {
        raw.lines.pop();
    }
    raw
}

/// Gives `reply` to every parser; the values do not matter, only that each returns.
fn parse_all(reply: &RawReply) {
    let _ = (pid(reply), hold(reply), verb(reply), mute(reply));
    let _ = (nclients(reply), remote_entry_count(reply), net(reply));
    let _ = (AuthRetry::parse(reply), LoadStats::parse(reply));
    let _ = (Version::parse(reply), KillReport::parse(reply));
    let _ = (RemoteEntry::parse(reply), Status::parse(reply), NetworkChange::parse(reply));
    let _ = Help::parse(reply).map(|help| help.has("status"));
    let _ = parse_push_update("push-update-broad", &reply.lines);
}

fn near_miss() -> impl Strategy<Value = String> {
    "(pid=|hold=|nclients=|,bytesin=|,bytesout=|auth-retry=|common name '|' found, | client\\(s\\) |\
     killed|updated|SUCCESS: |ERROR: |OpenVPN Version: OpenVPN |Management Version: |[0-9]{1,20}|[.,\\[\\]: _-]){0,8}"
}

proptest! {
    #[test]
    fn no_bytes_panic(
        success in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..60)),
        lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..4),
    ) {
        let success = success.map(|text| Text::from(Bytes::from(text)));
        let lines = lines.into_iter().map(Bytes::from).collect();
        parse_all(&RawReply { success, lines });
    }

    #[test]
    fn no_near_miss_panics(success in near_miss(), lines in proptest::collection::vec(near_miss(), 0..4)) {
        let lines = lines.into_iter().map(Bytes::from).collect();
        parse_all(&RawReply { success: Some(success.into()), lines });
    }
}

#[test]
fn an_error_names_the_command_and_the_line() {
    let error = pid(&RawReply::success("pid=\u{7}")).unwrap_err();
    let expected = r#"`pid`: expected `pid=N`, the daemon answered "pid=\x07""#;
    assert_eq!(error.to_string(), expected);
}
