//! `>STATE:`

mod builder;
#[cfg(feature = "serde")]
mod json;
mod name;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;

pub use builder::StateBuilder;
pub use name::StateName;

use crate::types::grammar::{
    Problem, comma, field, ipv4, ipv6, number, scoped_ip, split_once, start, time,
};
use crate::types::{Line, ParseError, Text, WriteError, WriteRow};

/// `>STATE:time,NAME,detail,local4,remote,rport,laddr,lport,local6`: the daemon's state.
///
/// Older daemons send fewer fields, and most states leave the addresses empty;
/// a field the daemon left empty or out is `None`. So is one that cannot be read as
/// what it should be, such as a server's name in the place of its address: its text is in
/// [`unread`](Self::unread).
///
/// # Commas in the detail
/// OpenVPN 3 sends details that hold commas, in states without addresses, and ends each line with two
/// empty fields. So where a line other than `CONNECTED` ends that way, and what stands before does not fit the
/// fields that OpenVPN 2 sends, all of it is the [`detail`](Self::detail). [`fields`](Self::fields) are those of
/// the line in any case.
///
/// `Debug` shows no text of a field that was not read, which may be a secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "json::Fields", try_from = "json::Fields")
)]
pub struct State {
    /// When the state was entered, in Unix seconds.
    pub time: u64,
    /// The state.
    pub name: StateName,
    /// All fields behind the name.
    fields: Text,
}

/// A field of a [`State`] that has a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum StateField {
    /// [`State::local_ipv4`]
    LocalIpv4,
    /// [`State::remote_addr`]
    RemoteAddr,
    /// [`State::remote_port`]
    RemotePort,
    /// [`State::local_addr`]
    LocalAddr,
    /// [`State::local_port`]
    LocalPort,
    /// [`State::local_ipv6`]
    LocalIpv6,
}

impl StateField {
    /// In the order of the line.
    const ALL: [Self; 6] = [
        Self::LocalIpv4,
        Self::RemoteAddr,
        Self::RemotePort,
        Self::LocalAddr,
        Self::LocalPort,
        Self::LocalIpv6,
    ];

    /// Whether the text is what the field should be.
    fn is_readable(self, text: &[u8]) -> bool {
        match self {
            Self::LocalIpv4 => ipv4(text).is_some(),
            Self::LocalIpv6 => ipv6(text).is_some(),
            Self::RemoteAddr | Self::LocalAddr => scoped_ip(text).is_some(),
            Self::RemotePort | Self::LocalPort => number::<u16>(text).is_some(),
        }
    }
}

impl State {
    /// A state without a detail or addresses, entered then, in Unix seconds.
    #[must_use]
    pub fn new(time: u64, name: StateName) -> Self {
        Self::with_fields(time, name, ",,,,,")
    }

    /// A state with these fields behind its name, in the order of the line and divided by commas.
    #[must_use]
    pub fn with_fields(time: u64, name: StateName, fields: impl Into<Text>) -> Self {
        Self { time, name, fields: fields.into() }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.write_body(Line::event(out, "STATE"))
    }

    fn write_body(&self, line: Line<'_>) -> Result<(), WriteError> {
        let name = self.name.as_bytes();
        let line = line.number(self.time).raw(",").field("name", name, b',');
        let line = line.check(self.name.is_its_own(), "name", "is none, or that of another state");
        let line = if self.fields.is_empty() { line } else { line.raw(",") };
        line.text("fields", &self.fields).end()
    }

    pub(super) fn parse(memory: &Bytes, body: &[u8]) -> Result<Self, Problem> {
        let (rest, (time, (), name)) = start((time, comma, field), body)?;
        if name.is_empty() {
            return Err(Problem("the state has no name"));
        }
        let fields = rest.strip_prefix(b",").unwrap_or_default();
        let (name, fields) = (StateName::from_wire(memory, name), Text::slice_of(memory, fields));
        Ok(Self { time, name, fields })
    }

    /// Why, or how: `SUCCESS` when connected, the cause of a restart or an exit,
    /// `timeout 60` while authentication is pending.
    #[must_use]
    pub fn detail(&self) -> Option<Text> {
        let (detail, _) = split_detail(&self.name, self.fields.as_bytes());
        self.fields.non_empty(detail)
    }

    /// The tunnel's own IPv4 address.
    #[must_use]
    pub fn local_ipv4(&self) -> Option<Ipv4Addr> {
        ipv4(self.typed_field(StateField::LocalIpv4))
    }

    /// The address of the server.
    #[must_use]
    pub fn remote_addr(&self) -> Option<IpAddr> {
        scoped_ip(self.typed_field(StateField::RemoteAddr)).map(|(ip, _)| ip)
    }

    /// The scope behind the `%` of a link-local [`remote_addr`](Self::remote_addr).
    #[must_use]
    pub fn remote_scope(&self) -> Option<Text> {
        self.scope(StateField::RemoteAddr)
    }

    /// The port of the server (OpenVPN 2.4).
    #[must_use]
    pub fn remote_port(&self) -> Option<u16> {
        number(self.typed_field(StateField::RemotePort))
    }

    /// The address this side sends from (OpenVPN 2.4).
    #[must_use]
    pub fn local_addr(&self) -> Option<IpAddr> {
        scoped_ip(self.typed_field(StateField::LocalAddr)).map(|(ip, _)| ip)
    }

    /// The scope behind the `%` of a link-local [`local_addr`](Self::local_addr).
    #[must_use]
    pub fn local_scope(&self) -> Option<Text> {
        self.scope(StateField::LocalAddr)
    }

    /// The port this side sends from (OpenVPN 2.4).
    #[must_use]
    pub fn local_port(&self) -> Option<u16> {
        number(self.typed_field(StateField::LocalPort))
    }

