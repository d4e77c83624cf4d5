use super::*;
use crate::types::any_text;

fn written(status: &Status) -> String {
    String::from_utf8(status.to_bytes().unwrap()).unwrap()
}

/// As a daemon sends the lines of `text`.
fn sent(text: &str) -> String {
    let lines = text.lines().map(|line| format!("{line}\r\n"));
    lines.chain(["END\r\n".to_owned()]).collect()
}

fn is_written_as_it_came(text: &str) {
    let status = Status::parse(&block(text)).unwrap();
    assert_eq!(written(&status), sent(text));
    assert_eq!(Status::parse(&read_back(&status)).unwrap(), status);
}

#[test]
fn every_format_is_written_as_it_came() {
    for text in [V1_2_6, V2_2_5, V3_2_7, STATISTICS_2_6] {
        is_written_as_it_came(text);
    }
    // Columns of older and newer daemons, and names in another order.
    is_written_as_it_came(&V2_2_5.replace(",Data Channel Cipher", "").replace(",AES-256-GCM", ""));
    let new =
        V3_2_7.replace("\tBytes Sent", "\tNew\tBytes Sent").replace("\t2918\t", "\t2918\tx\t");
    is_written_as_it_came(&new.replace("\t10\t20", "\t10\ty\t20"));
    let v1 = V1_2_6.replace(",Bytes Received,Bytes Sent", ",Bytes Sent,New,Bytes Received");
    is_written_as_it_came(&v1.replace(",2990,", ",2990,x,"));
    is_written_as_it_came("TITLE\tOpenVPN");
}

#[test]
fn lines_that_were_not_read_are_written_in_their_places() {
    for text in [V1_2_6, V2_2_5] {
        is_written_as_it_came(&text.replace("alice", "al,ice"));
        is_written_as_it_came(&text.replacen("alice", "al,ice", 1));
    }
    is_written_as_it_came(&V3_2_7.replace("\tudp6:[::1]:5000", ""));
    is_written_as_it_came(&STATISTICS_2_6.replace("bytes,7", "bytes,x"));
    is_written_as_it_came(&format!("{STATISTICS_2_6}\nNew,1\n?"));
}

#[test]
fn a_line_that_can_be_read_is_no_unparsed_one() {
    for text in [V1_2_6, V2_2_5, V3_2_7] {
        let mut status = server(text);
        status.unparsed.push("GLOBAL_STATS,x,1".into());
        status.unparsed.push("GLOBAL_STATS\tx\t1".into());
        let error = status.to_bytes().unwrap_err().to_string();
        assert_eq!(error, "the unparsed line is a line of another kind");
    }
    let mut statistics = statistics(STATISTICS_2_6);
    statistics.unparsed.push("Auth read bytes,1".into());
    assert!(statistics.to_bytes().is_err());
}

