use super::*;

fn parse(lines: &[&'static str]) -> Result<PushUpdate> {
    let lines: Vec<_> = lines.iter().map(|line| Bytes::from(*line)).collect();
    parse_push_update("push-update-cid", &lines)
}

fn refused(lines: &[&'static str]) -> String {
    match parse(lines) {
        Err(Error::Refused { text, .. }) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn clients_updated() {
    let done = "SUCCESS: push-update command succeeded";
    assert_eq!(parse(&["SUCCESS: 1 client(s) updated", done]).unwrap().updated, 1);
    assert_eq!(parse(&["12 client(s) updated"]).unwrap().updated, 12);
}

#[test]
fn refusals() {
    let pair = ["ERROR: no client updated", "ERROR: push-update command failed"];
    assert_eq!(refused(&pair), "no client updated; push-update command failed");
    let unknown = ["ERROR: unknown command, enter 'help' for more options"];
    assert_eq!(refused(&unknown), "unknown command, enter 'help' for more options");
    let half = ["SUCCESS: 1 client(s) updated", "ERROR: push-update command failed"];
    assert_eq!(refused(&half), "push-update command failed");
}

#[test]
fn no_count_is_an_error() {
    assert!(parse(&[]).is_err());
    assert!(parse(&["SUCCESS: push-update command succeeded"]).is_err());
    assert!(parse(&["SUCCESS: x client(s) updated"]).is_err());
    assert!(parse(&["SUCCESS:  client(s) updated"]).is_err());
}

#[test]
fn both_lines_are_written() {
    let update = PushUpdate::new(1);
    let lines = "SUCCESS: 1 client(s) updated\r\nSUCCESS: push-update command succeeded\r\n";
    assert_eq!(update.to_bytes().unwrap(), lines.as_bytes());
    let read: Vec<_> = lines.lines().map(|line| Bytes::from(line.to_owned())).collect();
    assert_eq!(parse_push_update("push-update-cid", &read).unwrap(), update);
}
