//! An exporter: the states, bytes and clients of many daemons, as text that Prometheus reads.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use openvpn_mgmt::{Event, Fleet, MemberItem, Request, StateName};

/// What is known of each daemon.
pub(crate) type Daemons = Arc<Mutex<BTreeMap<String, Daemon>>>;

#[derive(Default)]
pub(crate) struct Daemon {
    is_attached: bool,
    is_connected: bool,
    restarts: u64,
    bytes_in: u64,
    bytes_out: u64,
    events_lost: u64,
}

/// Collects until no member is left.
pub(crate) async fn collect(mut fleet: Fleet, daemons: Daemons) -> openvpn_mgmt::Result<()> {
    while let Some(item) = fleet.next().await {
        if let MemberItem::Request(Request::Hold(hold)) = item.what {
            hold.release().await.ok(); // Where it was not sent it comes again.
            continue;
        }
        let mut daemons = daemons.lock().unwrap_or_else(PoisonError::into_inner); // plumbing
        let daemon = daemons.entry(item.member.name().to_owned()).or_default();
        match item.what {
            MemberItem::Attached(attached) => {
                daemon.is_attached = true;
                daemon.restarts += u64::from(attached.missed.restarted == Some(true));
            }
            MemberItem::Detached(_) => (daemon.is_attached, daemon.is_connected) = (false, false),
            MemberItem::Event(Event::State(state)) => {
                daemon.is_connected = state.name == StateName::Connected;
                daemon.restarts += u64::from(state.name == StateName::Reconnecting);
            }
            MemberItem::Event(Event::ByteCount(count)) => {
                (daemon.bytes_in, daemon.bytes_out) = (count.bytes_in, count.bytes_out);
            }
            MemberItem::Lagged(lagged) => daemon.events_lost += lagged.0,
            _ => {}
        }
    }
    Ok(())
}

/// The page that is scraped.
pub(crate) fn page(daemons: &Daemons) -> String {
    let daemons = daemons.lock().unwrap_or_else(PoisonError::into_inner); // plumbing
    let mut page = String::new();
    write(&mut page, &daemons, "openvpn_up", "gauge", |daemon| u8::from(daemon.is_attached));
    write(&mut page, &daemons, "openvpn_connected", "gauge", |daemon| {
        u8::from(daemon.is_connected)
    });
    write(&mut page, &daemons, "openvpn_restarts", "counter", |daemon| daemon.restarts);
    write(&mut page, &daemons, "openvpn_received_bytes", "counter", |daemon| daemon.bytes_in);
    write(&mut page, &daemons, "openvpn_sent_bytes", "counter", |daemon| daemon.bytes_out);
    write(&mut page, &daemons, "openvpn_events_lost", "counter", |daemon| daemon.events_lost);
    page
}

fn write<T: Display>(
    page: &mut String,
    daemons: &BTreeMap<String, Daemon>,
    name: &str,
    kind: &str,
    value: impl Fn(&Daemon) -> T,
) {
    let values = daemons.iter().map(|(daemon, known)| {
        let value = value(known);
        format!("{name}{{daemon={daemon:?}}} {value}\n")
    });
    page.extend([format!("# TYPE {name} {kind}\n")]);
    page.extend(values);
}
