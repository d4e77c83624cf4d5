//! The files that a daemon writes, held against what it says over the management interface at the same time.
//!
//! With `RECORD_FILES` set, they are kept in `tests/files/VERSION`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use openvpn_mgmt::events::{
    ClientEvent, LogFileFormat, LogFileLevel, LogFileLine, LogFileLines, LogFileTime, LogLine,
};
use openvpn_mgmt::reply::StatusFile;
use openvpn_mgmt::{Client, History, PeerConfig, StateName, Status, StatusFormat};
use tokio::time::{Instant, interval};

use crate::support::{Tunnel, until_client, until_state};
use lab::{ClientOptions, DEADLINE, Lab, ServerOptions};

#[tokio::test]
async fn status_1_and_a_log_with_timestamps() -> Result<()> {
    agrees("status_1", StatusFormat::V1, ("log_timestamps", LogFileFormat::Timestamps, "verb 4"))
        .await
}

#[tokio::test]
async fn status_2_and_a_log_for_machines() -> Result<()> {
    let machine = "machine-readable-output";
    agrees("status_2", StatusFormat::V2, ("log_machine", LogFileFormat::MachineReadable, machine))
        .await
}

#[tokio::test]
async fn status_3_and_a_log_without_timestamps() -> Result<()> {
    let suppressed = "suppress-timestamps";
    agrees("status_3", StatusFormat::V3, ("log_suppressed", LogFileFormat::Suppressed, suppressed))
        .await
}

/// What a client can do to a server's file: the row of a long name is not written, nothing after it, and then no status.
#[tokio::test]
async fn a_row_of_512_bytes_empties_the_file() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("a_row_of_512_bytes_empties_the_file")? else {
        return Ok(());
    };
    let path = lab.dir().join("status");
    let options =
        ServerOptions::new().line(&format!("status \"{}\" 1\nstatus-version 3", path.display()));
    // Over the management interface a name has 256 bytes at most.
    let credentials = lab.dir().join("credentials");
    std::fs::write(&credentials, format!("{}\nsecret\n", "u".repeat(480)))?;
    let from_file = format!("auth-user-pass \"{}\"", credentials.display());
    let client = |client: ClientOptions| client.without_auth_user_pass().line(&from_file);
    let mut tunnel = Tunnel::with(&lab, options, client).await?;
    tunnel.at_server.hold_release().await?;
    tunnel.at_client.hold_release().await?;
    tunnel.asks_to_connect().await?;
    let is_cut = |file: &StatusFile| !file.is_complete && file.status.time().is_some();
    let cut = until_read(&path, |file| StatusFile::parse(file).ok().filter(is_cut)).await?;
    let server = cut.status.as_server().context("no server")?;
    ensure!(server.clients.is_empty() && server.unparsed.is_empty(), "{cut:?}");
    until_read(&path, |file| file.is_empty().then_some(())).await
}

/// Reads the file until what was looked for is there.
async fn until_read<T>(path: &Path, wanted: impl Fn(Vec<u8>) -> Option<T>) -> Result<T> {
    let (deadline, mut ticks) = (Instant::now() + DEADLINE, interval(Duration::from_millis(100)));
    loop {
        ticks.tick().await;
        let file = std::fs::read(path).unwrap_or_default();
        let text = String::from_utf8_lossy(&file).into_owned();
        match wanted(file) {
            Some(found) => return Ok(found),
            None if Instant::now() > deadline => bail!("the file: {text}"),
            None => {}
        }
    }
}

/// A server writes both files, and its client a status file.
async fn agrees(
    name: &str,
    format: StatusFormat,
    (log_name, log_format, log_option): (&str, LogFileFormat, &str),
) -> Result<()> {
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let file = |name: &str| lab.dir().join(name);
    let (status, log, client_status) = (file(name), file(log_name), file("client_status"));
    let options = ServerOptions::new()
        .line(&format!("{log_option}\nlog \"{}\"", log.display()))
        .line(&format!("status \"{}\" 1\nstatus-version {format}", status.display()));
    let client_line = format!("status \"{}\" 1", client_status.display());
    let mut tunnel = Tunnel::with(&lab, options, |client| client.line(&client_line)).await?;
    tunnel.release(b"al ice", b"secret").await?;
    let connect = tunnel.asks_to_connect().await?;
    let kid = connect.kid().context("no KID")?;
    let config = PeerConfig::new().iroute("192.168.7.0".parse()?, "255.255.255.0".parse()?)?;
    tunnel.at_server.client_auth(connect.cid(), kid, config).await?;

    until_state(&mut tunnel.client_events, StateName::Connected).await?;
    let is_established = |event: &ClientEvent| matches!(event, ClientEvent::Established { .. });
    until_client(&mut tunnel.server_events, "ESTABLISHED", is_established).await?;

    let server = status_agrees(&status, &tunnel.at_server, format).await?;
    let [client] = server.as_server().context("no server")?.clients.as_slice() else {
        bail!("not one client: {server:?}");
    };
    ensure!(client.common_name() == Some("alice".into()) && client.bytes_received() > 0);
    let client = status_agrees(&client_status, &tunnel.at_client, format).await?;
    ensure!(client.as_client().context("no client")?.tcp_udp_read_bytes > Some(0));
    log_agrees(&log, log_format, &tunnel.at_server).await?;
    for file in [&status, &log, &client_status] {
        record(&lab, file)?;
    }
    Ok(())
}

