use super::*;
use crate::events::ClientEvent;

fn run(lines: &[&str]) -> Vec<Event> {
    let (mut assembler, mut events) = (Assembler::new(), Vec::new());
    for line in lines {
        assembler.push(&Bytes::copy_from_slice(line.as_bytes()), &mut |event| events.push(event));
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

fn problem(event: &Event) -> &'static str {
    match event {
        Event::Malformed(malformed) => malformed.problem(),
        other => panic!("{other:?}"),
    }
}

const CONNECT: &str = "CLIENT:CONNECT,0,1";
const END: &str = "CLIENT:ENV,END";

#[test]
fn other_events_pass_between_the_lines_of_a_block() {
    let events = run(&[
        CONNECT,
        "LOG:1,I,x",
        "CLIENT:ENV,a=1",
        "CLIENT:ADDRESS,0,10.8.0.2,1",
        "CLIENT:ENV,b=2",
        END,
    ]);
    let [Event::Log(_), Event::Client(address), Event::Client(connect)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert!(matches!(address, ClientEvent::Address { .. }));
    assert_eq!(connect.env().unwrap().len(), 2);
}

#[test]
fn a_block_is_trusted_only_where_it_was_so_all_the_time() {
    for (before, within, is_trusted) in
        [(true, true, true), (true, false, false), (false, true, false)]
    {
        let (mut assembler, mut events) = (Assembler::new(), Vec::new());
        assembler.set_env_trusted(before);
        for line in [CONNECT, "CLIENT:ENV,common_name=alice", END] {
            assembler.push(&Bytes::from(line), &mut |event| events.push(event));
            assembler.set_env_trusted(within);
        }
        let [Event::Client(connect)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(connect.env().unwrap().is_trusted(), is_trusted, "{before} {within}");
    }
}

#[test]
fn a_block_of_the_most_lines_is_whole_and_one_of_more_is_over_at_its_end() {
    for more in [0, 1] {
        let mut lines = vec![CONNECT];
        lines.extend(vec!["CLIENT:ENV,a=1"; Assembler::MAX_ENV_LINES + more]);
        lines.extend([END, "CLIENT:ENV,late=1"]);
        let events = run(&lines);
        let [first, behind] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(matches!(first, Event::Client(_)), more == 0);
        assert_eq!(problem(behind), "an ENV line without a block");
    }
}

#[test]
fn debug_shows_no_line() {
    let mut assembler = Assembler::new();
    assembler.push(&Bytes::from("CLIENT:CONNECT,0,1,hunter2"), &mut |_| {});
    let shown = format!("{assembler:?}");
    assert!(shown.starts_with(
        "Assembler { client_open: true, updown_open: false, env_trusted: false, env_limit: "
    ));
    assert!(!shown.contains("hunter2"));
}

#[test]
fn families_do_not_mix() {
    let events = run(&[
        CONNECT,
        "UPDOWN:UP",
        "UPDOWN:ENV,dev=tun0",
        "CLIENT:ENV,a=1",
        "UPDOWN:ENV,END",
        END,
    ]);
    let [Event::UpDown(up), Event::Client(connect)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert!(up.is_up());
    assert_eq!((up.env.len(), connect.env().unwrap().len()), (1, 1));
    assert_eq!(events[0].to_string(), "tunnel up (tun0)");
}

#[test]
fn a_header_inside_a_block_ends_it() {
    let events = run(&[CONNECT, "CLIENT:ENV,a=1", "CLIENT:ESTABLISHED,0", "CLIENT:ENV,b=2", END]);
    let [Event::Malformed(cut), Event::Client(established)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((cut.line(), cut.env().unwrap().len()), (&Bytes::from(CONNECT), 1));
    assert_eq!(cut.problem(), "another block began inside it");
    assert_eq!(established.env().unwrap().get("b"), Some("2".into()));
}

#[test]
fn env_lines_without_a_header_are_malformed() {
    let events = run(&["CLIENT:ENV,a=1", END, "UPDOWN:ENV,END"]);
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| problem(event) == "an ENV line without a block"));
}

#[test]
fn the_end_of_input_ends_a_block() {
    let events = run(&[CONNECT, "CLIENT:ENV,password=hunter2", "UPDOWN:DOWN"]);
    let problems: Vec<_> = events.iter().map(problem).collect();
    assert_eq!(problems, ["the input ended inside its ENV block"; 2]);
    assert!(!format!("{events:?}").contains("hunter2"));
    let Event::Malformed(cut) = &events[0] else { panic!() };
    let password = cut.env().unwrap().secret("password").unwrap();
    assert_eq!(password.expose(), Some(&b"hunter2"[..]));
}

#[test]
fn a_header_that_cannot_be_read_takes_its_block_with_it() {
    for (header, family) in [
        ("CLIENT:CONNECT,x,1", "CLIENT"),
        ("CLIENT:CONNECT", "CLIENT"),
        ("UPDOWN:SIDEWAYS", "UPDOWN"),
    ] {
        let env = format!("{family}:ENV,a=1");
        let events = run(&[header, &env, &env, &format!("{family}:ENV,END"), CONNECT, END]);
        let [bad, Event::Client(_)] = events.as_slice() else { panic!("{events:?}") };
        problem(bad);
    }
}

const FUTURE: &str = "CLIENT:FUTURE_EVENT,7,2";

#[test]
fn a_kind_that_is_not_known_keeps_its_block() {
    let block = [FUTURE, "CLIENT:ENV,a=1", "LOG:1,I,x", "CLIENT:ENV,password=hunter2", END];
    let events = run(&[&block[..], &[CONNECT, "CLIENT:ENV,b=2", END]].concat());
    let [Event::Log(_), Event::Unknown(future), Event::Client(connect)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((future.name(), future.line()), (Some("CLIENT"), &Bytes::from(FUTURE)));
    let env = future.env().unwrap();
    assert_eq!((env.len(), env.get("a")), (2, Some("1".into())));
    assert!(!format!("{future:?} {future}").contains("hunter2"));
    assert_eq!(connect.env().unwrap().len(), 1);
}

#[test]
fn a_kind_that_is_not_known_may_have_no_block() {
    let events = run(&[FUTURE, FUTURE, CONNECT, END, FUTURE]);
    let [first, second, Event::Client(connect), last] = events.as_slice() else {
        panic!("{events:?}")
    };
    for event in [first, second, last] {
        assert!(matches!(event, Event::Unknown(future) if future.env().is_none()), "{event:?}");
    }
    assert_eq!(connect.cid(), crate::types::Cid(0));
}

#[test]
fn a_kind_that_is_not_known_ends_the_block_around_it_and_keeps_its_own() {
    let events = run(&[CONNECT, "CLIENT:ENV,a=1", FUTURE, "CLIENT:ENV,b=2", END]);
    let [cut, Event::Unknown(future)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(problem(cut), "another block began inside it");
    assert_eq!(future.env().unwrap().get("b"), Some("2".into()));
    let events = run(&[FUTURE, "CLIENT:ENV,a=1", CONNECT, "CLIENT:ENV,b=2", END]);
    let [Event::Malformed(cut), Event::Client(connect)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((cut.line(), cut.env().unwrap().len()), (&Bytes::from(FUTURE), 1));
    assert_eq!((connect.env().unwrap().len(), connect.env().unwrap().get("a")), (1, None));
}

#[test]
fn only_a_block_of_a_known_kind_holds_answers_up() {
    let mut assembler = Assembler::new();
    for (line, inside) in [(FUTURE, false), ("CLIENT:ENV,a=1", false), (CONNECT, true)] {
        assembler.push(&Bytes::from(line), &mut |_| {});
        assert_eq!(assembler.is_inside_client(), inside, "{line}");
    }
}

#[test]
fn a_bad_address_does_not_touch_the_block_around_it() {
    let events = run(&[CONNECT, "CLIENT:ADDRESS,x", "CLIENT:ENV,a=1", END]);
    assert!(matches!(events.as_slice(), [Event::Malformed(_), Event::Client(_)]), "{events:?}");
}

#[test]
fn a_block_over_the_line_limit_is_dropped_once() {
    let mut lines = vec![CONNECT];
    lines.extend(vec!["CLIENT:ENV,a=1"; Assembler::MAX_ENV_LINES]);
    lines.push(END);
    assert!(matches!(run(&lines).as_slice(), [Event::Client(_)]));
    lines.insert(1, "CLIENT:ENV,a=1");
    lines.insert(1, "CLIENT:ENV,a=1");
    lines.extend([CONNECT, END]);
    let events = run(&lines);
    let [over, Event::Client(_)] = events.as_slice() else { panic!("{}", events.len()) };
    assert_eq!(problem(over), "its ENV block is too large");
}

#[test]
fn a_block_over_the_byte_limit_is_dropped_once() {
    let big = format!("CLIENT:ENV,a={}", "x".repeat(Assembler::DEFAULT_ENV_LIMIT / 2));
    let events = run(&[CONNECT, &big, &big, &big, END, "HOLD:Waiting for hold release:0"]);
    assert!(matches!(events.as_slice(), [Event::Malformed(_), Event::Hold(_)]), "{events:?}");
}

#[test]
fn a_block_may_hold_256_kib_where_nothing_else_is_said() {
    // 12 are what its one line costs.
    for (length, fits) in [(262_144 - 12, true), (262_144 - 11, false)] {
        let line = format!("CLIENT:ENV,a={}", "x".repeat(length - "a=".len()));
        let events = run(&[CONNECT, &line, END]);
        assert_eq!(matches!(events.as_slice(), [Event::Client(_)]), fits, "{length}");
    }
}

#[test]
fn each_line_that_may_hold_a_secret_is_marked() {
    for line in [
        ">CLIENT:ENV,password=x",
        ">CLIENT:ENV,UV_otp_code=x",
        ">CLIENT:CR_RESPONSE,0,1,MQ==",
        ">CLIENT:CONNECT,0,1,x",
        ">PASSWORD:Auth-Token:x",
        ">PASSWORD:Verification Failed: 'Auth' ['CRV1:R:x:dQ==:PIN']",
        ">INFOMSG:WEB_AUTH::https://x/",
        ">LOG:1,D,MANAGEMENT: CMD 'password x'",
        "ERROR: unknown command: password",
    ] {
        assert!(Assembler::may_hold_secret(line.as_bytes()), "{line}");
    }
    for line in [
        ">CLIENT:ENV,username=x",
        ">CLIENT:CONNECT,0,1",
        ">CLIENT:ADDRESS,0,10.8.0.2,1",
        ">STATE:1,CONNECTED,SUCCESS,,,,,",
        ">LOG:1,I,x",
        "SUCCESS: pid=1",
    ] {
        assert!(!Assembler::may_hold_secret(line.as_bytes()), "{line}");
    }
}
