//! [`Question`]: what the daemon asked, as plain data, and how events become questions.

use std::sync::Arc;

use tokio::time::Instant;

use super::guard::Guard;
use crate::events::{
    ClientEvent, CrResponse, DynamicChallenge, Env, Event, Hold, InfoMsg, NeedCertificate, NeedOk,
    NeedStr, Password, PkSign, ProxyRequest, Realm, RemoteRequest, StaticChallenge,
};
use crate::{Cid, Kid, Text};

/// A question that waits to be taken, with its guard.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) guard: Arc<Guard>,
    pub(crate) raised: Instant,
    pub(crate) asked: Asked,
}

#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Hold(Hold),
    UserPass { realm: Realm, challenge: Option<Challenge> },
    Password { realm: Realm },
    Username { realm: Realm },
    NeedOk(NeedOk),
    NeedStr(NeedStr),
    Certificate(NeedCertificate),
    Sign(PkSign),
    Remote(RemoteRequest),
    Proxy(ProxyRequest),
    CrText { text: Text, echo: bool, response_required: bool },
    Client(AskedClient),
}

/// A challenge that goes with a user name and password.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Challenge {
    Static(StaticChallenge),
    Dynamic(DynamicChallenge),
}

#[derive(Debug, Clone)]
pub(crate) struct AskedClient {
    pub(crate) cid: Cid,
    pub(crate) kid: Kid,
    pub(crate) env: Env,
    pub(crate) kind: AskedClientKind,
}

#[derive(Debug, Clone)]
pub(crate) enum AskedClientKind {
    Connect,
    Reauth,
    Response(CrResponse),
}

/// Questions of one kind replace each other: the daemon asks one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    Hold,
    Credentials,
    Need,
    Certificate,
    Sign,
    Remote,
    Proxy,
    CrText,
}

impl Asked {
    /// `None` for a question about a client; those stand beside each other.
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
            Self::Client(_) => return None,
        })
    }

    /// Whether it is a client's response to what it was asked.
    pub(crate) fn is_response(&self) -> bool {
        matches!(self, Self::Client(AskedClient { kind: AskedClientKind::Response(_), .. }))
    }
}

/// Turns events into questions; remembers a dynamic challenge until its prompt comes.
#[derive(Debug, Default)]
pub(crate) struct Asker {
    dynamic: Option<DynamicChallenge>,
}

impl Asker {
    /// The question an event asks, where it asks one.
    pub(crate) fn ask(&mut self, event: &Event) -> Option<Asked> {
        Some(match event {
            Event::Hold(hold) => Asked::Hold(*hold),
            Event::Password(password) => return self.password(password),
            Event::NeedOk(need) => Asked::NeedOk(need.clone()),
            Event::NeedStr(need) => Asked::NeedStr(need.clone()),
            Event::NeedCertificate(need) => Asked::Certificate(need.clone()),
            Event::PkSign(sign) => Asked::Sign(sign.clone()),
            Event::Remote(remote) => Asked::Remote(remote.clone()),
            Event::Proxy(proxy) => Asked::Proxy(proxy.clone()),
            Event::InfoMsg(InfoMsg::CrText { flags, text, .. }) => Asked::CrText {
                text: text.clone(),
                echo: flags.echo(),
                response_required: flags.response_required(),
            },
            Event::Client(client) => Asked::Client(AskedClient::of(client)?),
            _ => return None,
        })
    }

    fn password(&mut self, password: &Password) -> Option<Asked> {
        match password {
            Password::NeedUserPass { realm, challenge, .. } => {
                let challenge = match (realm, challenge) {
                    (_, Some(challenge)) => Some(Challenge::Static(challenge.clone())),
                    (Realm::Auth, None) => self.dynamic.take().map(Challenge::Dynamic),
                    (_, None) => None,
                };
                Some(Asked::UserPass { realm: realm.clone(), challenge })
            }
            Password::NeedPassword { realm, .. } => Some(Asked::Password { realm: realm.clone() }),
            Password::NeedUsername { realm, .. } => Some(Asked::Username { realm: realm.clone() }),
            Password::VerificationFailed { realm: Realm::Auth, challenge, .. } => {
                self.dynamic.clone_from(challenge);
                None
            }
            _ => None,
        }
    }
}

impl AskedClient {
    fn of(event: &ClientEvent) -> Option<Self> {
        let kind = match event {
            ClientEvent::Connect { .. } => AskedClientKind::Connect,
            ClientEvent::Reauth { .. } => AskedClientKind::Reauth,
            ClientEvent::CrResponse { response, .. } => AskedClientKind::Response(response.clone()),
            _ => return None,
        };
        Some(Self { cid: event.cid(), kid: event.kid()?, env: event.env()?.clone(), kind })
    }
}
