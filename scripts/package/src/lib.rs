//! Who may come in, as a user of the published crates writes and tests it.

use openvpn_mgmt::Secret;
use openvpn_mgmt::challenge::ClientPassword;
use openvpn_mgmt::handler::{Attempt, Authenticator, BoxError, Decision};

/// Lets alice in with her password.
pub struct Staff;

impl Authenticator for Staff {
    async fn authenticate(&self, attempt: Attempt) -> Result<Decision, BoxError> {
        let right = ClientPassword::Plain(Secret::from("s3cret"));
        let is_alice = attempt.username()?.is_some_and(|name| name == "alice");
        if is_alice && attempt.password()? == Some(right) {
            return Ok(Decision::Allow);
        }
        Ok(Decision::deny_with("wrong password", "Try again."))
    }
}

#[cfg(test)]
mod tests {
    use openvpn_mgmt::handler::AuthServer;
    use openvpn_mgmt::{Request, attach};
    use openvpn_mgmt_test::FakeDaemon;

    use super::Staff;

    #[tokio::test(start_paused = true)]
    async fn alice_comes_in_by_her_password_alone() {
        let fake = FakeDaemon::v2_6()
            .server()
            .client_connects("alice", |client| client.password("s3cret"))
            .client_connects("mallory", |client| client.with("alice", "a guess"));
        let (_client, _events, requests) = attach(fake.connect().unwrap()).await.unwrap().split();
        tokio::spawn(AuthServer::new(Staff).run(requests));
        fake.until(|daemon| daemon.is_client_in("alice")).await.unwrap();
        fake.until(|daemon| daemon.client_heard("mallory", "Try again.")).await.unwrap();
        assert!(!fake.with(|daemon| daemon.is_client_in("mallory")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_answered_by_hand() {
        let fake = FakeDaemon::v2_7().hold().expect("hold release");
        let (_client, _events, mut requests) =
            attach(fake.connect().unwrap()).await.unwrap().split();
        let Some(Request::Hold(hold)) = requests.next().await else { panic!("no hold") };
        hold.release().await.unwrap();
    }
}