#[test]
fn what_one_format_says_is_written_in_another() {
    let v3 = server(&V2_2_5.replace(',', "\t"));
    let as_format = |format| {
        let mut out = Vec::new();
        v3.write_as(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(as_format(StatusFormat::V2), sent(V2_2_5));
    let v1 = "OpenVPN CLIENT LIST
Updated,2026-11-22 07:26:59
Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since
alice,127.0.0.1:38887,2908,3050,2026-11-22 07:26:55
ROUTING TABLE
Virtual Address,Common Name,Real Address,Last Ref
10.99.0.2,alice,127.0.0.1:38887,2026-11-22 07:26:56
GLOBAL STATS
Max bcast/mcast queue length,1";
    assert_eq!(as_format(StatusFormat::V1), sent(v1));
    assert_eq!(server(V2_2_5).format(), StatusFormat::V2);
    let error = server(v1).write_as(StatusFormat::V3, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "the title is missing");
    let mut titled = server(v1);
    titled.title = Some("OpenVPN".into());
    let mut out = Vec::new();
    titled.write_as(StatusFormat::V3, &mut out).unwrap();
    let row =
        b"\tCLIENT_LIST\talice\t127.0.0.1:38887\t\t\t2908\t3050\t2026-11-22 07:26:55\t\t\t\t\t\r\n";
    assert!(memchr::memmem::find(&out, &row[1..]).is_some());
}

#[test]
fn an_ambiguous_row_is_refused() {
    let status = server(V3_2_7);
    let mut out = b"before".to_vec();
    for format in [StatusFormat::V1, StatusFormat::V2] {
        let error = status.write_as(format, &mut out).unwrap_err().to_string();
        assert_eq!(
            (error.as_str(), out.as_slice()),
            ("the common name holds what ends it", &b"before"[..])
        );
    }
}

#[test]
fn ten_thousand_clients_that_were_built() {
    let now = StatusTime::new("2026-11-22 17:22:43", 1_795_368_163);
    let clients = (0..10_000_u32).map(|n| {
        let client =
            StatusClient::builder(format!("client-{n}"), format!("192.0.2.1:{n}"), now.clone());
        let client = client.virtual_address(std::net::Ipv4Addr::from(0x0a08_0000 + n).to_string());
        client.bytes(n.into(), 7).ids(Cid(n.into()), n).cipher("AES-256-GCM").build().unwrap()
    });
    let route = |n: u32| {
        let address = std::net::Ipv4Addr::from(0x0a08_0000 + n).to_string();
        Route::new(address, format!("client-{n}"), format!("192.0.2.1:{n}"), &now).unwrap()
    };
    let status = ServerStatus::new("OpenVPN 2.6.14", now.clone(), clients, (0..10_000).map(route));
    let status = Status::Server(status);
    let text = written(&status);
    let row = "CLIENT_LIST\tclient-9999\t192.0.2.1:9999\t10.8.39.15\t\t9999\t7\t\
        2026-11-22 17:22:43\t1795368163\tUNDEF\t9999\t9999\tAES-256-GCM\r\n";
    assert!(text.contains(row));
    assert!(text.contains(
        "ROUTING_TABLE\t10.8.0.0\tclient-0\t192.0.2.1:0\t2026-11-22 17:22:43\t1795368163\r\n"
    ));
    assert_eq!(Status::parse(&read_back(&status)).unwrap(), status);
}

#[test]
fn a_built_row_is_not_longer_than_what_is_read() {
    let now = StatusTime::new("now", 0);
    let client = StatusClient::builder("x".repeat(65_536), "a", now.clone()).build();
    assert_eq!(client.unwrap_err().to_string(), "the row is over 64 KiB, which no reader takes");
    assert!(Route::new("x".repeat(65_536), "a", "b", &now).is_err());
}

prop_compose! {
    fn any_time()(text in any_text(), unix in proptest::option::of(any::<u64>())) -> StatusTime {
        StatusTime { text, unix }
    }
}

prop_compose! {
    fn any_client()(
        texts in proptest::array::uniform6(any_text()),
        since in any_time(),
        ids in proptest::option::of(any::<(u64, u32)>()),
        (received, sent) in any::<(u64, u64)>(),
    ) -> StatusClient {
        let [name, real, address, ipv6, user, cipher] = texts;
        let client = StatusClient::builder(name, real, since).virtual_address(address);
        let client = client.virtual_ipv6(ipv6).username(user).cipher(cipher).bytes(received, sent);
        let client = if let Some((cid, peer)) = ids { client.ids(Cid(cid), peer) } else { client };
        client.build().unwrap()
    }
}

prop_compose! {
    fn any_route()(texts in proptest::array::uniform3(any_text()), time in any_time()) -> Route {
        let [address, name, real] = texts;
        Route::new(address, name, real, &time).unwrap()
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        (title, time) in (any_text(), any_time()),
        clients in proptest::collection::vec(any_client(), 0..3),
        routes in proptest::collection::vec(any_route(), 0..3),
        global_stats in proptest::collection::vec((any_text(), any_text()), 0..2),
        unparsed in proptest::collection::vec(any_text(), 0..2),
    ) {
        let mut status = ServerStatus::new(title, time, clients, routes);
        (status.global_stats, status.unparsed) = (global_stats, unparsed);
        if status.to_bytes().is_ok() {
            let status = Status::Server(status.clone());
            prop_assert_eq!(&Status::parse(&read_back(&status)).unwrap(), &status);
        }
        status.unparsed.clear();
        let mut out = Vec::new();
        if status.write_as(StatusFormat::V2, &mut out).is_ok() {
            let read = Status::parse(&read_back(&Raw(&out))).unwrap();
            prop_assert_eq!(&read, &Status::Server(status.clone()));
        }
        out.clear();
        if status.write_as(StatusFormat::V1, &mut out).is_ok() {
            let Status::Server(read) = Status::parse(&read_back(&Raw(&out))).unwrap() else { panic!() };
            prop_assert_eq!(read.unparsed, Vec::<Text>::new());
            prop_assert_eq!((read.clients.len(), read.routes.len()), (status.clients.len(), status.routes.len()));
            let mut again = Vec::new();
            status.write_as(StatusFormat::V1, &mut again).unwrap();
            prop_assert_eq!(again, out);
        }
    }

    #[test]
    fn whatever_statistics_say_is_read_back(
        counters in proptest::array::uniform9(proptest::option::of(any::<u64>())),
        updated in proptest::option::of(any_text()),
        other in proptest::collection::vec((any_text(), any_text()), 0..3),
        unparsed in proptest::collection::vec(any_text(), 0..2),
    ) {
        let [a, b, c, d, e, f, g, h, i] = counters;
        let mut statistics = ClientStatistics::default();
        statistics.updated = updated.map(|text| StatusTime { text, unix: None });
        (statistics.tun_tap_read_bytes, statistics.tun_tap_write_bytes) = (a, b);
        (statistics.tcp_udp_read_bytes, statistics.tcp_udp_write_bytes) = (c, d);
        (statistics.auth_read_bytes, statistics.pre_compress_bytes) = (e, f);
        (statistics.post_compress_bytes, statistics.pre_decompress_bytes) = (g, h);
        statistics.post_decompress_bytes = i;
        (statistics.other, statistics.unparsed) = (other, unparsed);
        let status = Status::Client(statistics);
        if status.to_bytes().is_ok() {
            prop_assert_eq!(Status::parse(&read_back(&status)).unwrap(), status);
        }
    }
}

struct Raw<'a>(&'a [u8]);

impl WriteReply for Raw<'_> {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        out.extend_from_slice(self.0);
        Ok(())
    }
}
