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
    assert_eq!(state.detail(), Some("SUCCESS".into()));
    assert_eq!(state.local_ipv4(), Some("10.99.70.2".parse().unwrap()));
    assert_eq!(state.remote_addr(), Some("127.0.0.1".parse().unwrap()));
    assert_eq!(state.remote_port(), Some(16070));
    assert_eq!(state.local_addr(), Some("10.0.0.9".parse().unwrap()));
    assert_eq!(state.local_port(), Some(4242));
    assert_eq!(state.local_ipv6(), Some("fd00::2".parse().unwrap()));
    assert_eq!(state.extra().count(), 0);
    assert_eq!(
        state.to_string(),
        "CONNECTED SUCCESS, local 10.99.70.2, local fd00::2, remote 127.0.0.1:16070"
    );
}

#[test]
fn empty_fields_are_none() {
    let state = state("1,WAIT,,,,,,");
    assert_eq!((state.time, &state.name, state.detail()), (1, &StateName::Wait, None));
    assert_eq!((state.local_ipv4(), state.remote_addr(), state.remote_port()), (None, None, None));
    assert_eq!((state.local_addr(), state.local_port(), state.local_ipv6()), (None, None, None));
    assert_eq!(state.to_string(), "WAIT");
}

#[test]
fn old_daemons_send_fewer_fields() {
    assert_eq!(state("1,WAIT,,").local_ipv4(), None);
    let five = state("1,CONNECTED,SUCCESS,10.8.0.2,1.2.3.4");
    assert_eq!(five.remote_addr(), Some("1.2.3.4".parse().unwrap()));
    assert_eq!(five.remote_port(), None);
    assert_eq!(five.to_string(), "CONNECTED SUCCESS, local 10.8.0.2, remote 1.2.3.4");
}

#[test]
fn newer_daemons_may_send_more() {
    let state = state("1,CONNECTED,SUCCESS,,,,,,,new,,last");
    assert_eq!(state.extra().collect::<Vec<_>>(), [&b"new"[..], b"", b"last"]);
    assert_eq!(self::state("1,CONNECTED,SUCCESS,,,,,,,").extra().collect::<Vec<_>>(), [b""]);
}

#[test]
fn the_remote_may_be_ipv6() {
    let state = state("1,CONNECTED,SUCCESS,10.8.0.2,fe80::1%eth0,1194,::1,1");
    assert_eq!(state.remote_addr(), Some("fe80::1".parse().unwrap()));
    assert_eq!(state.remote_scope(), Some("eth0".into()));
    assert_eq!((state.local_addr(), state.local_scope()), (Some("::1".parse().unwrap()), None));
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
    for body in ["", "1", "1,", "x,WAIT,,", ",WAIT,,", "1,,,", "-1,WAIT,,", "1 ,WAIT,,"] {
        malformed(&format!("STATE:{body}"));
    }
}

#[test]
fn a_name_alone_is_a_state() {
    for body in ["1,WAIT", "1,WAIT,"] {
        let state = state(body);
        assert_eq!((state.time, &state.name, state.detail()), (1, &StateName::Wait, None));
        assert_eq!((state.fields().count(), state.unread().count()), (0, 0));
    }
}

fn unread(state: &State) -> Vec<(StateField, &str)> {
    state.unread().map(|(field, text)| (field, std::str::from_utf8(text).unwrap())).collect()
}

#[test]
fn what_can_be_read_is_kept_and_the_rest_left_unread() {
    let restart = state("123,RECONNECTING,SIGHUP,,,extra");
    assert_eq!((restart.time, &restart.name), (123, &StateName::Reconnecting));
    assert_eq!((restart.detail(), restart.remote_port()), (Some("SIGHUP".into()), None));
    assert_eq!(unread(&restart), [(StateField::RemotePort, "extra")]);

    let named = state(
        "1665095205,CONNECTED,SUCCESS,192.168.20.4,server.example.com,2023,192.168.1.100,1234",
    );
    assert_eq!((named.time, named.detail()), (1_665_095_205, Some("SUCCESS".into())));
    assert_eq!(named.local_ipv4(), Some("192.168.20.4".parse().unwrap()));
    assert_eq!((named.remote_addr(), named.remote_port()), (None, Some(2023)));
    assert_eq!(named.local_addr(), Some("192.168.1.100".parse().unwrap()));
    assert_eq!(named.local_port(), Some(1234));
    assert_eq!(unread(&named), [(StateField::RemoteAddr, "server.example.com")]);

    let ports = state("1711000000,CONNECTED,SUCCESS,10.0.0.2,1.2.3.4,abc,192.168.1.5,xyz,");
    assert_eq!(ports.remote_addr(), Some("1.2.3.4".parse().unwrap()));
    assert_eq!(ports.local_addr(), Some("192.168.1.5".parse().unwrap()));
    assert_eq!((ports.remote_port(), ports.local_port(), ports.local_ipv6()), (None, None, None));
    let texts = [(StateField::RemotePort, "abc"), (StateField::LocalPort, "xyz")];
    assert_eq!(unread(&ports), texts);
    let fields: Vec<_> = ports.fields().collect();
    assert_eq!(
        fields,
        "SUCCESS 10.0.0.2 1.2.3.4 abc 192.168.1.5 xyz "
            .split(' ')
            .map(str::as_bytes)
            .collect::<Vec<_>>()
    );
}

