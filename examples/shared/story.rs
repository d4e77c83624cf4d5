//! The lines on the terminal: when, who, what.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

use owo_colors::{OwoColorize as _, Style};

/// Prints what happens, as it happens.
pub(crate) struct Story {
    start: Instant,
    color: bool,
}

impl Story {
    pub(crate) fn new() -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { start: Instant::now(), color: std::io::stdout().is_terminal() && !no_color }
    }

    /// A new part begins.
    pub(crate) fn heading(&self, text: impl Display) {
        print(&format!("\n{}", self.paint(&printable(&text), Style::new().bold())));
    }

    /// Something happened to `who`.
    pub(crate) fn line(&self, who: &str, what: impl Display) {
        let time = format!("{:7.2}", self.start.elapsed().as_secs_f64());
        let time = self.paint(&time, Style::new().dimmed());
        let style = if who == "server" { Style::new().cyan() } else { Style::new().magenta() };
        let who = self.paint(&format!("{:<8}", printable(&who)), style);
        print(&format!("{time}  {who}  {}", printable(&what)));
    }

    /// Something went as it should.
    pub(crate) fn ok(&self, what: impl Display) {
        let mark = self.paint("ok", Style::new().green().bold());
        print(&format!("{:9}{mark}        {}", "", printable(&what)));
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.color { text.style(style).to_string() } else { text.to_owned() }
    }
}

/// A closed pipe is no reason to leave daemons behind, so nothing here fails.
fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).ok();
}

/// What a client sends must not drive the terminal.
fn printable(text: &impl Display) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.to_string().chars().map(shown).collect()
}
