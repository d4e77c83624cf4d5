use proptest::prelude::*;

use super::*;

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
