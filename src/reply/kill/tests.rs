use super::*;

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
