#[cfg(feature = "serde")]
mod json;
mod written;

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::reply::tests::read_back;
use crate::types::{Cid, MacAddress, Protocol, VirtualAddress};

/// The lines of `text`, as the demuxer would give them: slices of one buffer.
fn block(text: &str) -> RawReply {
    let whole = Bytes::from(text.to_owned());
    let lines = std::str::from_utf8(&whole).unwrap().lines();
    let lines = lines.map(|line| whole.slice_ref(line.as_bytes()));
    RawReply::block(lines.collect())
}

fn server(text: &str) -> ServerStatus {
    match Status::parse(&block(text)).unwrap() {
        Status::Server(status) => status,
        Status::Client(statistics) => panic!("{statistics:?}"),
    }
}

fn statistics(text: &str) -> ClientStatistics {
    match Status::parse(&block(text)).unwrap() {
        Status::Client(statistics) => statistics,
        Status::Server(status) => panic!("{status:?}"),
    }
}

fn shown(values: &[Text]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

const V1_2_6: &str = "OpenVPN CLIENT LIST
Updated,2026-11-22 07:24:02
Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since
alice,127.0.0.1:59635,2990,3156,2026-11-22 07:23:59
ROUTING TABLE
Virtual Address,Common Name,Real Address,Last Ref
10.99.60.2,alice,127.0.0.1:59635,2026-11-22 07:24:00
GLOBAL STATS
Max bcast/mcast queue length,1";

const V2_2_5: &str = "TITLE,OpenVPN 2.5.1 x86_64-pc-linux-gnu [SSL (OpenSSL)] built on May 14 2021
TIME,2026-11-22 07:26:59,1795332419
HEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Virtual IPv6 Address,\
Bytes Received,Bytes Sent,Connected Since,Connected Since (time_t),Username,Client ID,Peer ID,\
Data Channel Cipher
CLIENT_LIST,alice,127.0.0.1:38887,10.99.0.2,,2908,3050,2026-11-22 07:26:55,1795332415,\
al ice,0,0,AES-256-GCM
HEADER,ROUTING_TABLE,Virtual Address,Common Name,Real Address,Last Ref,Last Ref (time_t)
ROUTING_TABLE,10.99.0.2,alice,127.0.0.1:38887,2026-11-22 07:26:56,1795332416
GLOBAL_STATS,Max bcast/mcast queue length,1";

const V3_2_7: &str = "TITLE\tOpenVPN 2.7.8 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [DCO]
TIME\t2026-11-22 17:22:43\t1795368163
HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\t\
Bytes Received\tBytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\tClient ID\t\
Peer ID\tData Channel Cipher
CLIENT_LIST\ta, 'b'\tudp6:127.0.0.1:44109\t10.78.0.2\tfd78::1000\t2918\t3038\t\
2026-11-22 17:22:38\t1795368158\tUNDEF\t7\t3\tAES-256-GCM
CLIENT_LIST\tUNDEF\tudp6:[::1]:5000\t\t\t10\t20\t2026-11-22 17:22:40\t1795368160\tUNDEF\t8\t4\t
HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\tLast Ref (time_t)
ROUTING_TABLE\t10.78.0.2\ta, 'b'\tudp6:127.0.0.1:44109\t2026-11-22 17:22:38\t1795368158
ROUTING_TABLE\tfd79::/64\ta, 'b'\tudp6:127.0.0.1:44109\t2026-11-22 17:22:38\t1795368158
ROUTING_TABLE\t10.79.0.5C\ta, 'b'\tudp6:127.0.0.1:44109\t2026-11-22 17:22:42\t1795368162
ROUTING_TABLE\t02:a0:5e:fb:10:81@0\ta, 'b'\t::1\t2026-11-22 17:20:13\t1795368013
GLOBAL_STATS\tMax bcast/mcast queue length\t1
GLOBAL_STATS\tdco_enabled\t0";

const STATISTICS_2_6: &str = "OpenVPN STATISTICS
Updated,2026-11-22 07:24:03
TUN/TAP read bytes,0
TUN/TAP write bytes,7
TCP/UDP read bytes,3182
TCP/UDP write bytes,3004
Auth read bytes,48";

#[test]
fn format_1_of_2_6() {
    let status = server(V1_2_6);
    assert_eq!(status.title, None);
    let time = status.time.as_ref().unwrap();
    assert_eq!(time.text, "2026-11-22 07:24:02");
    assert_eq!(time.unix, None);
    let [alice] = status.clients.as_slice() else { panic!() };
    assert_eq!(alice.common_name().unwrap(), "alice");
    assert_eq!(alice.real_address().port, Some(59635));
    assert_eq!((alice.bytes_received(), alice.bytes_sent()), (2990, 3156));
    assert_eq!(alice.connected_since().text, "2026-11-22 07:23:59");
    assert_eq!((alice.cid(), alice.username()), (None, None));
    let [route] = status.routes.as_slice() else { panic!() };
    let address = VirtualAddress::Ip([10, 99, 60, 2].into());
    assert_eq!(route.virtual_address(), address);
    assert_eq!(route.last_ref().text, "2026-11-22 07:24:00");
    assert_eq!(status.max_bcast_mcast_queue_len(), Some(1));
    assert_eq!(status.dco_enabled(), None);
    assert!(status.unparsed.is_empty());
}

#[test]
fn format_2_of_2_5() {
    let status = server(V2_2_5);
    let title = status.title.as_ref().unwrap().to_string();
    assert!(title.starts_with("OpenVPN 2.5.1") && title.ends_with("2021"));
    assert_eq!(status.time.as_ref().unwrap().unix, Some(1_795_332_419));
    let [alice] = status.clients.as_slice() else { panic!() };
    assert_eq!(alice.username().unwrap(), "al ice");
    assert_eq!((alice.cid(), alice.peer_id()), (Some(Cid(0)), Some(0)));
    assert_eq!(alice.cipher().unwrap(), "AES-256-GCM");
    assert_eq!(alice.virtual_ipv6(), None);
    assert_eq!(status.routes[0].last_ref().unix, Some(1_795_332_416));
    assert!(status.unparsed.is_empty());
}

#[test]
fn format_2_of_older_daemons() {
    let v2_4 = "TITLE,OpenVPN 2.4.6 x86_64-redhat-linux-gnu [SSL (OpenSSL)]
TIME,Tue Jun  5 12:53:27 2018,1528203207
HEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Virtual IPv6 Address,\
Bytes Received,Bytes Sent,Connected Since,Connected Since (time_t),Username,Client ID,Peer ID
CLIENT_LIST,bob,2001:db8::7,10.1.0.2,,15614,16925,Tue Jun  5 12:38:22 2018,1528202302,UNDEF,4,1";
    let status = server(v2_4);
    let bob = &status.clients[0];
    assert_eq!(bob.real_address().ip, "2001:db8::7".parse().ok());
    assert_eq!((bob.cid(), bob.cipher()), (Some(Cid(4)), None));
    assert_eq!(bob.connected_since().text, "Tue Jun  5 12:38:22 2018");
    assert!(status.unparsed.is_empty());

    let columns = [",Virtual IPv6 Address", ",Username,Client ID,Peer ID", ",UNDEF,4,1"];
    let older = columns.iter().fold(v2_4.to_owned(), |text, part| text.replace(part, ""));
    let status = server(&older.replace(",10.1.0.2,,", ",10.1.0.2,"));
    let bob = &status.clients[0];
    assert_eq!((bob.cid(), bob.peer_id(), bob.username()), (None, None, None));
    assert_eq!(bob.connected_since().unix, Some(1_528_202_302));
    assert!(status.unparsed.is_empty());
}

#[test]
fn format_3_of_2_7() {
    let status = server(V3_2_7);
    let [a, undef] = status.clients.as_slice() else { panic!() };
    assert_eq!(a.common_name().unwrap(), "a, 'b'");
    assert_eq!(a.real_address().protocol, Some(Protocol::Udp6));
    assert_eq!(a.real_address().ip, Some([127, 0, 0, 1].into()));
    assert_eq!(a.virtual_address(), Some(VirtualAddress::Ip([10, 78, 0, 2].into())));
    assert_eq!(a.virtual_ipv6().unwrap().to_string(), "fd78::1000");
    assert_eq!(a.connected_since().unix, Some(1_795_368_158));
    assert_eq!(a.username(), None);
    assert_eq!((undef.common_name(), undef.username()), (None, None));
    assert_eq!((a.admission(), undef.admission()), (Admission::Admitted, Admission::Unknown));
    assert_eq!((undef.virtual_address(), undef.cipher()), (None, None));
    assert_eq!(status.client(Cid(8)), Some(undef));
    assert_eq!(status.client(Cid(9)), None);
    assert_eq!(status.dco_enabled(), Some(false));
    assert!(status.unparsed.is_empty());
}

#[test]
fn admission_is_told_from_address_and_cipher() {
    for (address, cipher, admission) in [
        ("10.8.0.2\t", "AES-256-GCM", Admission::Admitted),
        ("\tfd00::7", "AES-256-GCM", Admission::Admitted),
        ("\t", "BF-CBC", Admission::Waiting),
        ("10.8.0.2\t", "BF-CBC", Admission::Unknown),
        ("\t", "AES-256-GCM", Admission::Unknown),
        ("\t", "", Admission::Unknown),
        ("10.8.0.2\t", "", Admission::Unknown),
    ] {
        let text = V3_2_7.replace("10.78.0.2\tfd78::1000", address).replace("AES-256-GCM", cipher);
        let client = &server(&text).clients[0];
        assert_eq!(client.admission(), admission, "{address:?} {cipher}");
    }
    assert_eq!(server(V1_2_6).clients[0].admission(), Admission::Unknown);
    assert_eq!(server(V2_2_5).clients[0].admission(), Admission::Admitted);
}

#[test]
fn a_client_that_sends_frames_is_in() {
    let text = V3_2_7.replace("10.78.0.2\tfd78::1000", "\t").replace("AES-256-GCM", "BF-CBC");
    assert_eq!(server(&text).clients[0].admission(), Admission::Waiting);
    let frames = "02:a0:5e:fb:10:81@0\ta, 'b'\t";
    let led_to =
        |address: &str| text.replace(&format!("{frames}::1\t"), &format!("{frames}{address}\t"));
    let status = server(&led_to("udp6:127.0.0.1:44109"));
    assert_eq!(status.clients[0].admission(), Admission::Admitted);
    assert_eq!(status.clients[1].admission(), Admission::Unknown);
    let status = server(&led_to("udp6:127.0.0.1:44110"));
    assert_eq!(status.clients[0].admission(), Admission::Waiting);
    // Without a port it may be another client's.
    let status = server(&led_to("::1").replace("udp6:127.0.0.1:44109", "::1"));
    assert_eq!(status.clients[0].admission(), Admission::Waiting);
}

#[test]
fn routes_of_every_kind() {
    let status = server(V3_2_7);
    let routes = status.routes.iter();
    let addresses: Vec<_> =
        routes.map(|route| (route.virtual_address(), route.is_cached())).collect();
    let network = VirtualAddress::Network { address: "fd79::".parse().unwrap(), prefix_len: 64 };
    let mac = VirtualAddress::Mac {
        address: MacAddress([0x02, 0xa0, 0x5e, 0xfb, 0x10, 0x81]),
        vlan: Some(0),
    };
    let host = VirtualAddress::Ip([10, 78, 0, 2].into());
    let cached = VirtualAddress::Ip([10, 79, 0, 5].into());
    let expected = [(host, false), (network, false), (cached, true), (mac, false)];
    assert_eq!(addresses, expected);
}

#[test]
fn a_strange_address_keeps_its_c() {
    let text = V1_2_6.replace("\n10.99.60.2,", "\nMUSICC,");
    let route = server(&text).routes.remove(0);
    assert_eq!(route.virtual_address(), VirtualAddress::Other("MUSICC".into()));
    assert!(!route.is_cached());
}

#[test]
fn statistics_of_a_client() {
    let statistics = statistics(STATISTICS_2_6);
    assert_eq!(statistics.updated.unwrap().text, "2026-11-22 07:24:03");
    assert_eq!(statistics.tun_tap_read_bytes, Some(0));
    assert_eq!(statistics.tun_tap_write_bytes, Some(7));
    assert_eq!(statistics.tcp_udp_read_bytes, Some(3182));
    assert_eq!(statistics.tcp_udp_write_bytes, Some(3004));
    assert_eq!(statistics.auth_read_bytes, Some(48));
    assert_eq!(statistics.pre_compress_bytes, None);
    assert!(statistics.other.is_empty() && statistics.unparsed.is_empty());
}

#[test]
fn unknown_and_broken_counters_are_kept() {
    let text = "OpenVPN STATISTICS\npre-compress bytes,5\nNew bytes,9\nAuth read bytes,x\n\n?";
    let statistics = statistics(text);
    assert_eq!(statistics.pre_compress_bytes, Some(5));
    assert_eq!(statistics.auth_read_bytes, None);
    assert_eq!(statistics.other, [("New bytes".into(), "9".into())]);
    assert_eq!(shown(&statistics.unparsed), ["Auth read bytes,x", "", "?"]);
}

#[test]
fn a_comma_in_a_name_is_not_guessed_at() {
    for format in [V1_2_6, V2_2_5] {
        let status = server(&format.replace("alice", "al,ice"));
        assert!(status.clients.is_empty() && status.routes.is_empty());
        assert_eq!(status.unparsed.len(), 2);
        assert!(shown(&status.unparsed)[0].contains("al,ice"));
    }
}

#[test]
fn a_row_with_a_broken_number_is_kept_whole() {
    for (good, bad) in
        [("\t2918\t", "\t29x8\t"), ("\t7\t3\t", "\t7\t-3\t"), ("\t1795368158\t", "\t1e9\t")]
    {
        let status = server(&V3_2_7.replace(good, bad));
        assert_eq!(status.clients.len(), 1, "{bad}");
        assert!(shown(&status.unparsed)[0].contains(bad));
    }
    let status = server(&V3_2_7.replace("\t1795368163", "\tnow"));
    assert_eq!(status.time, None);
    assert_eq!(shown(&status.unparsed), ["TIME\t2026-11-22 17:22:43\tnow"]);
}

#[test]
fn columns_are_found_by_name() {
    let text = "TITLE\tOpenVPN 2.9\n\
        HEADER\tCLIENT_LIST\tBytes Sent\tNew\tCommon Name\tReal Address\tBytes Received\tConnected Since\tNew\tCommon Name\n\
        CLIENT_LIST\t2\tx\talice\t1.2.3.4:5\t1\tnow\ty\tbob";
    let status = server(text);
    let alice = &status.clients[0];
    assert_eq!(alice.common_name().unwrap(), "alice");
    assert_eq!((alice.bytes_received(), alice.bytes_sent()), (1, 2));
    assert_eq!((alice.cid(), alice.username(), alice.cipher()), (None, None, None));
    let other = [("New", "x"), ("New", "y"), ("Common Name", "bob")];
    assert_eq!(alice.other(), other.map(|(name, value)| (name.into(), value.into())));
}

#[test]
fn columns_that_are_not_known_are_kept_in_every_format() {
    let other = [("New".into(), "x".into()), ("Newer".into(), Text::default())];
    let v1 = V1_2_6.replace(",Bytes Received", ",New,Bytes Received,Newer");
    let status = server(&v1.replace(",2990,3156", ",x,2990,,3156"));
    assert_eq!(status.clients[0].other(), other);
    let v2 = V2_2_5.replace(",Last Ref,", ",New,Newer,Last Ref,");
    let status = server(&v2.replace(",2026-11-22 07:26:56,", ",x,,2026-11-22 07:26:56,"));
    assert_eq!(status.routes[0].other(), other);
    assert_eq!(status.clients[0].other(), []);
}

#[test]
fn rows_are_equal_where_they_say_the_same() {
    let v2 = server(V2_2_5);
    let v3 = server(&V2_2_5.replace(',', "\t"));
    assert_eq!((&v2.clients, &v2.routes), (&v3.clients, &v3.routes));
    let other = server(&V2_2_5.replace("AES-256-GCM", "AES-128-GCM"));
    assert_ne!(v2.clients, other.clients);
    assert!(format!("{:?}", v2.clients[0]).contains(r#"cipher: Some("AES-256-GCM")"#));
}

#[test]
fn a_row_is_light() {
    assert!(size_of::<StatusClient>() <= 128);
    assert!(size_of::<Route>() <= 72);
}

#[test]
fn a_row_beyond_64_kib_is_kept_unread() {
    let name = "x".repeat(65_536);
    let status = server(&V3_2_7.replace("CLIENT_LIST\ta, 'b'", &format!("CLIENT_LIST\t{name}")));
    assert_eq!((status.clients.len(), status.unparsed.len()), (1, 1));
    assert!(status.unparsed[0].len() > name.len());
}

#[test]
fn rows_without_their_columns_are_kept() {
    let text = "TITLE\tx\nCLIENT_LIST\ta\nROUTING_TABLE\tb\nHEADER\tNEW\tc\nNEW\td\nHEADER\n\n\
        HEADER\tCLIENT_LIST\tCommon Name\nCLIENT_LIST\talice";
    let status = server(text);
    assert!(status.clients.is_empty() && status.routes.is_empty());
    let expected = [
        "CLIENT_LIST\ta",
        "ROUTING_TABLE\tb",
        "HEADER\tNEW\tc",
        "NEW\td",
        "HEADER",
        "",
        "CLIENT_LIST\talice",
    ];
    assert_eq!(shown(&status.unparsed), expected);
}

#[test]
fn a_row_is_never_taken_for_a_header() {
    let mut lines: Vec<_> = V1_2_6.lines().collect();
    lines.retain(|line| !line.contains("Common Name"));
    let status = server(&lines.join("\n"));
    assert!(status.clients.is_empty() && status.routes.is_empty());
    let rows = [lines[2], lines[4]];
    assert_eq!(shown(&status.unparsed), rows);
    assert_eq!(status.max_bcast_mcast_queue_len(), Some(1));
}

#[test]
fn names_like_titles_are_names() {
    let text = V1_2_6.replace("alice", "GLOBAL STATS");
    let status = server(&text);
    assert_eq!(status.clients[0].common_name(), Some("GLOBAL STATS".into()));
    assert_eq!(status.routes[0].common_name(), Some("GLOBAL STATS".into()));
    let status = server(&V1_2_6.replace("alice", "Updated"));
    assert_eq!(status.clients[0].common_name(), Some("Updated".into()));
    assert_eq!(status.time.unwrap().text, "2026-11-22 07:24:02");
}

#[test]
fn bytes_that_are_not_utf8_are_kept() {
    let lines = STATUS_LATIN_1.split(|&byte| byte == b'\n');
    let reply = RawReply::block(lines.map(Bytes::from_static).collect());
    let status = Status::parse(&reply).unwrap();
    let client = &status.as_server().unwrap().clients[0];
    assert_eq!(client.common_name().unwrap().as_bytes(), b"caf\xe9");
}

const STATUS_LATIN_1: &[u8] = b"OpenVPN CLIENT LIST\n\
    Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since\n\
    caf\xe9,1.2.3.4:5,1,2,now";

#[test]
fn an_unknown_first_line_is_an_error() {
    for text in ["", "x", "TITLE", "TITLE;x", "OpenVPN STATISTICS ", "END"] {
        let error = Status::parse(&block(text)).unwrap_err();
        assert!(error.to_string().starts_with("`status`: expected"), "{text}");
    }
    assert!(Status::parse(&RawReply::default()).is_err());
}

#[test]
fn no_prefix_panics_or_loses_a_line() {
    for text in [V1_2_6, V2_2_5, V3_2_7] {
        for end in 0..text.len() {
            let reply = block(&text[..end]);
            if let Ok(Status::Server(status)) = Status::parse(&reply) {
                assert!(lines_of(&status) >= lines_expected(&reply), "{}", &text[..end]);
            }
        }
    }
    for end in 0..STATISTICS_2_6.len() {
        let _ = Status::parse(&block(&STATISTICS_2_6[..end]));
    }
}

/// Lines that hold a client, a route or a number, wherever they went.
fn lines_of(status: &ServerStatus) -> usize {
    status.clients.len() + status.routes.len() + status.global_stats.len() + status.unparsed.len()
}

fn lines_expected(reply: &RawReply) -> usize {
    let kinds: [&[u8]; 6] =
        [b"CLIENT_LIST", b"ROUTING_TABLE", b"GLOBAL_STATS", b"alice,", b"10.", b"Max"];
    let is_row = |line: &&Bytes| kinds.iter().any(|kind| line.starts_with(kind));
    reply.lines.iter().filter(is_row).count()
}

#[test]
fn ten_thousand_clients() {
    let status = server(&large_status(10_000));
    assert!(status.unparsed.is_empty());
    assert_eq!((status.clients.len(), status.routes.len()), (10_000, 10_000));
    for (n, (client, route)) in (0_u32..).zip(status.clients.iter().zip(&status.routes)) {
        let tunnel = VirtualAddress::Ip((0x0a08_0000 + n).to_be_bytes().into());
        assert_eq!(client.common_name().unwrap().to_str().unwrap(), format!("client-{n}"));
        assert_eq!(client.real_address().ip, Some((0xc000_0000 + n).to_be_bytes().into()));
        assert_eq!(client.real_address().port.map(u32::from), Some(n));
        assert_eq!(client.virtual_address(), Some(tunnel.clone()));
        assert_eq!(client.bytes_received(), u64::from(n) * 3);
        assert_eq!(client.bytes_sent(), u64::MAX - u64::from(n));
        assert_eq!(client.connected_since().unix, Some(1_700_000_000 + u64::from(n)));
        assert_eq!(client.username().unwrap().to_str().unwrap(), format!("user-{n}"));
        assert_eq!((client.cid(), client.peer_id()), (Some(Cid(u64::from(n) + 5)), Some(n)));
        assert_eq!(route.virtual_address(), tunnel);
        assert_eq!(route.is_cached(), n % 2 == 1);
        assert_eq!(route.last_ref().unix, Some(1_800_000_000 + u64::from(n)));
    }
}

fn large_status(clients: u32) -> String {
    let (head, _) = V3_2_7.split_once("CLIENT_LIST\ta").unwrap();
    let mut text = head.to_owned();
    let ip = |n: u32| std::net::Ipv4Addr::from(n);
    for n in 0..clients {
        let (real, tunnel) = (ip(0xc000_0000 + n), ip(0x0a08_0000 + n));
        writeln!(
            text,
            "CLIENT_LIST\tclient-{n}\tudp4:{real}:{n}\t{tunnel}\t\t{}\t{}\tnow\t{}\tuser-{n}\t{}\t{n}\tAES-256-GCM",
            u64::from(n) * 3, u64::MAX - u64::from(n), 1_700_000_000 + n, n + 5,
        ).unwrap();
    }
    text.push_str("HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\tLast Ref (time_t)\n");
    for n in 0..clients {
        let (real, tunnel) = (ip(0xc000_0000 + n), ip(0x0a08_0000 + n));
        let flag = if n % 2 == 1 { "C" } else { "" };
        let time = 1_800_000_000 + n;
        writeln!(text, "ROUTING_TABLE\t{tunnel}{flag}\tclient-{n}\tudp4:{real}:{n}\tnow\t{time}")
            .unwrap();
    }
    text
}

#[test]
fn fields_share_the_buffer_of_their_line() {
    let reply = block(&V3_2_7.replace("UNDEF\t7", "bob\t7"));
    let status = Status::parse(&reply).unwrap();
    let client = &status.as_server().unwrap().clients[0];
    let line = reply.lines[3].as_ptr_range();
    for field in
        [client.common_name().unwrap(), client.real_address().text, client.username().unwrap()]
    {
        assert!(line.contains(&field.as_bytes().as_ptr()));
    }
}

fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let words = "(TITLE|TIME|HEADER|CLIENT_LIST|ROUTING_TABLE|GLOBAL_STATS|ROUTING TABLE|GLOBAL STATS|\
        OpenVPN CLIENT LIST|OpenVPN STATISTICS|Updated|Common Name|Real Address|Bytes Sent|[0-9]{0,3}|[,\t])";
    prop_oneof![
        proptest::collection::vec(words, 0..9).prop_map(|words| words.join("\t").into_bytes()),
        proptest::collection::vec(words, 0..9).prop_map(|words| words.join(",").into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..60),
    ]
}

proptest! {
    #[test]
    fn no_input_panics(
        first in "(TITLE,|TITLE\t|OpenVPN CLIENT LIST|OpenVPN STATISTICS)",
        lines in proptest::collection::vec(any_line(), 0..20),
    ) {
        let lines = std::iter::once(first.into_bytes()).chain(lines);
        let reply = RawReply::block(lines.map(Bytes::from).collect());
        let status = Status::parse(&reply).unwrap();
        if status.to_bytes().is_ok() {
            prop_assert_eq!(Status::parse(&read_back(&status)).unwrap(), status);
        }
    }
}
