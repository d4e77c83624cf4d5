//! A table held against the simulated servers themselves.

use openvpn_mgmt::peers::{LivePeers, PeerRecord, Phase};
use openvpn_mgmt_test::{ClientState, FakeDaemon};

/// What both tell of a client, in the same form.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    cid: u64,
    common_name: Option<String>,
    username: Option<String>,
    is_in: bool,
    port: Option<u16>,
    addresses: Vec<String>,
    networks: Vec<String>,
    since: Option<u64>,
    bytes: (u64, u64),
}

impl Row {
    fn of_client(client: ClientState) -> Self {
        Self {
            cid: client.cid,
            common_name: client.common_name,
            username: client.username,
            is_in: client.is_in,
            port: Some(client.port),
            addresses: client.address.iter().map(ToString::to_string).collect(),
            networks: sorted(client.networks),
            since: Some(client.since),
            bytes: (client.bytes_in, client.bytes_out),
        }
    }

    fn of_record(record: &PeerRecord) -> Self {
        assert!(record.phase != Phase::Unknown && !record.is_partial, "{record:?}");
        assert_eq!(record.real_ip, Some(std::net::Ipv4Addr::LOCALHOST.into()));
        Self {
            cid: record.cid.0,
            common_name: record.common_name.as_ref().map(ToString::to_string),
            username: record.username.as_ref().map(ToString::to_string),
            is_in: record.is_in(),
            port: record.real_port,
            addresses: sorted(record.addresses.iter().map(ToString::to_string)),
            networks: sorted(record.networks.iter().map(ToString::to_string)),
            since: record.since,
            bytes: (record.bytes_received, record.bytes_sent),
        }
    }
}

fn sorted(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<_> = texts.into_iter().collect();
    texts.sort();
    texts
}

/// Looks that the table has what this daemon has, and gives how many clients that are.
pub(crate) fn compare(peers: &LivePeers, name: &str, fake: &FakeDaemon) -> usize {
    let mut truth: Vec<_> =
        fake.with(|daemon| daemon.clients()).into_iter().map(Row::of_client).collect();
    let snapshot = peers.snapshot();
    let records = snapshot.records().filter(|record| *record.daemon == *name);
    let mut table: Vec<_> = records.map(|record| Row::of_record(record)).collect();
    truth.sort();
    table.sort();
    if table != truth {
        let only = |these: &[Row], those: &[Row]| {
            let rows = these.iter().filter(|row| !those.contains(row));
            rows.map(|row| format!("{row:?}")).collect::<Vec<_>>().join("\n")
        };
        panic!(
            "of {} and {}\ntable alone:\n{}\ndaemon alone:\n{}\n",
            table.len(),
            truth.len(),
            only(&table, &truth),
            only(&truth, &table)
        );
    }
    // Each can be named by the identity that commands take.
    peers.with(|peers| {
        for row in snapshot.rows().iter().filter(|row| *row.record.daemon == *name) {
            let named = row.peer.as_ref().map(|peer| peers.by_peer(peer).map(|found| found.id));
            assert!(named.is_none_or(|found| found == Some(row.record.id)), "{row:?}");
        }
    });
    table.len()
}
