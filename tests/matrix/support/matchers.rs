//! Match the events that conversations wait for, and take what is in them.

use openvpn_mgmt::events::{ClientEvent, Env, InfoMsg, Password, Realm};
use openvpn_mgmt::{Cid, Event, Kid, StateName};

/// A client as its server sees it.
#[derive(Clone, Debug)]
pub struct Peer {
    pub cid: Cid,
    pub kid: Kid,
    pub env: Env,
}

pub fn state(name: StateName) -> impl Fn(&Event) -> Option<openvpn_mgmt::events::State> {
    move |event| match event {
        Event::State(state) if state.name == name => Some(state.clone()),
        _ => None,
    }
}

pub fn hold(event: &Event) -> Option<()> {
    matches!(event, Event::Hold(_)).then_some(())
}

pub fn connect(event: &Event) -> Option<Peer> {
    match event {
        Event::Client(ClientEvent::Connect { cid, kid, env, .. }) => {
            Some(Peer { cid: *cid, kid: *kid, env: env.clone() })
        }
        _ => None,
    }
}

pub fn reauth(event: &Event) -> Option<Peer> {
    match event {
        Event::Client(ClientEvent::Reauth { cid, kid, env, .. }) => {
            Some(Peer { cid: *cid, kid: *kid, env: env.clone() })
        }
        _ => None,
    }
}

pub fn established(event: &Event) -> Option<(Cid, Env)> {
    match event {
        Event::Client(ClientEvent::Established { cid, env, .. }) => Some((*cid, env.clone())),
        _ => None,
    }
}

pub fn disconnect(event: &Event) -> Option<(Cid, Env)> {
    match event {
        Event::Client(ClientEvent::Disconnect { cid, env, .. }) => Some((*cid, env.clone())),
        _ => None,
    }
}

/// A prompt for user name and password.
pub fn need_user_pass(event: &Event) -> Option<Realm> {
    match event {
        Event::Password(Password::NeedUserPass { realm, .. }) => Some(realm.clone()),
        _ => None,
    }
}

/// A prompt for a password alone.
pub fn need_password(event: &Event) -> Option<Realm> {
    match event {
        Event::Password(Password::NeedPassword { realm, .. }) => Some(realm.clone()),
        _ => None,
    }
}

/// Any `Verification Failed`.
pub fn failed(event: &Event) -> Option<Password> {
    match event {
        Event::Password(password @ Password::VerificationFailed { .. }) => Some(password.clone()),
        _ => None,
    }
}

pub fn info_msg(event: &Event) -> Option<InfoMsg> {
    match event {
        Event::InfoMsg(message) => Some(message.clone()),
        _ => None,
    }
}

/// A line of the daemon's log that holds `text`.
pub fn log_with(text: &'static str) -> impl Fn(&Event) -> Option<String> {
    move |event| match event {
        Event::Log(line) if line.text.to_string().contains(text) => Some(line.text.to_string()),
        _ => None,
    }
}
