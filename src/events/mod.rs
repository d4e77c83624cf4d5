//! Typed events: what the daemon says of its own accord, read and written.
//!
//! One family a file. [`Event::parse`] reads one line; [`Assembler`] also puts the
//! blocks together that some events are, and [`Event::write`] writes what they read. None does I/O. An event whose name is not
//! known is [`Event::Unknown`], one that is not in the form it should have
//! [`Event::Malformed`]; both keep their bytes, and no field that could not be read is
//! given a value in its place.

mod assembler;
mod bad_field;
mod bytecount;
mod client;
mod echo;
mod env;
mod fatal;
mod from_str;
mod hold;
mod info;
mod infomsg;
mod line;
mod log;
mod log_file;
mod malformed;
mod need;
mod notify;
mod password;
mod pk_sign;
mod pkcs11;
mod proxy;
mod realm;
mod remote;
mod state;
mod updown;

use std::fmt;

use bytes::Bytes;

use crate::types::{WriteError, WriteReply as _, whole};

pub use crate::challenge::{ChallengeFlags, DynamicChallenge, StaticChallenge};
pub use crate::types::{LineRef, SecretText};
pub use assembler::Assembler;
pub use bad_field::BadField;
pub use bytecount::{ByteCount, ByteCountClient};
pub use client::{ClientEvent, CrResponse};
pub use echo::Echo;
pub use env::{Env, EnvBuilder, SessionState, SsoMethod};
pub use fatal::Fatal;
pub use hold::Hold;
pub use info::Info;
pub use infomsg::{InfoMsg, WebAuth, WebAuthFlag, WebAuthProxy};
pub use log::{LogFlags, LogLine};
pub use log_file::{LogFileFormat, LogFileLevel, LogFileLine, LogFileLines, LogFileTime};
pub use malformed::{Malformed, Stray, Unknown};
pub use need::{NeedCertificate, NeedOk, NeedStr};
pub use notify::Notify;
pub use password::Password;
pub use pk_sign::{PkSign, SaltLength, SignAlgorithm, SignCommand};
pub use pkcs11::{Pkcs11IdCount, Pkcs11IdEntry};
pub use proxy::{ProxyProtocol, ProxyQuery};
pub use realm::Realm;
pub use remote::{RemotePort, RemoteQuery};
pub use state::{State, StateBuilder, StateField, StateName};
pub use updown::{Direction, UpDown};

pub(crate) use crate::types::grammar::Problem;
pub(crate) use client::Unread;

/// What the daemon says of its own accord.
///
/// Cloning does not allocate. `Display` is short and for people; `Debug` shows no secret.
///
/// While [requests](crate::Builder::requests) are on, what [`Events`](crate::Events) give holds no password, token,
/// response or link to sign in with, only that there was one: the request that needs it has it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(tag = "event", rename_all = "snake_case")
)]
pub enum Event {
    /// `>HOLD:`: the daemon waits for `hold release`. Comes where it was started with `management-hold`, after `hold on` at
    /// its next restart, and to a manager that connects meanwhile.
    Hold(Hold),
    /// `>FATAL:`: the daemon ends, and says why. Always on.
    Fatal(Fatal),
    /// `>INFO:`: the greeting, and other messages. Always on.
    Info(Info),
    /// `>STATE:`: the daemon enters a state. After [`state_on`](crate::Client::state_on).
    State(State),
    /// `>BYTECOUNT:`: the bytes of a client's tunnel. After [`bytecount`](crate::Client::bytecount).
    ByteCount(ByteCount),
    /// `>BYTECOUNT_CLI:`: the bytes of one client of a server. After [`bytecount`](crate::Client::bytecount).
    ByteCountClient(ByteCountClient),
    /// `>LOG:`: a line of the log. After [`log_on`](crate::Client::log_on).
    Log(LogLine),
    /// `>ECHO:`: an `echo` that the server has pushed, or the configuration holds. After [`echo_on`](crate::Client::echo_on).
    Echo(Echo),
    /// `>PASSWORD:`: the daemon asks for credentials or refuses them, or passes a token on. With
    /// `management-query-passwords`; a wrong password and a token also come without.
    Password(Password),
    /// `>CLIENT:`: what happens to a client of a server. With `management-client-auth`; without it a server says of a client
    /// only that it is in (`ESTABLISHED`).
    Client(ClientEvent),
    /// `>INFOMSG:`: a message of the server to the user: a page to open, a question. Always on.
    InfoMsg(InfoMsg),
    /// `>NEED-OK:`: the daemon asks for a confirmation, such as to insert a token.
    NeedOk(NeedOk),
    /// `>NEED-STR:`: the daemon asks for a text.
    NeedStr(NeedStr),
    /// `>NEED-CERTIFICATE:`: the daemon asks for a certificate. With `management-external-cert`.
    NeedCertificate(NeedCertificate),
    /// `>NOTIFY:`: a message of the server to the user interface. OpenVPN 3.
    Notify(Notify),
    /// `>PK_SIGN:` or `>RSA_SIGN:`: the daemon asks for a signature. With `management-external-key`.
    PkSign(PkSign),
    /// `>PROXY:`: the daemon asks by which proxy to connect. With `management-query-proxy`.
    Proxy(ProxyQuery),
    /// `>REMOTE:`: the daemon asks where to connect to. With `management-query-remote`.
    Remote(RemoteQuery),
    /// `>UPDOWN:`: the tunnel goes up or down, with its environment. With `management-up-down`.
    UpDown(UpDown),
    /// `>PKCS11ID-COUNT:`: the answer to [`pkcs11_id_count`](crate::Client::pkcs11_id_count), where nobody waits for it any
    /// more.
    Pkcs11IdCount(Pkcs11IdCount),
    /// `>PKCS11ID-ENTRY:`: the answer to [`pkcs11_id_get`](crate::Client::pkcs11_id_get), likewise.
    Pkcs11IdEntry(Pkcs11IdEntry),
    /// A line without a `>` that belongs to no reply.
    Stray(Stray),
    /// An event whose name is not known.
    Unknown(Unknown),
    /// An event that is not in the form it should have.
    Malformed(Malformed),
}

