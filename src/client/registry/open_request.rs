//! [`OpenRequest`]: what the daemon asked, as plain data, and how events become requests.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use crate::challenge::Challenge;
use crate::client::identity::Peer;
use crate::client::registry::request_state::RequestState;
use crate::error::Error;
use crate::events::{
    ClientEvent, CrResponse, DynamicChallenge, Env, Event, Hold, InfoMsg, NeedCertificate, NeedOk,
    NeedStr, Password, PkSign, ProxyQuery, Realm, RemoteQuery, SecretText, WebAuthFlag,
};
use crate::types::{Cid, Kid, Masked, Secret, Text};

/// A request that waits to be taken, with its state.
#[derive(Debug, Clone)]
pub(crate) struct OpenRequest {
    pub(crate) state: Arc<RequestState>,
    /// An answer to it was not sent.
    pub(crate) again: bool,
    /// One of them was refused before it was sent.
    pub(crate) refused: bool,
    /// What came of one of them was none of what can be made of an answer: no reply, or an odd one.
    pub(crate) odd: bool,
    /// Why the last of them was not sent; `None` where it was dropped.
    pub(crate) error: Option<Error>,
    pub(crate) raised: Instant,
    /// The number of the event that asked it.
    pub(crate) number: u64,
    pub(crate) kind: RequestKind,
}

#[derive(Debug, Clone)]
pub(crate) enum RequestKind {
    Hold(Hold),
    UserPass { realm: Realm, challenge: Option<Challenge>, refusal: Option<Refusal> },
    Password { realm: Realm, challenge: Option<Challenge>, refusal: Option<Refusal> },
    Username { realm: Realm, refusal: Option<Refusal> },
    NeedOk(NeedOk),
    NeedStr(NeedStr),
    Certificate(NeedCertificate),
    Sign(PkSign),
    Remote(RemoteQuery),
    Proxy(ProxyQuery),
    CrText { text: Text, echo: bool, response_required: bool },
    WebAuth { url: Secret, flags: Vec<WebAuthFlag> },
    AuthToken(Secret),
    Client(AboutClient),
}

#[derive(Debug, Clone)]
pub(crate) struct AboutClient {
    pub(crate) cid: Cid,
    pub(crate) kid: Kid,
    pub(crate) peer: Peer,
    pub(crate) env: Env,
    pub(crate) extra: Option<SecretText>,
    pub(crate) kind: AboutClientKind,
}

#[derive(Debug, Clone)]
pub(crate) enum AboutClientKind {
    Connect,
    Reauth,
    Response(CrResponse),
}

/// Requests of one kind replace each other: the daemon asks one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Hold,
    Credentials,
    Need,
    Certificate,
    Sign,
    Remote,
    Proxy,
    CrText,
    WebAuth,
    AuthToken,
}

impl OpenRequest {
    pub(crate) fn new(state: Arc<RequestState>, number: u64, kind: RequestKind) -> Self {
        let raised = Instant::now();
        Self { state, again: false, refused: false, odd: false, error: None, raised, number, kind }
    }
}

impl RequestKind {
    /// `None` for a request about a client; those stand beside each other.
    pub(crate) fn slot(&self) -> Option<Slot> {
        Some(match self {
            Self::Hold(_) => Slot::Hold,
            Self::UserPass { .. } | Self::Password { .. } | Self::Username { .. } => {
                Slot::Credentials
            }
            Self::NeedOk(_) | Self::NeedStr(_) => Slot::Need,
            Self::Certificate(_) => Slot::Certificate,
            Self::Sign(_) => Slot::Sign,
            Self::Remote(_) => Slot::Remote,
            Self::Proxy(_) => Slot::Proxy,
            Self::CrText { .. } => Slot::CrText,
            Self::WebAuth { .. } => Slot::WebAuth,
            Self::AuthToken(_) => Slot::AuthToken,
            Self::Client(_) => return None,
        })
    }

    /// Whether the daemon waits for an answer; else it only hands something over.
    pub(crate) fn needs_answer(&self) -> bool {
        !matches!(self, Self::WebAuth { .. } | Self::AuthToken(_))
    }

    /// The client that it is about.
    pub(crate) fn peer(&self) -> Option<&Peer> {
        match self {
            Self::Client(client) => Some(&client.peer),
            _ => None,
        }
    }

    /// The client that waits for a decision by this very request.
    pub(crate) fn waits(&self) -> Option<(Cid, Kid)> {
        match self {
            Self::Client(AboutClient { kind: AboutClientKind::Response(_), .. }) => None,
            Self::Client(client) => Some((client.cid, client.kid)),
            _ => None,
        }
    }
}

/// Why the last answer to a prompt was not accepted (`>PASSWORD:Verification Failed`).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Refusal {
    /// The server's own words, where it gave any. They may hold a challenge that cannot be read, which `Debug`
    /// does not show.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut_optional"))]
    pub reason: Option<Text>,
}

impl Refusal {
    /// One for this reason, where the server gave any: for tests of what answers prompts.
    #[must_use]
    pub fn new(reason: Option<Text>) -> Self {
        Self { reason }
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("reason", &self.reason.as_ref().map(Masked)).finish()
    }
}

