//! The events, by form.

use openvpn_mgmt::Event;
use openvpn_mgmt::events::{ClientEvent, InfoMsg, Password, PkSign, SignCommand};

/// One form of an event, as a row of the table.
#[derive(Debug)]
pub struct EventRow {
    /// How it looks on the wire.
    pub key: &'static str,
    /// The first `(major, minor)` that has it, where 2.5 has not.
    pub since: Option<(u32, u32)>,
    /// Why no daemon here sends it, where none does.
    pub never: Option<&'static str>,
}

const fn row(key: &'static str) -> EventRow {
    EventRow { key, since: None, never: None }
}

const fn since(key: &'static str, minor: u32) -> EventRow {
    EventRow { since: Some((2, minor)), ..row(key) }
}

/// Every form of section 6 of the protocol notes.
pub const EVENTS: &[EventRow] = &[
    row("BYTECOUNT"),
    row("BYTECOUNT_CLI"),
    row("CLIENT:ADDRESS"),
    row("CLIENT:CONNECT"),
    row("CLIENT:CR_RESPONSE"),
    row("CLIENT:DISCONNECT"),
    row("CLIENT:ESTABLISHED"),
    row("CLIENT:REAUTH"),
    row("ECHO"),
    row("FATAL"),
    row("HOLD"),
    row("INFO"),
    row("INFOMSG:CR_TEXT"),
    row("INFOMSG:OPEN_URL"),
    row("INFOMSG:WEB_AUTH"),
    row("INFOMSG of other text"),
    row("LOG"),
    row("NEED-CERTIFICATE"),
    row("NEED-OK"),
    row("NEED-STR"),
    row("NOTIFY"),
    row("PASSWORD:Auth-Token"),
    row("PASSWORD:Need password"),
    since("PASSWORD:Need username", 7),
    row("PASSWORD:Need username/password"),
    row("PASSWORD:Need username/password SC"),
    row("PASSWORD:Verification Failed"),
    row("PASSWORD:Verification Failed [CRV1]"),
    row("PASSWORD:Verification Failed [reason]"),
    row("PK_SIGN"),
    row("PK_SIGN with algorithm"),
    row("PKCS11ID-COUNT"),
    row("PKCS11ID-ENTRY"),
    row("PROXY"),
    row("REMOTE"),
    row("RSA_SIGN"),
    row("STATE:ADD_ROUTES"),
    row("STATE:ASSIGN_IP"),
    row("STATE:AUTH"),
    since("STATE:AUTH_PENDING", 6),
    row("STATE:CONNECTED"),
    EventRow {
        never: Some("the first state, before a manager can ask to be told; `state all` has it"),
        ..row("STATE:CONNECTING")
    },
    row("STATE:EXITING"),
    row("STATE:GET_CONFIG"),
    EventRow { never: Some("what a daemon is in before its first state"), ..row("STATE:INITIAL") },
    row("STATE:RECONNECTING"),
    row("STATE:RESOLVE"),
    row("STATE:TCP_CONNECT"),
    row("STATE:WAIT"),
    row("UPDOWN:DOWN"),
    row("UPDOWN:UP"),
];

/// The row an event belongs to.
pub fn event_key(event: &Event) -> String {
    let key = match event {
        Event::Hold(_) => "HOLD",
        Event::Fatal(_) => "FATAL",
        Event::Info(_) => "INFO",
        Event::State(state) => return format!("STATE:{}", state.name),
        Event::ByteCount(_) => "BYTECOUNT",
        Event::ByteCountClient(_) => "BYTECOUNT_CLI",
        Event::Log(_) => "LOG",
        Event::Echo(_) => "ECHO",
        Event::Password(password) => password_key(password),
        Event::Client(client) => client_key(client),
        Event::InfoMsg(InfoMsg::CrText { .. }) => "INFOMSG:CR_TEXT",
        Event::InfoMsg(InfoMsg::OpenUrl(_)) => "INFOMSG:OPEN_URL",
        Event::InfoMsg(InfoMsg::WebAuth(_)) => "INFOMSG:WEB_AUTH",
        Event::InfoMsg(_) => "INFOMSG of other text",
        Event::NeedOk(_) => "NEED-OK",
        Event::NeedStr(_) => "NEED-STR",
        Event::NeedCertificate(_) => "NEED-CERTIFICATE",
        Event::Notify(_) => "NOTIFY",
        Event::PkSign(PkSign { command: SignCommand::RsaSig, .. }) => "RSA_SIGN",
        Event::PkSign(PkSign { algorithm: None, .. }) => "PK_SIGN",
        Event::PkSign(_) => "PK_SIGN with algorithm",
        Event::Proxy(_) => "PROXY",
        Event::Remote(_) => "REMOTE",
        Event::UpDown(updown) if updown.is_up() => "UPDOWN:UP",
        Event::UpDown(_) => "UPDOWN:DOWN",
        Event::Pkcs11IdCount(_) => "PKCS11ID-COUNT",
        Event::Pkcs11IdEntry(_) => "PKCS11ID-ENTRY",
        other => panic!("an event without a row: {other:?}"),
    };
    key.to_owned()
}

fn password_key(password: &Password) -> &'static str {
    match password {
        Password::NeedUserPass { challenge: None, .. } => "PASSWORD:Need username/password",
        Password::NeedUserPass { .. } => "PASSWORD:Need username/password SC",
        Password::NeedPassword { .. } => "PASSWORD:Need password",
        Password::NeedUsername { .. } => "PASSWORD:Need username",
        Password::VerificationFailed { challenge: Some(_), .. } => {
            "PASSWORD:Verification Failed [CRV1]"
        }
        Password::VerificationFailed { reason: Some(_), .. } => {
            "PASSWORD:Verification Failed [reason]"
        }
        Password::VerificationFailed { .. } => "PASSWORD:Verification Failed",
        Password::AuthToken(_) => "PASSWORD:Auth-Token",
        other => panic!("a password event without a row: {other:?}"),
    }
}

fn client_key(client: &ClientEvent) -> &'static str {
    match client {
        ClientEvent::Connect { .. } => "CLIENT:CONNECT",
        ClientEvent::Reauth { .. } => "CLIENT:REAUTH",
        ClientEvent::Established { .. } => "CLIENT:ESTABLISHED",
        ClientEvent::Disconnect { .. } => "CLIENT:DISCONNECT",
        ClientEvent::CrResponse { .. } => "CLIENT:CR_RESPONSE",
        ClientEvent::Address { .. } => "CLIENT:ADDRESS",
        other => panic!("a client event without a row: {other:?}"),
    }
}
