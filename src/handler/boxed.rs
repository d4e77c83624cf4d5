//! [`BoxAuthenticator`], [`BoxCredentialsProvider`], [`BoxSigner`]: handlers that are chosen at run time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{
    Attempt, Authenticator, BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider,
    Decision, PasswordPrompt, ResponsePrompt, Signer, WebAuthPrompt,
};
use crate::events::SignAlgorithm;
use crate::types::Secret;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send + 'a>>;

/// An [`Authenticator`] of whatever type, for one that is chosen at run time; cheap to clone.
///
/// ```
/// use openvpn_mgmt::handler::{Attempt, AuthServer, BoxAuthenticator, BoxError, Decision};
///
/// async fn nobody(_: Attempt) -> Result<Decision, BoxError> {
///     Ok(Decision::deny("closed today"))
/// }
///
/// async fn everybody(_: Attempt) -> Result<Decision, BoxError> {
///     Ok(Decision::Allow)
/// }
///
/// fn server(is_open: bool) -> AuthServer<BoxAuthenticator> {
///     AuthServer::new(match is_open {
///         true => BoxAuthenticator::new(everybody),
///         false => BoxAuthenticator::new(nobody),
///     })
/// }
/// # server(true);
/// ```
#[derive(Clone)]
pub struct BoxAuthenticator(Arc<dyn DynAuthenticator>);

impl BoxAuthenticator {
    /// Takes any authenticator.
    pub fn new(authenticator: impl Authenticator) -> Self {
        Self(Arc::new(authenticator))
    }
}

impl Authenticator for BoxAuthenticator {
    fn authenticate(
        &self,
        attempt: Attempt,
    ) -> impl Future<Output = Result<Decision, BoxError>> + Send {
        self.0.authenticate(attempt)
    }
}

/// A [`CredentialsProvider`] of whatever type, for one that is chosen at run time; cheap to clone.
#[derive(Clone)]
pub struct BoxCredentialsProvider(Arc<dyn DynProvider>);

impl BoxCredentialsProvider {
    /// Takes any provider.
    pub fn new(provider: impl CredentialsProvider) -> Self {
        Self(Arc::new(provider))
    }
}

impl CredentialsProvider for BoxCredentialsProvider {
    fn credentials(
        &self,
        prompt: CredentialsPrompt,
    ) -> impl Future<Output = Result<Option<CredentialsAnswer>, BoxError>> + Send {
        self.0.credentials(prompt)
    }

    fn password(
        &self,
        prompt: PasswordPrompt,
    ) -> impl Future<Output = Result<Option<Secret>, BoxError>> + Send {
        self.0.password(prompt)
    }

    fn response(
        &self,
        prompt: ResponsePrompt,
    ) -> impl Future<Output = Result<Option<Secret>, BoxError>> + Send {
        self.0.response(prompt)
    }

    fn web_auth(&self, prompt: WebAuthPrompt) -> impl Future<Output = Result<(), BoxError>> + Send {
        self.0.web_auth(prompt)
    }

    fn auth_token(&self, token: Secret) -> impl Future<Output = Result<(), BoxError>> + Send {
        self.0.auth_token(token)
    }
}

/// A [`Signer`] of whatever type, for one that is chosen at run time; cheap to clone.
#[derive(Clone)]
pub struct BoxSigner(Arc<dyn DynSigner>);

impl BoxSigner {
    /// Takes any signer.
    pub fn new(signer: impl Signer) -> Self {
        Self(Arc::new(signer))
    }
}

impl Signer for BoxSigner {
    async fn sign(
        &self,
        data: &[u8],
        is_message: bool,
        algorithm: Option<&SignAlgorithm>,
    ) -> Result<Vec<u8>, BoxError> {
        self.0.sign(data, is_message, algorithm).await
    }
}

trait DynAuthenticator: Send + Sync {
    fn authenticate(&self, attempt: Attempt) -> Boxed<'_, Decision>;
}

impl<A: Authenticator> DynAuthenticator for A {
    fn authenticate(&self, attempt: Attempt) -> Boxed<'_, Decision> {
        Box::pin(Authenticator::authenticate(self, attempt))
    }
}

