//! A sign-in for two servers, with a second factor and routes by user.

use std::time::Duration;

use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::handler::{Attempt, AttemptKind, AuthServer, BoxError, Decision, Drained};
use openvpn_mgmt::{Link, OrphanPolicy, PeerConfig, Sources};

/// Somebody who may come in.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) password: &'static str,
    pub(crate) code: &'static str,
    pub(crate) network: &'static str,
}

pub(crate) async fn serve(
    people: &'static [Person],
    udp: Link,
    tcp: Link,
    until: impl Future<Output = ()> + Send + 'static,
    log: impl Fn(String) + Send + 'static,
) -> Drained {
    let again = OrphanPolicy::Kill { grace: Duration::from_secs(10) };
    let mut servers = Sources::new();
    servers.add("udp", udp.orphans(again));
    servers.add("tcp", tcp.orphans(again));
    AuthServer::new(move |attempt| decide(people, attempt))
        .outcomes(move |outcome| {
            let origin = outcome.origin.map(|origin| origin.name().to_owned()).unwrap_or_default();
            let user = outcome.username.unwrap_or_default();
            log(format!("{origin}: {user}: {}", outcome.verdict));
        })
        .serve(servers, until, Duration::from_secs(10))
        .await
}

async fn decide(people: &[Person], attempt: Attempt) -> Result<Decision, BoxError> {
    let wrong = || Decision::deny_with("wrong user name or password", "Wrong name or password");
    let Some(name) = attempt.username()? else { return Ok(wrong()) };
    let Some(person) = people.iter().find(|person| name == person.name) else {
        return Ok(wrong());
    };
    if attempt.password()? != Some(ClientPassword::Plain(person.password.into())) {
        return Ok(wrong());
    }
    if attempt.kind() == AttemptKind::Connect {
        let code = attempt.ask("Your code", true, Duration::from_secs(60)).await?;
        if code.expose() != person.code.as_bytes() {
            return Ok(Decision::deny_with("wrong code", "Wrong code"));
        }
    }
    let route = format!("push \"route {} 255.255.0.0\"", person.network);
    Ok(Decision::AllowWith(PeerConfig::new().directive(route)?))
}
