//! Files of real daemons, read: `tests/daemon/files.rs` recorded them, and holds files against the management interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};

use openvpn_mgmt::events::{
    Echo, LogFileFormat, LogFileLevel, LogFileLine, LogFileLines, LogFileTime, LogLine, State,
};
use openvpn_mgmt::reply::{StatusFile, WriteReply as _, WriteRow as _};
use openvpn_mgmt::{StateName, Status, StatusFormat};

const VERSIONS: [&str; 3] = ["2.5.1", "2.6.14", "2.7.8"];

fn read(version: &str, name: &str) -> Vec<u8> {
    std::fs::read(path(version, name)).unwrap()
}

fn path(version: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(version).join(name)
}

fn crlf(file: &[u8]) -> Vec<u8> {
    String::from_utf8(file.to_vec()).unwrap().replace('\n', "\r\n").into_bytes()
}

fn log(version: &str, name: &str, format: LogFileFormat) -> Vec<LogFileLine> {
    let file = read(version, name);
    assert_eq!(LogFileFormat::detect(&file), Some(format), "{version}");
    let mut lines = LogFileLines::new(file.clone(), format);
    let read: Vec<_> = lines.by_ref().collect();
    assert!(lines.rest().is_empty());
    assert_eq!(LogFileLines::new(crlf(&file), format).collect::<Vec<_>>(), read);
    read
}

#[test]
fn status_files_of_servers() {
    let files = [
        ("status_1", StatusFormat::V1),
        ("status_2", StatusFormat::V2),
        ("status_3", StatusFormat::V3),
    ];
    for (version, (name, format)) in
        VERSIONS.into_iter().flat_map(|version| files.map(|it| (version, it)))
    {
        let bytes = read(version, name);
        let file = StatusFile::parse(bytes.clone()).unwrap();
        assert!(file.is_complete && file.rest.is_empty());
        let Status::Server(status) = &file.status else { panic!("{file:?}") };
        assert_eq!(status.format(), format);
        assert!(status.unparsed.is_empty(), "{version}: {status:?}");
        let [alice] = status.clients.as_slice() else { panic!("{status:?}") };
        assert_eq!(alice.common_name(), Some("alice".into()));
        assert!(alice.real_address().socket_addr().is_some() && alice.bytes_sent() > 0);
        assert_eq!(status.routes.len(), 2);
        let time = file.status.time().unwrap();
        let local = time.local().unwrap();
        assert_eq!((local.year, time.unix.is_some()), (2026, format != StatusFormat::V1));
        assert_eq!(StatusFile::parse(crlf(&bytes)), Ok(file.clone()));
        assert_eq!(status.to_bytes().unwrap(), crlf(&bytes), "{version}: what is read is written");
    }
}

#[test]
fn status_files_of_clients() {
    for version in VERSIONS {
        let bytes = read(version, "client_status");
        let file = StatusFile::parse(bytes.clone()).unwrap();
        let statistics = file.status.as_client().unwrap();
        assert!(file.is_complete && statistics.unparsed.is_empty() && statistics.other.is_empty());
        assert!(statistics.tcp_udp_read_bytes > Some(0));
        assert_eq!(statistics.to_bytes().unwrap(), crlf(&bytes));
    }
}

#[test]
fn a_status_that_is_being_written() {
    for version in VERSIONS {
        for name in ["status_1", "status_2", "status_3"] {
            let bytes = read(version, name);
            let whole = StatusFile::parse(bytes.clone()).unwrap();
            let whole = whole.status.as_server().unwrap();
            for at in 0..bytes.len() {
                let Ok(file) = StatusFile::parse(bytes[..at].to_vec()) else { continue };
                let cut = file.status.as_server().unwrap();
                assert!(cut.unparsed.is_empty(), "{version} {name} {at}: {cut:?}");
                assert!(whole.clients.starts_with(&cut.clients));
                assert!(whole.routes.starts_with(&cut.routes));
                assert!(whole.global_stats.starts_with(&cut.global_stats));
                assert_eq!(file.is_complete, at == bytes.len() - 1);
            }
        }
    }
}

#[test]
fn logs_with_timestamps() {
    for version in VERSIONS {
        let lines = log(version, "log_timestamps", LogFileFormat::Timestamps);
        for line in &lines {
            let Some(LogFileTime::Local(time)) = line.time else { panic!("{version}: {line:?}") };
            assert!(time.year == 2026 && time.microsecond.is_some() && line.level.is_none());
        }
        // At this verbosity the last lines are of the client and the manager.
        let is_command = |line: &LogFileLine| line.text == "MANAGEMENT: CMD 'log all'";
        assert!(lines.last().is_some_and(is_command), "{version}");
    }
}

#[test]
fn logs_for_machines() {
    for version in VERSIONS {
        let lines = log(version, "log_machine", LogFileFormat::MachineReadable);
        let levels = lines.iter().map(|line| {
            assert!(line.time.unwrap().unix().is_some());
            line.level.unwrap()
        });
        assert!(levels.clone().all(|level| level.verbosity() <= 3 && !level.is_fatal()));
        assert!(levels.clone().any(|level| level.flags().is_info()));
        assert!(levels.clone().any(LogFileLevel::is_debug));
        assert!(lines.iter().any(|line| line.text == "Initialization Sequence Completed"));
    }
}

#[test]
fn logs_without_timestamps() {
    for version in VERSIONS {
        let lines = log(version, "log_suppressed", LogFileFormat::Suppressed);
        assert!(lines.iter().all(|line| line.time.is_none() && line.level.is_none()));
        assert!(lines.iter().any(|line| line.text == "Initialization Sequence Completed"));
    }
}

#[test]
fn rows_of_histories() {
    let state = State::parse_row("1795332238,CONNECTED,SUCCESS,10.8.0.2,192.0.2.1,1194,,").unwrap();
    assert_eq!((state.name.clone(), state.remote_port()), (StateName::Connected, Some(1194)));
    let log = LogLine::parse_row(String::from("1795332238,W,one, two")).unwrap();
    assert!(log.flags.is_warning() && log.text == "one, two");
    let echo = Echo::parse_row(b"1795332238,caf\xe9".to_vec()).unwrap();
    assert_eq!((echo.time, echo.text.as_bytes()), (1_795_332_238, b"caf\xe9".as_slice()));
    let mut rows = Vec::new();
    state.write_row(&mut rows).unwrap();
    log.write_row(&mut rows).unwrap();
    echo.write_row(&mut rows).unwrap();
    assert_eq!(
        rows.escape_ascii().to_string(),
        r"1795332238,CONNECTED,SUCCESS,10.8.0.2,192.0.2.1,1194,,\r\n1795332238,W,one, two\r\n1795332238,caf\xe9\r\n"
    );
    let errors = [
        State::parse_row("hunter2").unwrap_err(),
        LogLine::parse_row("hunter2").unwrap_err(),
        Echo::parse_row("hunter2").unwrap_err(),
    ];
    for error in errors {
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let error = LogLine::parse_row("1795332238,W").unwrap_err();
    assert_eq!(error.to_string(), "not a row of `log`: a field is missing");
}
