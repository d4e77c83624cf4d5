use super::super::tests::{malformed, parse};
use super::*;
use crate::events::Event;

fn state(body: &str) -> State {
    match parse(&format!("STATE:{body}")) {
        Event::State(state) => state,
        other => panic!("{other:?}"),
    }
}

#[test]
fn connected_has_addresses() {
    let state =
        state("1795332308,CONNECTED,SUCCESS,10.99.70.2,127.0.0.1,16070,10.0.0.9,4242,fd00::2");
    assert_eq!(state.time, 1_795_332_308);
    assert_eq!(state.name, StateName::Connected);
    assert_eq!(state.detail, Some("SUCCESS".into()));
    assert_eq!(state.local_ipv4, Some("10.99.70.2".parse().unwrap()));
    assert_eq!(state.remote_addr, Some("127.0.0.1".parse().unwrap()));
    assert_eq!(state.remote_port, Some(16070));
    assert_eq!(state.local_addr, Some("10.0.0.9".parse().unwrap()));
    assert_eq!(state.local_port, Some(4242));
    assert_eq!(state.local_ipv6, Some("fd00::2".parse().unwrap()));
    assert!(state.extra.is_empty());
    assert_eq!(
        state.to_string(),
        "CONNECTED SUCCESS, local 10.99.70.2, local fd00::2, remote 127.0.0.1:16070"
    );
}

#[test]
fn empty_fields_are_none() {
    let state = state("1,WAIT,,,,,,");
    assert_eq!((state.time, &state.name, &state.detail), (1, &StateName::Wait, &None));
    assert_eq!((state.local_ipv4, state.remote_addr, state.remote_port), (None, None, None));
    assert_eq!((state.local_addr, state.local_port, state.local_ipv6), (None, None, None));
    assert_eq!(state.to_string(), "WAIT");
}

#[test]
fn old_daemons_send_fewer_fields() {
    assert_eq!(state("1,WAIT,,").local_ipv4, None);
    let five = state("1,CONNECTED,SUCCESS,10.8.0.2,1.2.3.4");
    assert_eq!(five.remote_addr, Some("1.2.3.4".parse().unwrap()));
    assert_eq!(five.remote_port, None);
    assert_eq!(five.to_string(), "CONNECTED SUCCESS, local 10.8.0.2, remote 1.2.3.4");
}

#[test]
fn newer_daemons_may_send_more() {
    let state = state("1,CONNECTED,SUCCESS,,,,,,,new,,last");
    assert_eq!(state.extra, [Text::from("new"), Text::default(), Text::from("last")]);
}

#[test]
fn the_remote_may_be_ipv6() {
    let state = state("1,CONNECTED,SUCCESS,10.8.0.2,fe80::1%eth0,1194,::1,1");
    assert_eq!(state.remote_addr, Some("fe80::1".parse().unwrap()));
    assert_eq!(state.remote_scope, Some("eth0".into()));
    assert_eq!((state.local_addr, state.local_scope), (Some("::1".parse().unwrap()), None));
}

#[test]
fn every_name_is_known_and_others_are_kept() {
    let names = "INITIAL CONNECTING WAIT AUTH GET_CONFIG ASSIGN_IP ADD_ROUTES CONNECTED \
                 RECONNECTING EXITING RESOLVE TCP_CONNECT AUTH_PENDING";
    for name in names.split_whitespace() {
        let state = state(&format!("1,{name},,"));
        assert!(!matches!(state.name, StateName::Unknown(_)), "{name}");
        assert_eq!(state.name.to_string(), name);
    }
    assert_eq!(state("1,?,,").name, StateName::Unknown("?".into()));
    assert_eq!(state("1,Wait,,").name, StateName::Unknown("Wait".into()));
}

#[test]
fn what_does_not_parse_is_malformed() {
    for body in ["", "1", "1,", "1,WAIT", "1,WAIT,", "x,WAIT,,", ",WAIT,,", "1,,,", "-1,WAIT,,"] {
        malformed(&format!("STATE:{body}"));
    }
    for bad in [
        "x,,,,",
        "10.0.0,,,,",
        "::1,,,,",
        ",host,,,",
        ",1.2.3.4%eth0,,,",
        ",,port,,",
        ",,65536,,",
        ",,+1,,",
        ",,,x,",
        ",,,,x",
        ",,,,,10.0.0.1",
    ] {
        malformed(&format!("STATE:1,CONNECTED,SUCCESS,{bad}"));
    }
}

#[test]
fn rows_are_bodies() {
    let row = State::parse_row(&Bytes::from_static(b"1,WAIT,,,,,,")).unwrap();
    assert_eq!(row, state("1,WAIT,,,,,,"));
    assert!(State::parse_row(&Bytes::from_static(b"END")).is_err());
}
