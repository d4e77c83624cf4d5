//! A server's status: its clients, its routes, and its global numbers.

#[cfg(feature = "serde")]
mod json;

use std::collections::HashSet;

use bytes::Bytes;

use super::format::Form;
use super::table::Table;
use super::{Route, StatusClient, StatusFormat, StatusTime, optional_number};
use crate::reply::fields::{number, rsplit_once, split_once};
use crate::types::{Cid, Text};

/// The clients and routes of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "json::Fields")
)]
pub struct ServerStatus {
    /// The daemon's title, `OpenVPN 2.6.14 …`; format 1 has none.
    pub title: Option<Text>,
    /// When the daemon wrote this.
    pub time: Option<StatusTime>,
    /// The clients, in the order of the daemon.
    pub clients: Vec<StatusClient>,
    /// The routes to what is behind the clients, in the order of the daemon.
    pub routes: Vec<Route>,
    /// The global numbers as name and value, in the order of the daemon.
    pub global_stats: Vec<(Text, Text)>,
    /// Lines that do not fit the format, as they came.
    ///
    /// In formats 1 and 2 these can be clients: a name with a comma makes a row
    /// ambiguous. Format 3 has no such rows.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::types::json::cut_each"))]
    pub unparsed: Vec<Text>,
    #[cfg_attr(feature = "serde", serde(rename = "format", serialize_with = "json::format"))]
    pub(super) form: Form,
}

impl ServerStatus {
    /// A status that is to be written, in the columns of OpenVPN 2.5 to 2.7.
    ///
    /// ```
    /// use openvpn_mgmt::reply::{ServerStatus, StatusClient, StatusFormat, StatusTime, WriteReply};
    ///
    /// let now = StatusTime::new("2026-11-22 07:24:02", 1_795_332_242);
    /// let client = |n| StatusClient::builder(format!("client-{n}"), format!("192.0.2.{n}:5000"), now.clone()).build();
    /// let clients = (1..=3).map(client).collect::<Result<Vec<_>, _>>()?;
    /// let mut status = ServerStatus::new("OpenVPN 2.6.14", now.clone(), clients, []);
    /// status.global_stats.push(("Max bcast/mcast queue length".into(), "0".into()));
    /// let mut out = Vec::new();
    /// status.write_as(StatusFormat::V2, &mut out)?;
    /// assert!(out.starts_with(b"TITLE,OpenVPN 2.6.14\r\nTIME,2026-11-22 07:24:02,1795332242\r\n"));
    /// # Ok::<(), openvpn_mgmt::WriteError>(())
    /// ```
    #[must_use]
    pub fn new(
        title: impl Into<Text>,
        time: StatusTime,
        clients: impl IntoIterator<Item = StatusClient>,
        routes: impl IntoIterator<Item = Route>,
    ) -> Self {
        let mut status = Self {
            title: Some(title.into()),
            time: Some(time),
            clients: clients.into_iter().collect(),
            routes: routes.into_iter().collect(),
            ..Self::default()
        };
        status.note_frames();
        status
    }

    /// The format it was read in, and [is written](crate::reply::WriteReply) in again; else the default.
    #[must_use]
    pub fn format(&self) -> StatusFormat {
        self.form.format
    }

    /// The client of this ID; format 1 and daemons before 2.4 have no IDs.
    #[must_use]
    pub fn client(&self, cid: Cid) -> Option<&StatusClient> {
        self.clients.iter().find(|client| client.cid() == Some(cid))
    }

    /// The greatest length its broadcast and multicast queue has had, in packets.
    #[must_use]
    pub fn max_bcast_mcast_queue_len(&self) -> Option<u64> {
        number(self.global("Max bcast/mcast queue length")?.as_bytes())
    }

    /// Whether the data channel runs in the kernel (OpenVPN 2.6, formats 2 and 3).
    #[must_use]
    pub fn dco_enabled(&self) -> Option<bool> {
        match self.global("dco_enabled")?.as_bytes() {
            b"0" => Some(false),
            b"1" => Some(true),
            _ => None,
        }
    }

    /// The value of the global number `name`.
    #[must_use]
    pub fn global(&self, name: &str) -> Option<&Text> {
        let mut stats = self.global_stats.iter();
        let (_, value) = stats.find(|(known, _)| *known == name)?;
        Some(value)
    }

    /// Reads format 2 (`separator` a comma) or 3 (a TAB).
    pub(super) fn parse_rows(lines: &[Bytes], separator: u8) -> Self {
        let mut parser = RowParser::new(separator);
        for (place, line) in lines.iter().enumerate() {
            if parser.row(line).is_none() {
                parser.status.keep_unparsed(place, line);
            }
        }
        parser.finish()
    }

    /// Reads format 1.
    pub(super) fn parse_v1(lines: &[Bytes]) -> Self {
        let mut status = Self { form: Form::empty(StatusFormat::V1), ..Self::default() };
        let mut section = Section::Start;
        for (place, line) in lines.iter().enumerate() {
            if status.line_v1(&mut section, line).is_none() {
                status.keep_unparsed(place, line);
            }
        }
        status.note_frames();
        status
    }

