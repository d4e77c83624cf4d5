//! An orchestrator: runs a daemon for each site, starts it anew when it ends, tells how each is, and obeys from any task.

use openvpn_mgmt::command::Signal;
use openvpn_mgmt::process::{Process, RestartPolicy};
use openvpn_mgmt::{Event, Fleet, FleetClient, MemberItem, Request, Result, StateName};

/// What is to be done about a site.
pub(crate) enum Order {
    Start(Box<Process>),
    Restart,
    Stop,
}

/// Does it, whatever the other sites are about.
pub(crate) async fn obey(sites: &FleetClient, site: &str, order: Order) -> Result<()> {
    match order {
        Order::Start(process) => {
            sites.add(site, process.hold(true).supervise(RestartPolicy::new()))
        }
        // It ends in good order, and is started anew as one that crashed.
        Order::Restart => sites.to(site)?.send(&Signal::Sigterm).await,
        // Its daemon ends with its session.
        Order::Stop => sites.remove(site),
    }
}

/// Tells how each site is, until none is left.
pub(crate) async fn watch(mut sites: Fleet, tell: impl Fn(&str, String)) {
    while let Some(item) = sites.next().await {
        let site = item.member.name();
        let failed = match item.what {
            MemberItem::Attached(attached) => {
                tell(site, format!("started, {}", attached.number));
                attached.client.state_on().await.err()
            }
            // Here is set up what has to be before the tunnel is.
            MemberItem::Request(Request::Hold(hold)) => hold.release().await.err(),
            MemberItem::Event(Event::State(state)) => {
                match state.name {
                    StateName::Connected => tell(site, format!("up: {:?}", state.local_ipv4())),
                    StateName::Reconnecting => tell(site, format!("down: {:?}", state.detail())),
                    _ => {}
                }
                None
            }
            MemberItem::Detached(reason) => {
                tell(site, format!("down: {reason}"));
                None
            }
            // It could not be started, in its own last words, or is not started any more.
            MemberItem::Away(error) => Some(error),
            MemberItem::Ended(error) => error,
            MemberItem::Removed => {
                tell(site, "stopped".to_owned());
                None
            }
            _ => None,
        };
        if let Some(error) = failed {
            tell(site, error.to_string());
        }
    }
}