trait DynProvider: Send + Sync {
    fn credentials(&self, prompt: CredentialsPrompt) -> Boxed<'_, Option<CredentialsAnswer>>;
    fn password(&self, prompt: PasswordPrompt) -> Boxed<'_, Option<Secret>>;
    fn response(&self, prompt: ResponsePrompt) -> Boxed<'_, Option<Secret>>;
    fn web_auth(&self, prompt: WebAuthPrompt) -> Boxed<'_, ()>;
    fn auth_token(&self, token: Secret) -> Boxed<'_, ()>;
}

impl<P: CredentialsProvider> DynProvider for P {
    fn credentials(&self, prompt: CredentialsPrompt) -> Boxed<'_, Option<CredentialsAnswer>> {
        Box::pin(CredentialsProvider::credentials(self, prompt))
    }

    fn password(&self, prompt: PasswordPrompt) -> Boxed<'_, Option<Secret>> {
        Box::pin(CredentialsProvider::password(self, prompt))
    }

    fn response(&self, prompt: ResponsePrompt) -> Boxed<'_, Option<Secret>> {
        Box::pin(CredentialsProvider::response(self, prompt))
    }

    fn web_auth(&self, prompt: WebAuthPrompt) -> Boxed<'_, ()> {
        Box::pin(CredentialsProvider::web_auth(self, prompt))
    }

    fn auth_token(&self, token: Secret) -> Boxed<'_, ()> {
        Box::pin(CredentialsProvider::auth_token(self, token))
    }
}

trait DynSigner: Send + Sync {
    fn sign<'a>(
        &'a self,
        data: &'a [u8],
        is_message: bool,
        algorithm: Option<&'a SignAlgorithm>,
    ) -> Boxed<'a, Vec<u8>>;
}

impl<S: Signer> DynSigner for S {
    fn sign<'a>(
        &'a self,
        data: &'a [u8],
        is_message: bool,
        algorithm: Option<&'a SignAlgorithm>,
    ) -> Boxed<'a, Vec<u8>> {
        Box::pin(Signer::sign(self, data, is_message, algorithm))
    }
}

macro_rules! debug {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug!(BoxAuthenticator BoxCredentialsProvider BoxSigner);

#[cfg(test)]
mod tests {
    use super::{BoxCredentialsProvider, BoxSigner};
    use crate::events::SignAlgorithm;
    use crate::handler::{
        BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider, ResponsePrompt, Signer,
    };
    use crate::types::Secret;

    struct Person;

    impl CredentialsProvider for Person {
        async fn credentials(
            &self,
            _: CredentialsPrompt,
        ) -> Result<Option<CredentialsAnswer>, BoxError> {
            Err("not today".into())
        }

        async fn response(&self, prompt: ResponsePrompt) -> Result<Option<Secret>, BoxError> {
            Ok(prompt.response_required.then(|| Secret::from("41")))
        }

        async fn auth_token(&self, _: Secret) -> Result<(), BoxError> {
            Err("no room for tokens".into())
        }
    }

    struct Reverse;

    impl Signer for Reverse {
        async fn sign(
            &self,
            data: &[u8],
            _: bool,
            _: Option<&SignAlgorithm>,
        ) -> Result<Vec<u8>, BoxError> {
            Ok(data.iter().rev().copied().collect())
        }
    }

    #[tokio::test]
    async fn a_boxed_provider_answers_by_its_own_methods() {
        let provider = BoxCredentialsProvider::new(Person);
        let prompt = ResponsePrompt { text: "?".into(), echo: true, response_required: true };
        assert_eq!(provider.response(prompt).await.unwrap(), Some(Secret::from("41")));
        let token = provider.clone().auth_token(Secret::from("t")).await.unwrap_err();
        assert_eq!(token.to_string(), "no room for tokens");
    }

    #[tokio::test]
    async fn a_boxed_signer_signs() {
        let signer = BoxSigner::new(Reverse);
        assert_eq!(signer.sign(b"abc", false, None).await.unwrap(), b"cba");
    }
}