    /// The tunnel's own IPv6 address (OpenVPN 2.4).
    #[must_use]
    pub fn local_ipv6(&self) -> Option<Ipv6Addr> {
        ipv6(self.typed_field(StateField::LocalIpv6))
    }

    /// The fields behind those known here, as newer daemons may send; no known daemon does.
    pub fn extra(&self) -> impl Iterator<Item = &[u8]> {
        self.typed_fields().skip(StateField::ALL.len())
    }

    /// The fields that are not empty, and are not what they should be: as a server's name in the place of
    /// [its address](Self::remote_addr).
    pub fn unread(&self) -> impl Iterator<Item = (StateField, &[u8])> {
        let typed = StateField::ALL.into_iter().zip(self.typed_fields());
        typed.filter(|(field, text)| !text.is_empty() && !field.is_readable(text))
    }

    /// Every field of the line behind the name, as it was sent.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        split_fields(self.fields.as_bytes())
    }

    /// Those that have a type, and the ones behind them.
    fn typed_fields(&self) -> impl Iterator<Item = &[u8]> {
        split_fields(split_detail(&self.name, self.fields.as_bytes()).1)
    }

    /// Empty where the daemon left it out.
    fn typed_field(&self, field: StateField) -> &[u8] {
        let place = StateField::ALL.iter().position(|known| *known == field);
        place.and_then(|place| self.typed_fields().nth(place)).unwrap_or_default()
    }

    fn scope(&self, field: StateField) -> Option<Text> {
        let (_, scope) = scoped_ip(self.typed_field(field))?;
        self.fields.non_empty(scope)
    }

    /// Reads a row of the state history, as `state all` gives it and programs keep it: `1795332238,CONNECTED,SUCCESS,10.8.0.2,192.0.2.1,1194,,`.
    ///
    /// [`WriteRow`] writes it again.
    ///
    /// # Errors
    /// [`ParseError`] where it is not in this form.
    pub fn parse_row(row: impl Into<Text>) -> Result<Self, ParseError> {
        let row = row.into().into_bytes();
        Self::read_row(&row)
            .map_err(|Problem(problem)| ParseError::new("a row of `state`", problem))
    }

    /// A row of the state history: the body of the event, without its name.
    pub(crate) fn read_row(row: &Bytes) -> Result<Self, Problem> {
        Self::parse(row, row)
    }

    /// Whether it is a restart, or has a name that can be no state's.
    pub(super) fn may_be_restart(&self) -> bool {
        let is_shaped = match &self.name {
            StateName::Unknown(name) => is_name(name.as_bytes()),
            _ => true,
        };
        self.name == StateName::Reconnecting || !is_shaped
    }
}

/// Whether a `>STATE:` line that is not in its form names a restart, or no state at all.
pub(super) fn may_be_restart(line: &[u8]) -> bool {
    let Some(body) = line.strip_prefix(b"STATE:") else {
        return false;
    };
    let name = body.split(|byte| *byte == b',').nth(1).unwrap_or_default();
    name == b"RECONNECTING" || !is_name(name)
}

/// Whether this is shaped like the name of a state; `?` is what a daemon writes that does not know its own.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'?'))
}

/// A row of the state history.
impl WriteRow for State {
    fn write_row(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.write_body(Line::row(out))
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unread: Vec<_> = self.unread().map(|(field, _)| field).collect();
        f.debug_struct("State")
            .field("time", &self.time)
            .field("name", &self.name)
            .field("detail", &self.detail())
            .field("local_ipv4", &self.local_ipv4())
            .field("remote_addr", &self.remote_addr())
            .field("remote_scope", &self.remote_scope())
            .field("remote_port", &self.remote_port())
            .field("local_addr", &self.local_addr())
            .field("local_scope", &self.local_scope())
            .field("local_port", &self.local_port())
            .field("local_ipv6", &self.local_ipv6())
            .field("unread", &unread)
            .field("extra", &self.extra().count())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(detail) = self.detail() {
            write!(f, " {detail}")?;
        }
        if let Some(local) = self.local_ipv4() {
            write!(f, ", local {local}")?;
        }
        if let Some(local) = self.local_ipv6() {
            write!(f, ", local {local}")?;
        }
        match (self.remote_addr(), self.remote_port()) {
            (Some(IpAddr::V6(addr)), Some(port)) => write!(f, ", remote [{addr}]:{port}"),
            (Some(addr), Some(port)) => write!(f, ", remote {addr}:{port}"),
            (Some(addr), None) => write!(f, ", remote {addr}"),
            (None, _) => Ok(()),
        }
    }
}

/// The detail, and the fields behind it.
fn split_detail<'a>(name: &StateName, fields: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let regular = split_once(fields, b",").unwrap_or((fields, b""));
    match fields.strip_suffix(b",,") {
        Some(detail) if *name != StateName::Connected && holds_commas(detail) => (detail, b","),
        _ => regular,
    }
}

/// Whether what stands before the last two fields is one detail, and not the fields of OpenVPN 2. That
/// sends 2, 3, 6 or 7 fields behind the name, of which the second is an IPv4 address or empty.
fn holds_commas(before: &[u8]) -> bool {
    let mut others = split_fields(before).skip(1);
    let count = others.clone().count();
    let local = others.next().unwrap_or_default();
    let has_text = !local.is_empty() || others.any(|field| !field.is_empty());
    let fits = local.is_empty() || ipv4(local).is_some();
    has_text && (!fits || matches!(count, 1 | 2))
}

/// The fields of a text; none where it is empty.
fn split_fields(text: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    text.split(|byte| *byte == b',').take(if text.is_empty() { 0 } else { usize::MAX })
}

#[cfg(test)]
mod tests;
