use super::super::tests::parse;
use super::*;
use crate::events::{Assembler, Event};

/// What is left of a line, and how many bytes are not.
fn withheld(event: Event) -> (String, usize) {
    let (line, withheld) = match event.withhold_secrets() {
        Event::Unknown(unknown) => (unknown.line().clone(), unknown.withheld()),
        Event::Malformed(malformed) => (malformed.line().clone(), malformed.withheld()),
        Event::Stray(stray) => (stray.line().clone(), stray.withheld()),
        other => panic!("{other:?}"),
    };
    (String::from_utf8(line.to_vec()).unwrap(), withheld)
}

#[test]
fn what_may_hold_a_secret_is_withheld() {
    for (line, left) in [
        ("PASSWORD:hunter2", "PASSWORD:"),
        ("PASSWORD:Need hunter2", "PASSWORD:"),
        ("INFOMSG:WEB_AUTH:hunter2", "INFOMSG:"),
        ("CLIENT:CR_RESPONSE,hunter2", "CLIENT:CR_RESPONSE,"),
        ("CLIENT:ENV,password=hunter2", "CLIENT:ENV,"),
        ("CLIENT:FUTURE,1,hunter2", "CLIENT:FUTURE,"),
        ("CLIENT:hunter2", "CLIENT:"),
        ("CLIENT:FUTURE;hunter2", "CLIENT:"),
        ("UPDOWN:hunter2", "UPDOWN:"),
        ("AUTH-TOKEN:hunter2", "AUTH-TOKEN:"),
        ("hunter2", ""),
        ("hunter2:x", ""),
        ("NEW-EVENT:Auth-Token:hunter2", "NEW-EVENT:Auth-Token:"),
        ("LOG:x,D,CMD 'cr-response hunter2'", "LOG:x,D,CMD 'cr-response "),
    ] {
        let event = parse(line);
        let shown = format!("{event:?} {event}");
        assert_eq!(withheld(event.clone()), (left.to_owned(), line.len() - left.len()));
        let event = event.withhold_secrets();
        assert_eq!(format!("{event:?} {event}"), shown, "the length is told all the same");
        assert_eq!(event.clone().withhold_secrets(), event);
    }
    for line in ["NEW-EVENT:1", "STATE:x", "BYTECOUNT:x,", "HOLDING:y"] {
        assert_eq!(withheld(parse(line)), (line.to_owned(), 0));
    }
}

#[test]
fn of_a_line_that_was_cut_or_belongs_nowhere_its_name_is_left() {
    let cut = |line: &'static str| Event::Malformed(Malformed::cut(line.into()));
    assert_eq!(withheld(cut("PASSW")), (String::new(), 5));
    assert_eq!(withheld(cut("PASSWORD:Auth-Tok")), ("PASSWORD:".into(), 8));
    assert_eq!(withheld(cut("CLIENT:ENV,pass")), ("CLIENT:ENV,".into(), 4));
    assert_eq!(withheld(cut("STATE:1,EXI")), ("STATE:1,EXI".into(), 0));
    let stray = |line: &'static str| Event::Stray(Stray::new(line.into()));
    assert_eq!(withheld(stray("ERROR: unknown command [x]")), ("ERROR:".into(), 20));
    assert_eq!(withheld(stray("PROTECTFD:")), ("PROTECTFD:".into(), 0));
    assert_eq!(withheld(stray("hunter2")), (String::new(), 7));
}

#[test]
fn blocks_are_withheld_whole() {
    let (mut assembler, mut events) = (Assembler::new(), Vec::new());
    let lines = ["CLIENT:FUTURE,1", "CLIENT:ENV,a=hunter2", "CLIENT:ENV,b", "CLIENT:ENV,END"];
    let cut = ["CLIENT:CONNECT,0,1", "CLIENT:ENV,password=hunter2"];
    for line in lines.into_iter().chain(cut) {
        assembler.push(&line.into(), &mut |event| events.push(event.withhold_secrets()));
    }
    assembler.finish(&mut |event| events.push(event.withhold_secrets()));
    let [Event::Unknown(future), Event::Malformed(connect)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((future.env(), future.withheld()), (None, "1".len() + "a=hunter2b".len()));
    assert!(connect.env().is_none());
    assert_eq!(connect.withheld(), "0,1".len() + "password=hunter2".len());
}

#[test]
fn neither_shows_its_bytes() {
    let unknown = parse("NEW-EVENT:hunter2");
    assert_eq!(format!("{unknown:?}"), "Unknown(Unknown(17 bytes, name \"NEW-EVENT\"))");
    assert_eq!(unknown.to_string(), "unknown event NEW-EVENT (17 bytes)");
    let malformed = parse("PASSWORD:hunter2");
    assert!(!format!("{malformed:?} {malformed}").contains("hunter2"));
    assert!(format!("{malformed:?}").contains("PASSWORD"));
}

#[test]
fn only_what_is_shaped_like_a_name_is_shown() {
    for line in ["hunter2", "", ":", "hunter2:x", "MY SECRET:x", "é:x"] {
        let unknown = parse(line);
        assert!(format!("{unknown:?}").contains("name \"?\""), "{unknown:?}");
    }
}

#[test]
fn what_came_of_a_block_counts_to_its_length() {
    let (mut assembler, mut shown) = (Assembler::new(), Vec::new());
    let mut show = |event: Event| shown.push(format!("{event:?} {event}"));
    for line in ["CLIENT:CONNECT,0,1", "CLIENT:ENV,a=1", "CLIENT:ENV,pin=12"] {
        assembler.push(&line.into(), &mut show);
    }
    assembler.finish(&mut show);
    let problem = "the input ended inside its ENV block";
    assert_eq!(
        shown,
        [format!(
            "Malformed(Malformed(27 bytes, name \"CLIENT\", {problem})) malformed event CLIENT (27 bytes): {problem}"
        )]
    );
    let stray = Event::Stray(Stray::new("hunter2".into()));
    assert_eq!(format!("{stray:?} {stray}"), "Stray(Stray(7 bytes)) stray line (7 bytes)");
}