/// Turns events into requests; remembers a dynamic challenge, or a refusal, until its prompt comes.
#[derive(Debug, Default)]
pub(crate) struct RequestReader {
    dynamic: Option<DynamicChallenge>,
    refused: Option<(Realm, Refusal)>,
}

/// How OpenVPN 2.7 tells of a wrong private key password, of which it says nothing else.
const BAD_KEY_PASSWORD: &str = "private-key-password-failure";

impl RequestReader {
    /// The request an event asks, where it asks one.
    pub(crate) fn ask(&mut self, event: &Event) -> Option<RequestKind> {
        Some(match event {
            Event::Hold(hold) => RequestKind::Hold(hold.clone()),
            Event::Password(password) => return self.password(password),
            Event::NeedOk(need) => RequestKind::NeedOk(need.clone()),
            Event::NeedStr(need) => RequestKind::NeedStr(need.clone()),
            Event::NeedCertificate(need) => RequestKind::Certificate(need.clone()),
            Event::PkSign(sign) => RequestKind::Sign(sign.clone()),
            Event::Remote(remote) => RequestKind::Remote(remote.clone()),
            Event::Proxy(proxy) => RequestKind::Proxy(proxy.clone()),
            Event::InfoMsg(message) => return info_msg(message),
            Event::State(state) => {
                if state.detail().is_some_and(|detail| detail == *BAD_KEY_PASSWORD) {
                    self.refused = Some((Realm::PrivateKey, Refusal { reason: None }));
                }
                return None;
            }
            _ => return None,
        })
    }

    fn password(&mut self, password: &Password) -> Option<RequestKind> {
        match password {
            Password::NeedUserPass { realm, challenge, .. } => {
                let challenge = match (realm, challenge) {
                    (_, Some(challenge)) => Some(Challenge::from(challenge.clone())),
                    (Realm::Auth, None) => self.dynamic.take().map(Challenge::from),
                    (_, None) => None,
                };
                let (realm, refusal) = (realm.clone(), self.refusal(realm));
                Some(RequestKind::UserPass { realm, challenge, refusal })
            }
            Password::NeedPassword { realm, challenge, .. } => {
                // After a dynamic challenge OpenVPN 3 asks so for the response, and repeats the static one.
                let dynamic = if *realm == Realm::Auth { self.dynamic.take() } else { None };
                let fixed = || challenge.clone().map(Challenge::from);
                let challenge = dynamic.map(Challenge::from).or_else(fixed);
                let (realm, refusal) = (realm.clone(), self.refusal(realm));
                Some(RequestKind::Password { realm, challenge, refusal })
            }
            Password::NeedUsername { realm, .. } => {
                Some(RequestKind::Username { realm: realm.clone(), refusal: self.refusal(realm) })
            }
            Password::VerificationFailed { realm, reason, challenge, .. } => {
                self.failed(realm, reason.as_ref(), challenge.as_deref());
                None
            }
            Password::AuthToken(token) => token.to_secret().map(RequestKind::AuthToken),
        }
    }

    /// A challenge is the second step of an answer, not its refusal.
    fn failed(
        &mut self,
        realm: &Realm,
        reason: Option<&Text>,
        challenge: Option<&DynamicChallenge>,
    ) {
        if *realm == Realm::Auth {
            self.dynamic = challenge.cloned();
        }
        self.refused = match challenge {
            Some(_) => None,
            None => Some((realm.clone(), Refusal { reason: reason.cloned() })),
        };
    }

    /// The refusal of the last answer for this realm, told once.
    fn refusal(&mut self, realm: &Realm) -> Option<Refusal> {
        let (_, refusal) = self.refused.take_if(|(refused, _)| refused == realm)?;
        Some(refusal)
    }
}

fn info_msg(message: &InfoMsg) -> Option<RequestKind> {
    Some(match message {
        InfoMsg::WebAuth(web) => {
            let flags = web.flags().cloned().collect();
            RequestKind::WebAuth { url: web.url.to_secret()?, flags }
        }
        InfoMsg::OpenUrl(url) => RequestKind::WebAuth { url: url.to_secret()?, flags: Vec::new() },
        InfoMsg::CrText { flags, text, .. } => RequestKind::CrText {
            text: text.clone(),
            echo: flags.echo(),
            response_required: flags.response_required(),
        },
        InfoMsg::Other(_) => return None,
    })
}

impl AboutClient {
    pub(crate) fn of(event: &ClientEvent, peer: &Peer) -> Option<Self> {
        let kind = match event {
            ClientEvent::Connect { .. } => AboutClientKind::Connect,
            ClientEvent::Reauth { .. } => AboutClientKind::Reauth,
            ClientEvent::CrResponse { response, .. } => AboutClientKind::Response(response.clone()),
            _ => return None,
        };
        let (cid, env, extra) = (event.cid(), event.env()?.clone(), event.extra().cloned());
        Some(Self { cid, kid: event.kid()?, peer: peer.clone(), env, extra, kind })
    }
}
