//! The JSON of a status, of which the whole is read back.

use super::*;
use crate::types::json::refused;

/// Writes and reads a status, which says and writes the same then.
fn round_trip(status: &Status) -> String {
    let json = serde_json::to_string(status).unwrap();
    let read: Status = serde_json::from_str(&json).unwrap();
    assert_eq!(read, *status);
    assert_eq!(read.to_bytes().unwrap(), status.to_bytes().unwrap());
    json
}

#[test]
fn a_status_of_every_format_is_read_back() {
    for text in [V1_2_6, V2_2_5, V3_2_7] {
        round_trip(&Status::parse(&block(text)).unwrap());
    }
    round_trip(
        &Status::parse(&block("OpenVPN STATISTICS\nAuth read bytes,48\nnew,1\nodd")).unwrap(),
    );
}

#[test]
fn a_client_says_all_that_its_row_does() {
    let json = round_trip(&Status::parse(&block(V1_2_6)).unwrap());
    let client = concat!(
        r#"{"common_name":"alice","real_address":{"protocol":null,"ip":"127.0.0.1","port":59635,"#,
        r#""text":"127.0.0.1:59635"},"virtual_address":null,"virtual_ipv6":null,"bytes_received":2990,"#,
        r#""bytes_sent":3156,"connected_since":{"text":"2026-11-22 07:23:59","unix":null},"#,
        r#""username":null,"cid":null,"peer_id":null,"cipher":null,"other":[],"#,
        r#""sends_frames":false,"admission":"unknown"}"#
    );
    assert!(json.contains(client), "{json}");
}

#[test]
fn columns_that_are_not_known_are_read_back() {
    let status = server(
        "TITLE,x\nHEADER,CLIENT_LIST,Common Name,Real Address,Bytes Received,Bytes Sent,\
         Connected Since,New,Newer\nCLIENT_LIST,a,10.0.0.1:1,1,2,x,new,\nCLIENT_LIST,b,10.0.0.1:2,1,2,x,,c",
    );
    let json = serde_json::to_string(&status).unwrap();
    assert!(json.contains(r#""other":[["New","new"],["Newer",""]]"#), "{json}");
    let read: ServerStatus = serde_json::from_str(&json).unwrap();
    assert_eq!(read, status);
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
    read.to_bytes().unwrap();
}

#[test]
fn rows_that_no_status_has_are_refused() {
    let status = Status::parse(&block(V3_2_7)).unwrap();
    let client = serde_json::to_value(&status.as_server().unwrap().clients[0]).unwrap();
    for (field, value, problem) in [
        ("common_name", "UNDEF".into(), "no row of a status says this"),
        ("username", "".into(), "no row of a status says this"),
        ("common_name", "x".repeat(70_000).into(), "over 64 KiB"),
        ("bytes_sent", serde_json::json!(-1), "expected u64"),
        ("bytes_sent", serde_json::Value::Null, "expected u64"),
        ("peer_id", "1".into(), "expected u32"),
        ("other", serde_json::json!([["New", "a\nb"]]), "holds a line end"),
    ] {
        let mut client = client.clone();
        client[field] = value;
        let problem_told = refused::<StatusClient>(&client.to_string());
        assert!(problem_told.contains(problem), "{field}: {problem_told}");
    }
    let mut route = serde_json::to_value(&status.as_server().unwrap().routes[0]).unwrap();
    route["common_name"] = "UNDEF".into();
    assert!(refused::<Route>(&route.to_string()).contains("no row of a status says this"));
    assert!(refused::<Status>(r#"{"type":"peer"}"#).contains("unknown variant"));
}

proptest! {
    #[test]
    fn every_status_is_read_back(
        first in "(TITLE,|TITLE\t|OpenVPN CLIENT LIST|OpenVPN STATISTICS)",
        lines in proptest::collection::vec(any_line(), 0..6),
    ) {
        let lines = std::iter::once(first.into_bytes()).chain(lines);
        let status = Status::parse(&RawReply::block(lines.map(Bytes::from).collect())).unwrap();
        let json = serde_json::to_string(&status).unwrap();
        let read: Status = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }

    #[test]
    fn every_row_is_read_back(
        fields in proptest::array::uniform13(
            r"(UNDEF|C|10\.8\.0\.6C?|10\.1\.0\.0/(24|255\.0\.0\.0)|aa:bb:cc:dd:ee:ff(@0)?|::1C?|\PC{0,4})"
        ),
    ) {
        let [name, real, virt, virt6, since, user, cipher, new, address, of, at, last, newer] = fields;
        let status = server(&format!(
            "TITLE\tx\nHEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\t\
             Bytes Received\tBytes Sent\tConnected Since\tUsername\tData Channel Cipher\tNew\n\
             CLIENT_LIST\t{name}\t{real}\t{virt}\t{virt6}\t1\t2\t{since}\t{user}\t{cipher}\t{new}\n\
             HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\tNew\n\
             ROUTING_TABLE\t{address}\t{of}\t{at}\t{last}\t{newer}"
        ));
        prop_assert_eq!((status.clients.len(), status.routes.len()), (1, 1));
        let json = serde_json::to_string(&status).unwrap();
        prop_assert_eq!(serde_json::from_str::<ServerStatus>(&json).unwrap(), status);
    }
}