impl Event {
    /// Reads one event line, without its `>` and line end.
    ///
    /// A line that is part of a block (`CLIENT:CONNECT,…`, `UPDOWN:…`, `…:ENV,…`) is
    /// [`Event::Malformed`] by itself; [`Assembler`] puts blocks together.
    #[must_use]
    pub fn parse<'a>(line: impl Into<LineRef<'a>>) -> Self {
        let line = line.into();
        match split_name(line.as_bytes()) {
            Some((name, body)) => Self::parse_named(line, name, body),
            None => Self::Unknown(Unknown::new(line.to_bytes())),
        }
    }

    fn parse_named(line: LineRef<'_>, name: &[u8], body: &[u8]) -> Self {
        // Most of what a daemon says goes its own way, on which it is not copied from result to result.
        let problem = match name {
            b"LOG" => match LogLine::parse(line.memory(), body) {
                Ok(log) => return Self::Log(log),
                Err(problem) => problem,
            },
            b"BYTECOUNT_CLI" => match ByteCountClient::parse(body) {
                Ok(count) => return Self::ByteCountClient(count),
                Err(problem) => problem,
            },
            _ => return Self::parse_other(line, name, body),
        };
        Self::Malformed(Malformed::new(line.to_bytes(), problem))
    }

    fn parse_other(line: LineRef<'_>, name: &[u8], body: &[u8]) -> Self {
        match Self::parse_known(line.memory(), name, body) {
            Ok(Some(event)) => event,
            Ok(None) => Self::Unknown(Unknown::new(line.to_bytes())),
            Err(problem) => Self::Malformed(Malformed::new(line.to_bytes(), problem)),
        }
    }

    /// Adds the event to `out` as a daemon sends it, with the `>` and line end of each of its lines.
    ///
    /// What was read is written as it came, byte for byte, but for what no daemon sends: zeros before a number, other words
    /// behind the number of a greeting, another word than `string` or `confirmation` in a `NEED-STR` or `NEED-OK`, the
    /// parameters of a signature in another order, empty flags of a `WEB_AUTH`, and a comma behind the name of a
    /// state that ends the line. A block that was cut short is written as far as it was kept.
    ///
    /// What is written holds the secrets of the event, if it has any. Where `out` grows its old memory is wiped, so a
    /// `Zeroizing<Vec<u8>>` leaves nothing of them.
    ///
    /// ```
    /// use openvpn_mgmt::events::{ByteCount, Event};
    ///
    /// let mut out = Vec::new();
    /// Event::ByteCount(ByteCount::new(3050, 2908)).write(&mut out)?;
    /// assert_eq!(out, b">BYTECOUNT:3050,2908\r\n");
    /// # Ok::<(), openvpn_mgmt::WriteError>(())
    /// ```
    ///
    /// # Errors
    /// - [`WriteError::LineEnd`] and [`ReadsOtherwise`](WriteError::ReadsOtherwise) for a value that would be read as
    ///   something else.
    /// - [`WriteError::Withheld`] for an event that lacks a secret, as those of a connection whose
    ///   [requests](crate::Builder::requests) are on. A text that was cut (a line of the log, a message of the
    ///   server) is written as it is, with its `[redacted]`.
    ///
    /// `out` is then as it was.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        whole(out, |out| match self {
            Self::Hold(event) => event.write(out),
            Self::Fatal(event) => event.write(out),
            Self::Info(event) => event.write(out),
            Self::State(event) => event.write(out),
            Self::ByteCount(event) => event.write(out),
            Self::ByteCountClient(event) => event.write(out),
            Self::Log(event) => event.write(out),
            Self::Echo(event) => event.write(out),
            Self::Password(event) => event.write(out),
            Self::Client(event) => event.write(out),
            Self::InfoMsg(event) => event.write(out),
            Self::NeedOk(event) => event.write(out),
            Self::NeedStr(event) => event.write(out),
            Self::NeedCertificate(event) => event.write(out),
            Self::Notify(event) => event.write(out),
            Self::PkSign(event) => event.write(out),
            Self::Proxy(event) => event.write(out),
            Self::Remote(event) => event.write(out),
            Self::UpDown(event) => event.write(out),
            Self::Pkcs11IdCount(event) => event.write(out),
            Self::Pkcs11IdEntry(event) => event.write(out),
            Self::Stray(event) => event.write(out),
            Self::Unknown(event) => event.write(out),
            Self::Malformed(event) => event.write(out),
        })
    }

    /// The event by itself, as [`write`](Self::write) adds it; whoever keeps it wipes it.
    ///
    /// # Errors
    /// Those of [`write`](Self::write).
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        let mut out = Vec::new();
        self.write(&mut out).map(|()| out)
    }

    /// The name it has on the wire, as `STATE` or `BYTECOUNT_CLI`, for metrics and filters: one of few for the events that are
    /// known. `None` for a [`Stray`](Self::Stray) line, and where the line has none.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        Some(match self {
            Self::Hold(_) => "HOLD",
            Self::Fatal(_) => "FATAL",
            Self::Info(_) => "INFO",
            Self::State(_) => "STATE",
            Self::ByteCount(_) => "BYTECOUNT",
            Self::ByteCountClient(_) => "BYTECOUNT_CLI",
            Self::Log(_) => "LOG",
            Self::Echo(_) => "ECHO",
            Self::Password(_) => "PASSWORD",
            Self::Client(_) => "CLIENT",
            Self::InfoMsg(_) => "INFOMSG",
            Self::NeedOk(_) => "NEED-OK",
            Self::NeedStr(_) => "NEED-STR",
            Self::NeedCertificate(_) => "NEED-CERTIFICATE",
            Self::Notify(_) => "NOTIFY",
            Self::PkSign(PkSign { command: SignCommand::PkSig, .. }) => "PK_SIGN",
            Self::PkSign(PkSign { command: SignCommand::RsaSig, .. }) => "RSA_SIGN",
            Self::Proxy(_) => "PROXY",
            Self::Remote(_) => "REMOTE",
            Self::UpDown(_) => "UPDOWN",
            Self::Pkcs11IdCount(_) => "PKCS11ID-COUNT",
            Self::Pkcs11IdEntry(_) => "PKCS11ID-ENTRY",
            Self::Stray(_) => return None,
            Self::Unknown(unknown) => return unknown.name(),
            Self::Malformed(malformed) => return malformed.name(),
        })
    }

    /// How much memory the event holds that it does not share with those that came with it.
    pub(crate) fn own_bytes(&self) -> usize {
        match self {
            Self::Client(client) => client.env().map_or(0, Env::own_bytes),
            Self::UpDown(updown) => updown.env.own_bytes(),
            Self::Unknown(unknown) => unknown.env().map_or(0, Env::own_bytes),
            Self::Malformed(malformed) => malformed.env().map_or(0, Env::own_bytes),
            _ => 0,
        }
    }

    /// Whether the daemon restarts, or may: `>STATE:` with the name `RECONNECTING`, whatever else of it
    /// cannot be read, or with a name that cannot be a state's.
    pub(crate) fn may_be_restart(&self) -> bool {
        match self {
            Self::State(state) => state.may_be_restart(),
            // What a line says whose end did not come is not known; nor does anything come behind it.
            Self::Malformed(malformed) => {
                !malformed.is_cut() && state::may_be_restart(malformed.line())
            }
            _ => false,
        }
    }

    /// The same without the secrets that the requests have: what subscribers get beside them.
    pub(crate) fn withhold_secrets(self) -> Self {
        match self {
            Self::Password(event) => Self::Password(event.withhold_secrets()),
            Self::Client(event) => Self::Client(event.withhold_secrets()),
            Self::InfoMsg(event) => Self::InfoMsg(event.withhold_secrets()),
            Self::Log(event) => Self::Log(event.withhold_secrets()),
            Self::UpDown(event) => Self::UpDown(event.withhold_secrets()),
            Self::Stray(event) => Self::Stray(event.withhold_secrets()),
            Self::Unknown(event) => Self::Unknown(event.withhold_secrets()),
            Self::Malformed(event) => Self::Malformed(event.withhold_secrets()),
            other => other,
        }
    }

    /// `None` where the name is not known.
    fn parse_known(memory: &Bytes, name: &[u8], body: &[u8]) -> Result<Option<Self>, Problem> {
        Ok(Some(match name {
            b"BYTECOUNT" => Self::ByteCount(ByteCount::parse(body)?),
            b"STATE" => Self::State(State::parse(memory, body)?),
            b"CLIENT" => return Self::parse_client(memory, body),
            b"ECHO" => Self::Echo(Echo::parse(memory, body)?),
            b"FATAL" => Self::Fatal(Fatal::parse(memory, body)),
            b"HOLD" => Self::Hold(Hold::parse(memory, body)),
            b"INFO" => Self::Info(Info::parse(memory, body)),
            b"INFOMSG" => Self::InfoMsg(InfoMsg::parse(memory, body)?),
            b"NEED-CERTIFICATE" => Self::NeedCertificate(NeedCertificate::parse(memory, body)),
            b"NEED-OK" => Self::NeedOk(NeedOk::parse(memory, body)?),
            b"NEED-STR" => Self::NeedStr(NeedStr::parse(memory, body)?),
            b"NOTIFY" => Self::Notify(Notify::parse(memory, body)?),
            b"PASSWORD" => Self::Password(Password::parse(memory, body)?),
            b"PK_SIGN" => Self::PkSign(PkSign::parse_pk_sign(memory, body)?),
            b"RSA_SIGN" => Self::PkSign(PkSign::parse_rsa_sign(memory, body)?),
            b"PKCS11ID-COUNT" => Self::Pkcs11IdCount(Pkcs11IdCount::parse(body)?),
            b"PKCS11ID-ENTRY" => Self::Pkcs11IdEntry(Pkcs11IdEntry::parse(memory, body)?),
            b"PROXY" => Self::Proxy(ProxyQuery::parse(memory, body)?),
            b"REMOTE" => Self::Remote(RemoteQuery::parse(memory, body)?),
            b"UPDOWN" => return Err(PART_OF_A_BLOCK),
            _ => return Ok(None),
        }))
    }

    fn parse_client(memory: &Bytes, body: &[u8]) -> Result<Option<Self>, Problem> {
        if body.starts_with(b"ENV,") {
            return Err(PART_OF_A_BLOCK);
        }
        match client::Header::parse(memory, body)? {
            client::Header::Whole(event) => Ok(Some(Self::Client(event))),
            client::Header::Block(_) => Err(PART_OF_A_BLOCK),
            client::Header::Unknown => Ok(None),
        }
    }
}