/// Reads the file until it says what the daemon says.
async fn status_agrees(path: &Path, client: &Client, format: StatusFormat) -> Result<Status> {
    let (deadline, mut ticks) = (Instant::now() + DEADLINE, interval(Duration::from_millis(100)));
    loop {
        ticks.tick().await;
        let said = client.status_format(format).await?;
        let file = std::fs::read(path).ok().map(StatusFile::parse);
        match file {
            Some(Ok(file))
                if file.is_complete && without_time(&file.status) == without_time(&said) =>
            {
                ensure!(file.rest.is_empty());
                let time = file.status.time().context("no time")?;
                ensure!(time.local().is_some(), "{time:?}");
                ensure!(times_are_near(&file.status, &said), "{file:?} {said:?}");
                return Ok(file.status);
            }
            file if Instant::now() > deadline => bail!("the file: {file:?}\nsaid: {said:?}"),
            _ => {}
        }
    }
}

fn without_time(status: &Status) -> Status {
    let mut status = status.clone();
    match &mut status {
        Status::Server(server) => server.time = None,
        Status::Client(client) => client.updated = None,
        _ => {}
    }
    status
}

/// Where both are told in seconds.
fn times_are_near(file: &Status, said: &Status) -> bool {
    let seconds = |status: &Status| status.time().and_then(|time| time.unix);
    match (seconds(file), seconds(said)) {
        (Some(file), Some(said)) => file.abs_diff(said) <= DEADLINE.as_secs(),
        (None, None) => true,
        _ => false,
    }
}

/// Each row of the history is a line of the file, in the same order.
async fn log_agrees(path: &Path, format: LogFileFormat, client: &Client) -> Result<()> {
    let history = client.log_history(History::All).await?;
    let log = std::fs::read(path)?;
    ensure!(LogFileFormat::detect(&log) == Some(format), "{}", String::from_utf8_lossy(&log));
    let mut lines = LogFileLines::new(log, format);
    ensure!(history.len() > 10, "{history:?}");
    for row in history {
        let row = row?;
        let line = lines.by_ref().find(|line| line.text == row.text);
        let line = line.with_context(|| format!("not in the file: {row:?}"))?;
        ensure!(is_same(&line, &row, format), "{line:?} {row:?}");
    }
    let last = lines.by_ref().last();
    ensure!(lines.rest().is_empty(), "{last:?}");
    Ok(())
}

fn is_same(line: &LogFileLine, row: &LogLine, format: LogFileFormat) -> bool {
    // The daemon takes the time of a row before, once for all it does at once.
    let is_near = |seconds: u64| {
        (0..=2).contains(
            &(i64::try_from(seconds).unwrap() - i64::try_from(row.time).unwrap()).rem_euclid(60),
        )
    };
    let flags = line.level.map(LogFileLevel::flags);
    match (format, line.time) {
        (LogFileFormat::Timestamps, Some(LogFileTime::Local(time))) => {
            is_near(time.second.into()) && time.microsecond.is_some() && flags.is_none()
        }
        (LogFileFormat::MachineReadable, Some(LogFileTime::Unix { seconds, .. })) => {
            is_near(seconds) && seconds.abs_diff(row.time) <= 2 && flags == Some(row.flags)
        }
        (LogFileFormat::Suppressed, None) => flags.is_none(),
        _ => false,
    }
}

/// Keeps the file, of a log its last lines without what this test asked again and again.
fn record(lab: &Lab, file: &Path) -> Result<()> {
    if std::env::var_os("RECORD_FILES").is_none() {
        return Ok(());
    }
    let version = lab.daemon().version().to_string();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(version);
    std::fs::create_dir_all(&folder)?;
    let text = std::fs::read_to_string(file)?.replace(&lab.dir().display().to_string(), "/lab");
    let lines = text.split_inclusive('\n').filter(|line| !line.contains("CMD 'status"));
    let lines: Vec<&str> = lines.collect();
    let kept = lines.iter().rev().take(40).rev().copied().collect::<String>();
    std::fs::write(folder.join(file.file_name().context("no name")?), kept)?;
    Ok(())
}
