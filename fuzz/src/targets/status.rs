//! `status`: what is read of any lines is written as it came and read again, in its format and in the others.

use openvpn_mgmt::reply::{RawReply, ServerStatus, Status, StatusFormat, WriteReply};

use super::lines_of;

pub(crate) fn run(bytes: &[u8]) {
    let lines = lines_of(bytes);
    let lines: Vec<_> = lines.into_iter().take_while(|line| line != "END").collect();
    let Ok(status) = Status::parse(&RawReply::block(lines.clone())) else { return };
    look_at(&status);
    if let Ok(written) = status.to_bytes() {
        assert_eq!(read(&written), status, "{}", written.escape_ascii());
        let again = read(&written).to_bytes().expect("it was written before");
        super::assert_same(&again, &written, "written twice");
    }
    if let Status::Server(status) = &status {
        for format in [StatusFormat::V1, StatusFormat::V2, StatusFormat::V3] {
            convert(status, format);
        }
    }
}

/// The lines of a block that was written, read.
fn read(written: &[u8]) -> Status {
    let mut lines = lines_of(written);
    assert_eq!(lines.pop().as_deref(), Some(&b"END"[..]), "a block ends");
    assert!(lines.iter().all(|line| line != "END" && !line.starts_with(b">")), "{lines:?}");
    Status::parse(&RawReply::block(lines)).expect("what was written is of a known format")
}

/// In another format there are as many clients and routes, with what that has a place for.
fn convert(status: &ServerStatus, format: StatusFormat) {
    let mut written = b"before".to_vec();
    if status.write_as(format, &mut written).is_err() {
        assert_eq!(written, b"before", "nothing is left of what is refused");
        return;
    }
    let written = &written[b"before".len()..];
    let Status::Server(read) = read(written) else { panic!("{}", written.escape_ascii()) };
    let shown = written.escape_ascii();
    assert_eq!(read.format(), format, "{shown}");
    assert_eq!(read.clients.len(), status.clients.len(), "{shown}");
    assert_eq!(read.routes.len(), status.routes.len(), "{shown}");
    for (read, client) in read.clients.iter().zip(&status.clients) {
        assert_eq!(read.common_name(), client.common_name(), "{shown}");
        assert_eq!(read.real_address(), client.real_address(), "{shown}");
        assert_eq!(read.bytes_received(), client.bytes_received(), "{shown}");
        assert_eq!(read.bytes_sent(), client.bytes_sent(), "{shown}");
    }
    for (read, route) in read.routes.iter().zip(&status.routes) {
        assert_eq!(read.virtual_address(), route.virtual_address(), "{shown}");
        assert_eq!(read.is_cached(), route.is_cached(), "{shown}");
        assert_eq!(read.common_name(), route.common_name(), "{shown}");
    }
    let mut again = Vec::new();
    read.write_as(format, &mut again).expect("it was written before");
    super::assert_same(&again, written, "written twice");
}

/// No value panics.
fn look_at(status: &Status) {
    let _ = format!("{status:?}");
    let Status::Server(server) = status else { return };
    let _ = (server.dco_enabled(), server.max_bcast_mcast_queue_len(), server.global("x"));
    for client in &server.clients {
        let _ = (client.virtual_address(), client.virtual_ipv6(), client.connected_since());
        let _ = (client.username(), client.cipher(), client.other(), client.admission());
        if let Some(cid) = client.cid() {
            let found = server.client(cid).expect("its ID is listed");
            assert_eq!(found.cid(), Some(cid));
        }
    }
    for route in &server.routes {
        let _ = (route.real_address(), route.last_ref(), route.other());
    }
}
