//! Any task may have a handle, and several may share it.

use openvpn_mgmt::handler::{
    Attempt, AuthServer, BoxAuthenticator, BoxCredentialsProvider, BoxSigner, Responder,
};
use openvpn_mgmt::peers::{Changes, LivePeers};
use openvpn_mgmt::process::{Child, Process, Supervisor};
use openvpn_mgmt::server::Connection;
use openvpn_mgmt::{
    Attached, AuthTokenRequest, Builder, CertificateRequest, ChallengeRequest, Client,
    ClientRequest, ClientResponse, CredentialsRequest, Events, Fleet, FleetClient, FleetRequests,
    HoldRequest, Link, LinkClient, LinkWatch, Listener, ListenerBuilder, MemberAttached,
    NeedOkRequest, NeedStrRequest, OneSession, Orphan, Outcomes, PasswordRequest, PendingClient,
    ProxyRequest, RemoteRequest, Request, Requests, ResumedClient, Session, SignRequest, Sourced,
    Sources, UsernameRequest, WebAuthRequest,
};
use tokio::io::DuplexStream;

/// Does not compile where a type is not `Send` and `Sync`.
const fn is_shared<T: Send + Sync>() {}

const fn is_sent<T: Send>() {}

/// Lists types, with the parameters that they are taken with.
macro_rules! shared {
    ($($name:ident$(<$parameter:ty>)?),* $(,)?) => {
        const _: () = {
            $(is_shared::<$name$(<$parameter>)?>();)*
            // No handle: what it holds is called by one task, which it ends in.
            is_sent::<Responder>();
        };

        pub(crate) const SHARED: &[&str] = &[$(stringify!($name),)* "Responder"];
    };
}

shared! {
    Attached, Attempt, AuthServer<BoxAuthenticator>, AuthTokenRequest, BoxAuthenticator, BoxCredentialsProvider,
    BoxSigner, Builder, CertificateRequest, ChallengeRequest, Changes, Child, Client, ClientRequest, ClientResponse,
    Connection<DuplexStream>, CredentialsRequest, Events, Fleet, FleetClient, FleetRequests, HoldRequest, Link,
    LinkClient, LinkWatch, Listener, ListenerBuilder, LivePeers, MemberAttached, NeedOkRequest, NeedStrRequest,
    OneSession, Orphan, Outcomes<u32>, PasswordRequest, PendingClient, Process, ProxyRequest, RemoteRequest, Request,
    Requests, ResumedClient, Session, SignRequest, Sourced, Sources, Supervisor, UsernameRequest,
    WebAuthRequest,
}