#[test]
fn no_field_that_cannot_be_read_has_a_value() {
    for (field, bad) in [
        (StateField::LocalIpv4, "x,,,,"),
        (StateField::LocalIpv4, "10.0.0,,,,"),
        (StateField::LocalIpv4, "::1,,,,"),
        (StateField::RemoteAddr, ",1.2.3.4%eth0,,,"),
        (StateField::RemotePort, ",,65536,,"),
        (StateField::RemotePort, ",,+1,,"),
        (StateField::LocalAddr, ",,,x,"),
        (StateField::LocalPort, ",,,,x"),
        (StateField::LocalIpv6, ",,,,,10.0.0.1"),
    ] {
        let state = state(&format!("1,CONNECTED,SUCCESS,{bad}"));
        assert_eq!(unread(&state), [(field, bad.trim_matches(','))]);
        assert_eq!(
            (state.local_ipv4(), state.remote_addr(), state.remote_port()),
            (None, None, None)
        );
        assert_eq!(
            (state.local_addr(), state.local_port(), state.local_ipv6()),
            (None, None, None)
        );
    }
}

#[test]
fn what_was_not_read_is_not_shown() {
    for body in ["1,WAIT,,,hunter2", "1,CONNECTED,SUCCESS,,,,,,,hunter2", "1,WAIT,x,hunter2,y"] {
        let state = state(body);
        let shown = format!("{state:?} {state:#?} {state}");
        assert!(shown.contains("WAIT") || shown.contains("CONNECTED"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert!(format!("{:?}", state("1,WAIT,,,host")).contains("unread: [RemoteAddr]"));
}

#[test]
fn a_detail_may_hold_commas_before_two_empty_fields() {
    for detail in [
        "no address, trying the next",
        "a, b, c, d, e, f, g",
        "lost 10.0.0.1,10.0.0.2",
        "lost,10.0.0.1",
        "a,",
        "a,x,",
        "a,,b",
    ] {
        let state = state(&format!("1,RESOLVE,{detail},,"));
        let whole = if detail == "a," { "a" } else { detail };
        assert_eq!(state.detail(), Some(whole.into()), "{detail}");
        assert_eq!((state.unread().count(), state.extra().count()), (0, 0), "{detail}");
        assert_eq!(state.fields().count(), detail.split(',').count() + 2);
    }
}

#[test]
fn fields_of_openvpn_2_are_no_detail() {
    let remote = state("1,CONNECTED,SUCCESS,10.8.0.2,vpn.example.com,1194,,");
    assert_eq!((remote.detail(), remote.remote_port()), (Some("SUCCESS".into()), Some(1194)));
    let assigned = state("1,ASSIGN_IP,,10.8.0.2,,,,");
    assert_eq!((assigned.detail(), assigned.local_ipv4().is_some()), (None, true));
    let named = state("1,TCP_CONNECT,,,vpn.example.com,1194,,");
    assert_eq!((named.detail(), named.remote_port()), (None, Some(1194)));
    assert_eq!(unread(&named), [(StateField::RemoteAddr, "vpn.example.com")]);
}

#[test]
fn a_name_that_can_be_no_states_counts_as_a_restart() {
    for (body, restart) in [
        ("1,RECONNECTING,SIGHUP,,,extra", true),
        ("1,RECONNECTING", true),
        ("1,Reconnecting,x,,", true),
        ("x,RECONNECTING,,", true),
        ("1,,,", true),
        ("1,WAIT,,,host", false),
        ("1,?,,", false),
        ("1,NEWER_STATE,,", false),
    ] {
        assert_eq!(parse(&format!("STATE:{body}")).may_be_restart(), restart, "{body}");
    }
}

#[test]
fn rows_are_bodies() {
    let row = State::read_row(&Bytes::from_static(b"1,WAIT,,,,,,")).unwrap();
    assert_eq!(row, state("1,WAIT,,,,,,"));
    assert!(State::read_row(&Bytes::from_static(b"END")).is_err());
}

#[test]
fn the_scope_of_a_local_address_is_its_own() {
    let state = state("1,CONNECTED,SUCCESS,10.8.0.2,1.2.3.4,1194,fe80::2%eth1,1");
    assert_eq!(state.local_addr(), Some("fe80::2".parse().unwrap()));
    assert_eq!(state.local_scope(), Some("eth1".into()));
}

#[test]
fn a_line_out_of_its_form_may_be_a_restart_where_it_does_not_name_another_state() {
    for (line, expected) in [
        ("STATE:x,RECONNECTING,,", true),
        ("STATE:x,CONNECTED,SUCCESS", false),
        ("STATE:x,EXITING", false),
        ("STATE:x,?", false),
        ("STATE:x,connected", true),
        ("STATE:x,", true),
        ("STATE:x", true),
        ("STATE", false),
        ("LOG:x,RECONNECTING", false),
    ] {
        assert_eq!(may_be_restart(line.as_bytes()), expected, "{line}");
    }
}