const PART_OF_A_BLOCK: Problem = Problem("it is part of a block, and came by itself");

/// The name of an event and its body, which the first colon divides.
fn split_name(line: &[u8]) -> Option<(&[u8], &[u8])> {
    // Names are a few bytes long, where a loop is faster than a search.
    let at = line.iter().position(|byte| *byte == b':')?;
    let (name, body) = line.split_at_checked(at)?;
    Some((name, body.get(1..)?))
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hold(event) => fmt::Display::fmt(event, f),
            Self::Fatal(event) => fmt::Display::fmt(event, f),
            Self::Info(event) => fmt::Display::fmt(event, f),
            Self::State(event) => fmt::Display::fmt(event, f),
            Self::ByteCount(event) => fmt::Display::fmt(event, f),
            Self::ByteCountClient(event) => fmt::Display::fmt(event, f),
            Self::Log(event) => fmt::Display::fmt(event, f),
            Self::Echo(event) => fmt::Display::fmt(event, f),
            Self::Password(event) => fmt::Display::fmt(event, f),
            Self::Client(event) => fmt::Display::fmt(event, f),
            Self::InfoMsg(event) => fmt::Display::fmt(event, f),
            Self::NeedOk(event) => fmt::Display::fmt(event, f),
            Self::NeedStr(event) => fmt::Display::fmt(event, f),
            Self::NeedCertificate(event) => fmt::Display::fmt(event, f),
            Self::Notify(event) => fmt::Display::fmt(event, f),
            Self::PkSign(event) => fmt::Display::fmt(event, f),
            Self::Proxy(event) => fmt::Display::fmt(event, f),
            Self::Remote(event) => fmt::Display::fmt(event, f),
            Self::UpDown(event) => fmt::Display::fmt(event, f),
            Self::Pkcs11IdCount(event) => fmt::Display::fmt(event, f),
            Self::Pkcs11IdEntry(event) => fmt::Display::fmt(event, f),
            Self::Stray(event) => fmt::Display::fmt(event, f),
            Self::Unknown(event) => fmt::Display::fmt(event, f),
            Self::Malformed(event) => fmt::Display::fmt(event, f),
        }
    }
}

#[cfg(test)]
mod tests;
