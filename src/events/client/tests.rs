use super::super::tests::{malformed, parse};
use super::*;
use crate::events::{Assembler, Event};
use crate::types::MacAddress;

fn client(lines: &[&str]) -> ClientEvent {
    let (mut assembler, mut events) = (Assembler::new(), Vec::new());
    assembler.set_env_trusted(true);
    for line in lines {
        let line = Bytes::copy_from_slice(format!("CLIENT:{line}").as_bytes());
        assembler.push(&line, &mut |event| events.push(event));
    }
    assembler.finish(&mut |event| events.push(event));
    match events.as_slice() {
        [Event::Client(client)] => client.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn blocks() {
    let connect =
        client(&["CONNECT,18446744073709551615,4294967295", "ENV,common_name=alice", "ENV,END"]);
    assert!(matches!(&connect, ClientEvent::Connect { env, .. } if env.len() == 1));
    assert_eq!((connect.cid(), connect.kid()), (Cid(u64::MAX), Some(Kid(u32::MAX))));
    assert_eq!(connect.to_string(), "client 18446744073709551615 (alice) connects");

    let reauth = client(&["REAUTH,0,2", "ENV,username=bob", "ENV,END"]);
    assert!(matches!(reauth, ClientEvent::Reauth { kid: Kid(2), .. }));
    assert_eq!(reauth.to_string(), "client 0 (bob) authenticates again");

    let established = client(&["ESTABLISHED,7", "ENV,a=b", "ENV,END"]);
    assert!(matches!(established, ClientEvent::Established { cid: Cid(7), .. }));
    assert_eq!(established.kid(), None);
}

#[test]
fn a_disconnect_may_have_no_env() {
    let disconnect = client(&["DISCONNECT,3", "ENV,END"]);
    assert!(matches!(&disconnect, ClientEvent::Disconnect { env, .. } if env.is_empty()));
    assert_eq!(disconnect.to_string(), "client 3 disconnected");
}

#[test]
fn fields_behind_the_known_ones_are_kept() {
    for (line, extra) in [
        ("DISCONNECT,1,4", "4"),
        ("ESTABLISHED,1,", ""),
        ("CONNECT,1,2,x,y", "x,y"),
        ("REAUTH,1,2,x", "x"),
        ("ADDRESS,1,10.8.0.2,0,x", "x"),
    ] {
        let lines = if line.starts_with("ADDRESS") { &[line][..] } else { &[line, "ENV,END"] };
        let event = client(lines);
        let kept = event.extra().and_then(SecretText::expose);
        assert_eq!((event.cid(), kept), (Cid(1), Some(extra.as_bytes())), "{line}");
        assert!(event.kid().is_none_or(|kid| kid == Kid(2)), "{line}");
        let event = event.withhold_secrets();
        let withheld = event.extra().map(|extra| (extra.expose(), extra.len()));
        assert_eq!((event.cid(), withheld), (Cid(1), Some((None, extra.len()))), "{line}");
    }
    assert_eq!(client(&["DISCONNECT,1", "ENV,END"]).extra(), None);
}

#[test]
fn responses_are_decoded_on_demand() {
    let answer = client(&["CR_RESPONSE,0,1,MTIzNDU2", "ENV,END"]);
    let ClientEvent::CrResponse { kid: Kid(1), response, .. } = &answer else { panic!() };
    assert_eq!(response.raw().expose_str(), Some("MTIzNDU2"));
    assert_eq!(response.decode().unwrap().expose(), b"123456");
    assert!(!format!("{answer:?} {answer}").contains("MTIz"));

    let answer = client(&["CR_RESPONSE,0,1,not,base64", "ENV,END"]);
    let ClientEvent::CrResponse { response, .. } = answer else { panic!() };
    assert_eq!(response.raw().expose_str(), Some("not,base64"));
    assert_eq!(response.decode().unwrap_err().to_string(), "`response` is not base64");
}

#[test]
fn a_response_that_the_request_has_is_withheld() {
    let answer = client(&["CR_RESPONSE,0,1,MTIzNDU2", "ENV,END"]).withhold_secrets();
    let ClientEvent::CrResponse { kid: Kid(1), response, .. } = &answer else { panic!() };
    assert_eq!((response.raw().expose(), response.raw().len()), (None, 8));
    let error = response.decode().unwrap_err();
    assert!(error.is_withheld() && !error.is_untrusted(), "{error}");
}

#[test]
fn addresses() {
    let address = |text: &str| match client(&[&format!("ADDRESS,0,{text},1")]) {
        ClientEvent::Address { address, primary: true, .. } => {
            let masked = text.ends_with("/255.255.0.0");
            assert!(masked || address.to_string() == text);
            address
        }
        other => panic!("{other:?}"),
    };
    let ip = |ip: &str| ip.parse().unwrap();
    assert_eq!(address("10.8.0.2"), VirtualAddress::Ip(ip("10.8.0.2")));
    assert_eq!(address("fd00::2"), VirtualAddress::Ip(ip("fd00::2")));
    assert_eq!(
        address("10.8.0.0/24"),
        VirtualAddress::Network { address: ip("10.8.0.0"), prefix_len: 24 }
    );
    assert_eq!(
        address("fd00::/64"),
        VirtualAddress::Network { address: ip("fd00::"), prefix_len: 64 }
    );
    let masked = VirtualAddress::Network { address: ip("10.1.0.0"), prefix_len: 16 };
    assert_eq!(address("10.1.0.0/255.255.0.0"), masked);
    let mac = MacAddress([0xaa, 0xbb, 0xcc, 0, 1, 2]);
    assert_eq!(address("aa:bb:cc:00:01:02"), VirtualAddress::Mac { address: mac, vlan: None });
    let vlan = Some(0);
    assert_eq!(address("aa:bb:cc:00:01:02@0"), VirtualAddress::Mac { address: mac, vlan });
    for other in [
        "x",
        "10.8.0.0/33",
        "fd00::/129",
        "fd00::/255.0.0.0",
        "10.0.0.0/",
        "aa:bb:cc:00:01",
        "+a:bb:cc:00:01:02",
    ] {
        assert!(matches!(address(other), VirtualAddress::Other(_)), "{other}");
    }
}

#[test]
fn an_address_may_be_secondary() {
    let event = client(&["ADDRESS,5,10.1.0.0/16,0"]);
    assert!(matches!(event, ClientEvent::Address { cid: Cid(5), primary: false, .. }));
    assert_eq!(event.to_string(), "client 5 has address 10.1.0.0/16");
}

#[test]
fn what_does_not_parse_is_malformed() {
    for body in [
        "ADDRESS",
        "ADDRESS,0",
        "ADDRESS,0,10.8.0.2",
        "ADDRESS,0,10.8.0.2,",
        "ADDRESS,0,10.8.0.2,2",
        "ADDRESS,x,10.8.0.2,1",
        "ADDRESS,0,,1",
    ] {
        malformed(&format!("CLIENT:{body}"));
    }
}

#[test]
fn a_part_of_a_block_is_no_event() {
    malformed("CLIENT:CONNECT,0,1");
    malformed("CLIENT:ENV,password=x");
    assert!(matches!(parse("CLIENT:NEW,0"), Event::Unknown(_)));
}

#[test]
fn first_lines_of_known_fields_alone_are_known_to_hold_no_secret() {
    for (body, expected) in [
        ("CONNECT,1,2", true),
        ("REAUTH,1,2", true),
        ("ESTABLISHED,1", true),
        ("DISCONNECT,1", true),
        ("ADDRESS,1,hunter2", true),
        ("CONNECT,1", false),
        ("CONNECT,1,x", false),
        ("REAUTH,1,2,3", false),
        ("ESTABLISHED,1,2", false),
        ("DISCONNECT,x", false),
        ("CR_RESPONSE,1,2", false),
        ("ESTABLISHED", true),
    ] {
        assert_eq!(is_plain(body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn the_text_of_an_address_is_kept_where_it_is_shown_by_another() {
    for (text, is_kept) in [
        ("10.8.0.2", false),
        ("10.8.0.0/24", false),
        ("aa:bb:cc:00:01:02@0", false),
        ("anything", false),
        ("10.1.0.0/255.255.0.0", true),
        // What is shown, `/1`, is where it begins.
        ("128.0.0.0/128.0.0.0", true),
    ] {
        let (address, kept) = address::read_address(text.into());
        assert_eq!(kept.is_some(), is_kept, "{address}");
    }
}
