//! Handlers for the common cases, on top of [`Requests`](crate::Requests).
//!
//! - [`AuthServer`] asks an [`Authenticator`] about every client of a server:
//!   concurrently across clients, in order within one, and denies where it fails.
//! - [`Responder`] answers what a client daemon asks: a [`CredentialsProvider`], a
//!   [`Signer`], a certificate.

mod answer;
mod attempt;
mod authenticator;
mod boxed;
mod clients;
mod deciding;
mod failure;
mod outcome;
mod provider;
mod responder;
mod running;
mod server;

pub use attempt::{AskError, Attempt, AttemptKind};
pub use authenticator::{Authenticator, Decision};
pub use boxed::{BoxAuthenticator, BoxCredentialsProvider, BoxSigner};
pub use failure::Failure;
pub use outcome::{Delivery, Drained, Outcome, Verdict};
pub use provider::{
    CredentialsAnswer, CredentialsPrompt, CredentialsProvider, PasswordPrompt, ResponsePrompt,
    Signer, WebAuthPrompt,
};
pub use responder::Responder;
pub use server::AuthServer;

/// Any error of a handler. Its text is logged; it must hold no secret.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[cfg(test)]
mod tests;
