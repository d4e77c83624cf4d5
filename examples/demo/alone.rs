//! A client without a server: everything that needs no tun device.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use openvpn_mgmt::{Event, History, StateName};

use crate::side::{Side, last_words};
use crate::timeline::{Role, Timeline};
use crate::tunnel::{answer_credentials, greet};
use lab::{ClientOptions, Lab, Process};

const STEPS: [&str; 5] = [
    "Start a client alone",
    "Connect to its management interface",
    "Release it from its hold and answer its request for credentials",
    "See it look for a server",
    "Shut it down",
];

/// Gives the lines that sum the run up. `reason`: why there is no server.
pub(crate) async fn run(lab: &Lab, timeline: &Arc<Timeline>, reason: &str) -> Result<Vec<String>> {
    timeline.note(&format!("a client alone: {reason}"));
    timeline.plan(&STEPS);
    timeline.step();
    let mut process = lab.client(ClientOptions::new()).await?;
    timeline.fact(Role::Client, &format!("process {}", process.pid()));
    match drive(&mut process, timeline).await {
        Ok(()) => Ok(vec!["client driven as far as one gets alone; no tunnel was made".to_owned()]),
        Err(error) => {
            let words = last_words(&mut [(Role::Client, &mut process)]).await;
            Err(anyhow!("{error:#}{words}"))
        }
    }
}

async fn drive(process: &mut Process, timeline: &Arc<Timeline>) -> Result<()> {
    timeline.step();
    let mut client = Side::connect(Role::Client, process, timeline).await?;
    greet(&mut client).await?;

    timeline.step();
    client.call(".hold_release()", client.client.hold_release()).await?;
    answer_credentials(&mut client).await?;

    timeline.step();
    let waits = |event: &Event| match event {
        Event::State(state) if state.name == StateName::Wait => Some(()),
        _ => None,
    };
    client.event("WAIT", waits).await?;
    let call = ".state_history(History::All)";
    let states = client.call(call, client.client.state_history(History::All)).await?;
    let rows = states.iter().map(|state| match state {
        Ok(state) => vec![state.time.to_string(), state.to_string()],
        Err(unread) => vec!["?".to_owned(), unread.to_string()],
    });
    timeline.table(&["unix time", "state"], &rows.collect::<Vec<_>>());

    timeline.step();
    client.shut_down(process).await
}
