//! The lines on the terminal: when, who, what.

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::time::Instant;

use owo_colors::{OwoColorize as _, Style};
use program_common::printer::{self, harmless};

/// Prints what happens, as it happens; never waits for whoever reads it.
#[derive(Debug)]
pub struct Console {
    start: Instant,
    color: bool,
}

impl Console {
    /// Its times count from here.
    #[must_use]
    pub fn new() -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { start: Instant::now(), color: std::io::stdout().is_terminal() && !no_color }
    }

    /// A new part begins.
    pub fn heading(&self, text: impl Display) {
        print(&format!("\n{}", self.paint(&harmless(text), Style::new().bold())));
    }

    /// Something happened to `who`.
    pub fn line(&self, who: &str, what: impl Display) {
        let time = format!("{:7.2}", self.start.elapsed().as_secs_f64());
        let time = self.paint(&time, Style::new().dimmed());
        let style = if who == "server" { Style::new().cyan() } else { Style::new().magenta() };
        let who = self.paint(&format!("{:<8}", harmless(who)), style);
        print(&format!("{time}  {who}  {}", harmless(what)));
    }

    /// Something went as it should.
    pub fn ok(&self, what: impl Display) {
        let mark = self.paint("ok", Style::new().green().bold());
        print(&format!("{:9}{mark}        {}", "", harmless(what)));
    }

    /// Something to read that is no line about anybody.
    #[allow(clippy::unused_self, reason = "as all that prints")]
    pub fn text(&self, text: &str) {
        print(text);
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.color { text.style(style).to_string() } else { text.to_owned() }
    }
}

impl Default for Console {
    fn default() -> Self {
        Self::new()
    }
}

fn print(line: &str) {
    printer::stdout().line(line);
}
