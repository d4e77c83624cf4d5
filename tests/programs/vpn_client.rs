//! The core of a VPN client: it starts OpenVPN, has the user sign in, and shows what happens.

use std::time::Duration;

use openvpn_mgmt::handler::{
    BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider, Responder,
};
use openvpn_mgmt::process::{Ended, Process, Started};
use openvpn_mgmt::{Event, Events, StateName};

/// What the user sees and says.
pub(crate) trait Window: Clone + Send + Sync + 'static {
    fn signs_in(&self, why: Option<String>) -> impl Future<Output = (String, String)> + Send;
    fn shows(&self, text: String);
}

struct Dialog<W>(W);

impl<W: Window> CredentialsProvider for Dialog<W> {
    async fn credentials(
        &self,
        prompt: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        let why = prompt.refusal.map(|refusal| format!("{refusal:?}"));
        let (username, password) = self.0.signs_in(why).await;
        let (username, password) = (username.into(), password.into());
        Ok(Some(CredentialsAnswer { username, password, ..Default::default() }))
    }
}

pub(crate) async fn connect(
    process: Process,
    window: impl Window,
    disconnect: impl Future<Output = ()>,
) -> Result<Ended, BoxError> {
    let Started { session, mut child, .. } =
        process.directive("auth-retry", ["interact"]).hold(true).start().await?;
    let (client, events, requests) = session.split(); // plumbing
    let responder = Responder::new().credentials(Dialog(window.clone()));
    tokio::spawn(responder.run(requests)); // plumbing
    client.state_on().await?;
    client.bytecount(Duration::from_secs(1)).await?;
    tokio::select! { // plumbing
        () = show(events, &window) => Ok(child.wait().await), // plumbing
        () = disconnect => Ok(child.stop().await?),
    } // plumbing
}

async fn show(mut events: Events, window: &impl Window) {
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::State(state)) => match state.name {
                StateName::Connected => window.shows(match state.local_ipv4() {
                    Some(address) => format!("You are connected, with the address {address}."),
                    None => "You are connected.".to_owned(),
                }),
                StateName::Reconnecting => window.shows("Connecting again …".to_owned()),
                name => window.shows(format!("{name} …")),
            },
            Ok(Event::ByteCount(count)) => {
                window.shows(format!("{} bytes in, {} out", count.bytes_in, count.bytes_out));
            }
            Ok(_) | Err(_) => {}
        }
    }
}
