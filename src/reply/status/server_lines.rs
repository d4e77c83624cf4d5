//! How a server's status is written.

use super::format::Form;
use super::lines::{Lines, lines_of};
use super::table::write_names;
use super::{ServerStatus, StatusFormat, StatusTime, write_optional};
use crate::reply::{WriteError, WriteReply};
use crate::types::{Line, Text, block};

impl ServerStatus {
    /// Adds it to `out` in a format, whatever it was read in. What the format has no place for is left out.
    ///
    /// In [`V1`](StatusFormat::V1) that is the title, IDs, user names, ciphers and the clients' addresses in the
    /// tunnel, the seconds of times, `dco_enabled` and columns that are not known; in another format than it was
    /// read in, what was not read.
    ///
    /// # Errors
    /// [`WriteError`] where it would be read as something else, as a name with a comma in [`V1`](StatusFormat::V1) and
    /// [`V2`](StatusFormat::V2), or where it has no title in another format than `V1`; `out` is then as it was.
    pub fn write_as(&self, format: StatusFormat, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let unparsed = if format == self.form.format { self.unparsed.as_slice() } else { &[] };
        let form = self.form.to(format);
        let start = out.len();
        block(out, |out| {
            let lines = &mut Lines::new(out, form.unparsed.of(unparsed));
            match format {
                StatusFormat::V1 => self.write_v1(&form, lines)?,
                StatusFormat::V2 | StatusFormat::V3 => self.write_rows(&form, lines)?,
            }
            lines.finish()?;
            self.check_unparsed(format, unparsed, out.get(start..).unwrap_or_default())
        })
    }

    fn write_v1(&self, form: &Form, lines: &mut Lines<'_>) -> Result<(), WriteError> {
        lines.line(|line| line.raw("OpenVPN CLIENT LIST"))?;
        if let Some(StatusTime { text, .. }) = &self.time {
            lines.line(|line| line.raw("Updated,").text("time", text))?;
        }
        if let Some(names) = form.client_names() {
            lines.line(|line| write_names(line, &names, b','))?;
        }
        self.write_clients(form, "", lines)?;
        if let Some(names) = form.route_names() {
            lines.line(|line| line.raw("ROUTING TABLE"))?;
            lines.line(|line| write_names(line, &names, b','))?;
        }
        self.write_routes(form, "", lines)?;
        if form.routes.is_some() || !self.global_stats.is_empty() {
            lines.line(|line| line.raw("GLOBAL STATS"))?;
        }
        self.write_global_stats(form, "", lines)
    }

    fn write_rows(&self, form: &Form, lines: &mut Lines<'_>) -> Result<(), WriteError> {
        let separator = form.format.separator();
        lines.line(|line| {
            let line = line.raw("TITLE").byte(separator);
            match &self.title {
                Some(title) => line.text("title", title),
                None => line.check(false, "title", "is missing"),
            }
        })?;
        if let Some(StatusTime { text, unix }) = &self.time {
            lines.line(|line| {
                let line = line.raw("TIME").byte(separator).text("time", text);
                write_optional(line.byte(separator), *unix)
            })?;
        }
        let header = |kind: &'static str, names: Option<Vec<&[u8]>>, lines: &mut Lines<'_>| {
            let Some(names) = names else { return Ok(()) };
            lines.line(|line| {
                let line = line.raw("HEADER").byte(separator).raw(kind).byte(separator);
                write_names(line, &names, separator)
            })
        };
        header("CLIENT_LIST", form.client_names(), lines)?;
        self.write_clients(form, "CLIENT_LIST", lines)?;
        header("ROUTING_TABLE", form.route_names(), lines)?;
        self.write_routes(form, "ROUTING_TABLE", lines)?;
        self.write_global_stats(form, "GLOBAL_STATS", lines)
    }

    fn write_clients(
        &self,
        form: &Form,
        kind: &str,
        lines: &mut Lines<'_>,
    ) -> Result<(), WriteError> {
        let columns = form.clients.as_deref().unwrap_or_default();
        let all = self.keeps_other(form);
        let no_table = columns.is_empty() && !self.clients.is_empty();
        self.clients.iter().try_for_each(|client| {
            lines.line(|line| {
                let line = line.check(!no_table, "clients", "have no table");
                client.write(start(line, kind, form), form.format, columns, all)
            })
        })
    }

    fn write_routes(
        &self,
        form: &Form,
        kind: &str,
        lines: &mut Lines<'_>,
    ) -> Result<(), WriteError> {
        let columns = form.routes.as_deref().unwrap_or_default();
        let all = self.keeps_other(form);
        let no_table = columns.is_empty() && !self.routes.is_empty();
        self.routes.iter().try_for_each(|route| {
            lines.line(|line| {
                let line = line.check(!no_table, "routes", "have no table");
                route.write(start(line, kind, form), form.format, columns, all)
            })
        })
    }

    fn write_global_stats(
        &self,
        form: &Form,
        kind: &str,
        lines: &mut Lines<'_>,
    ) -> Result<(), WriteError> {
        let separator = form.format.separator();
        let is_known = |name: &Text| self.keeps_other(form) || *name != "dco_enabled";
        let stats = self.global_stats.iter().filter(|(name, _)| is_known(name));
        stats.into_iter().try_for_each(|(name, value)| {
            lines.line(|line| {
                let line = start(line, kind, form).text("name of a number", name).byte(separator);
                line.field("global number", value, separator)
            })
        })
    }

    /// Whether what only some formats have a place for is written.
    fn keeps_other(&self, form: &Form) -> bool {
        let formats = [form.format, self.form.format];
        form.format == self.form.format || !formats.contains(&StatusFormat::V1)
    }

    /// Lines that could not be read must not be read now.
    fn check_unparsed(
        &self,
        format: StatusFormat,
        unparsed: &[Text],
        written: &[u8],
    ) -> Result<(), WriteError> {
        if unparsed.is_empty() {
            return Ok(());
        }
        let lines = lines_of(written);
        let read = match format {
            StatusFormat::V1 => Self::parse_v1(&lines),
            StatusFormat::V2 | StatusFormat::V3 => Self::parse_rows(&lines, format.separator()),
        };
        let problem = WriteError::reads_otherwise("unparsed line", "is a line of another kind");
        if read == *self { Ok(()) } else { Err(problem) }
    }
}

/// What a row begins with, which says what it is; nothing in format 1.
fn start<'a>(line: Line<'a>, kind: &str, form: &Form) -> Line<'a> {
    if kind.is_empty() { line } else { line.raw(kind).byte(form.format.separator()) }
}

/// Writes it in the format it was read in, or the default, with the columns it had.
impl WriteReply for ServerStatus {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.write_as(self.form.format, out)
    }
}
