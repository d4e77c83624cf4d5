//! What programs implement: whatever futures it has, they may be sent, and end where they are dropped.

use std::sync::Arc;

use openvpn_mgmt::handler::{
    Attempt, Authenticator, BoxAuthenticator, BoxCredentialsProvider, BoxSigner, CredentialsPrompt,
    CredentialsProvider, PasswordPrompt, ResponsePrompt, Signer, WebAuthPrompt,
};

use crate::called::called;
use crate::handlers::{Calls, Slow, attempt_of_alice};
use crate::stepped::polled;

/// How many polls a call of [`Slow`] takes to its end.
const WHOLE: usize = 4;

/// Drops a call at every poll: it runs from the first to the end, or until it is dropped.
macro_rules! ends_where_it_is_dropped {
    ($calls:ident, $call:expr) => {
        for polls in 0..=WHOLE {
            assert_eq!(polled(polls, $call).await.is_some(), polls == WHOLE, "{polls} polls");
            assert_eq!($calls.count(), 0);
        }
        let mut call = Box::pin($call);
        assert!(
            std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx)))
                .await
                .is_pending()
        );
        assert_eq!($calls.count(), 1);
        drop(call);
        assert_eq!($calls.count(), 0);
    };
}

/// An authenticator of whatever type.
async fn authenticates<A: Authenticator>(authenticator: A, calls: &Calls) {
    for polls in 0..=WHOLE {
        let (attempt, world) = attempt_of_alice().await;
        let decided =
            polled(polls, called!(trait Authenticator: authenticator.authenticate(attempt)));
        assert_eq!(decided.await.is_some(), polls == WHOLE);
        assert_eq!(calls.count(), 0);
        world.ends("an authenticator").await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_authenticator_ends_where_it_is_dropped() {
    let calls = Calls::default();
    authenticates(Slow(calls.clone()), &calls).await;
    authenticates::<BoxAuthenticator>(BoxAuthenticator::new(Slow(calls.clone())), &calls).await;
    let slow = Slow(calls.clone());
    let closure = move |attempt: Attempt| {
        let slow = slow.clone();
        async move { slow.authenticate(attempt).await }
    };
    authenticates(closure, &calls).await;
}

/// A provider of whatever type.
async fn provides<P: CredentialsProvider>(provider: P, calls: &Calls) {
    let realm = || openvpn_mgmt::events::Realm::Auth;
    ends_where_it_is_dropped!(
        calls,
        called!(trait CredentialsProvider: provider.credentials(CredentialsPrompt::new(realm())))
    );
    ends_where_it_is_dropped!(
        calls,
        called!(trait CredentialsProvider: provider.password(PasswordPrompt::new("x")))
    );
    ends_where_it_is_dropped!(
        calls,
        called!(trait CredentialsProvider: provider.response(ResponsePrompt::new("Code?", true)))
    );
    ends_where_it_is_dropped!(
        calls,
        called!(trait CredentialsProvider: provider.web_auth(WebAuthPrompt::new("https://sso/")))
    );
    ends_where_it_is_dropped!(
        calls,
        called!(trait CredentialsProvider: provider.auth_token("token".into()))
    );
}

async fn signs<S: Signer>(signer: S, calls: &Calls) {
    ends_where_it_is_dropped!(calls, called!(trait Signer: signer.sign(b"data", false, None)));
}

#[tokio::test(start_paused = true)]
async fn a_provider_and_a_signer_end_where_they_are_dropped() {
    let calls = Calls::default();
    let slow = Slow(calls.clone());
    provides(slow.clone(), &calls).await;
    provides::<Arc<Slow>>(Arc::new(slow.clone()), &calls).await;
    provides::<BoxCredentialsProvider>(BoxCredentialsProvider::new(slow.clone()), &calls).await;
    signs(slow.clone(), &calls).await;
    signs::<Arc<Slow>>(Arc::new(slow.clone()), &calls).await;
    signs::<BoxSigner>(BoxSigner::new(slow), &calls).await;
}