    fn keep_unparsed(&mut self, place: usize, line: &Bytes) {
        self.unparsed.push(Text::from(line.clone()));
        self.form.unparsed.0.push(place);
    }

    /// Notes the clients that Ethernet addresses lead to. Only an address with a port is one
    /// client's: before 2.7 an IPv6 address has none here.
    fn note_frames(&mut self) {
        let frames = self.routes.iter().filter(|route| route.is_mac());
        let with_port = frames.filter(|route| route.real_address().port.is_some());
        let senders: HashSet<_> = with_port.map(Route::real_text).collect();
        if senders.is_empty() {
            return;
        }
        for client in &mut self.clients {
            client.sends_frames = senders.contains(client.real_text());
        }
    }

    // A name cannot be taken for a section title: every other line has a comma.
    fn line_v1(&mut self, section: &mut Section, line: &Bytes) -> Option<()> {
        match &line[..] {
            b"OpenVPN CLIENT LIST" => *section = Section::Start,
            b"ROUTING TABLE" => *section = Section::RoutesHeader,
            b"GLOBAL STATS" => *section = Section::GlobalStats,
            _ => return self.row_v1(section, line),
        }
        Some(())
    }

    fn row_v1(&mut self, section: &mut Section, line: &Bytes) -> Option<()> {
        match section {
            Section::Start => {
                if let Some(time) = line.strip_prefix(b"Updated,") {
                    self.time = Some(StatusTime::text_only(line, time));
                } else {
                    let table = Table::new(line, line, (b',', 0), StatusClient::COLUMNS)?;
                    self.form.clients = Some(table.columns());
                    *section = Section::Clients(table);
                }
            }
            Section::Clients(table) => self.clients.push(StatusClient::parse(table, line)?),
            Section::RoutesHeader => {
                let table = Table::new(line, line, (b',', 0), Route::COLUMNS)?;
                self.form.routes = Some(table.columns());
                *section = Section::Routes(table);
            }
            Section::Routes(table) => self.routes.push(Route::parse(table, line)?),
            Section::GlobalStats => self.global_stat(line, line, b',')?,
        }
        Some(())
    }

    fn global_stat(&mut self, line: &Bytes, row: &[u8], separator: u8) -> Option<()> {
        let (name, value) = rsplit_once(row, separator)?;
        let stat = (Text::slice_of(line, name), Text::slice_of(line, value));
        self.global_stats.push(stat);
        Some(())
    }
}

/// Where format 1 stands: each table has a title, then its columns, then its rows.
enum Section {
    Start,
    Clients(Table<12>),
    RoutesHeader,
    Routes(Table<5>),
    GlobalStats,
}

/// Format 2 or 3, where every line says what it is.
struct RowParser {
    separator: u8,
    clients: Option<Table<12>>,
    routes: Option<Table<5>>,
    status: ServerStatus,
}

impl RowParser {
    fn new(separator: u8) -> Self {
        let format = if separator == b',' { StatusFormat::V2 } else { StatusFormat::V3 };
        let status = ServerStatus { form: Form::empty(format), ..ServerStatus::default() };
        Self { separator, clients: None, routes: None, status }
    }

    fn finish(self) -> ServerStatus {
        let mut status = self.status;
        status.form.clients = self.clients.as_ref().map(Table::columns);
        status.form.routes = self.routes.as_ref().map(Table::columns);
        status.note_frames();
        status
    }

    fn row(&mut self, line: &Bytes) -> Option<()> {
        let (kind, row) = split_once(line, self.separator)?;
        match kind {
            b"CLIENT_LIST" => {
                let client = StatusClient::parse(self.clients.as_mut()?, line)?;
                self.status.clients.push(client);
            }
            b"ROUTING_TABLE" => {
                let route = Route::parse(self.routes.as_mut()?, line)?;
                self.status.routes.push(route);
            }
            b"HEADER" => self.header(line, row)?,
            b"GLOBAL_STATS" => self.status.global_stat(line, row, self.separator)?,
            b"TITLE" => self.status.title = Some(Text::slice_of(line, row)),
            b"TIME" => self.time(line, row)?,
            _ => return None,
        }
        Some(())
    }

    fn header(&mut self, line: &Bytes, row: &[u8]) -> Option<()> {
        let (table, names) = split_once(row, self.separator)?;
        let rows = (self.separator, table.len() + 1);
        match table {
            b"CLIENT_LIST" => {
                let columns = StatusClient::COLUMNS;
                self.clients = Some(Table::new(line, names, rows, columns)?);
            }
            b"ROUTING_TABLE" => {
                let columns = Route::COLUMNS;
                self.routes = Some(Table::new(line, names, rows, columns)?);
            }
            _ => return None,
        }
        Some(())
    }

    fn time(&mut self, line: &Bytes, row: &[u8]) -> Option<()> {
        let (text, unix) = rsplit_once(row, self.separator)?;
        // Where there is a number and it cannot be read, there is no time at all.
        let unix = optional_number(unix).ok()?;
        self.status.time = Some(StatusTime { text: Text::slice_of(line, text), unix });
        Some(())
    }
}
