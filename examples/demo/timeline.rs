//! What is seen of a run: when, which side, and what.
//!
//! On a terminal, a line at the bottom shows the step that is going on.

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use openvpn_mgmt::{Event, StateName};
use owo_colors::{OwoColorize as _, Style};

/// A daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Server,
    Client,
}

pub(crate) struct Timeline {
    start: Instant,
    color: bool,
    log: bool,
    spinner: Option<ProgressBar>,
    progress: Mutex<Progress>,
}

/// The steps there are, and how many have begun.
#[derive(Default)]
struct Progress {
    steps: &'static [&'static str],
    begun: usize,
}

impl Timeline {
    /// `log`: whether log lines are shown.
    pub(crate) fn new(log: bool) -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let terminal = std::io::stdout().is_terminal() && !is_dumb;
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let animated = terminal && std::io::stderr().is_terminal();
        Self {
            start: Instant::now(),
            color: terminal && !no_color,
            log,
            spinner: animated.then(spinner),
            progress: Mutex::default(),
        }
    }

    /// The first line.
    pub(crate) fn title(&self, text: &str) {
        self.print(&self.paint(text, Style::new().bold()));
        self.print(&self.paint(
            ".method() is a call of this crate, CAPITALS an event of a daemon; time in seconds",
            Style::new().dimmed(),
        ));
    }

    /// Whether log lines are shown.
    pub(crate) fn shows_log(&self) -> bool {
        self.log
    }

    /// Something to know before the first step.
    pub(crate) fn note(&self, text: &str) {
        self.print(&self.paint(text, Style::new().yellow()));
    }

    /// The steps of this run; [`step`](Self::step) begins the first.
    pub(crate) fn plan(&self, steps: &'static [&'static str]) {
        *self.progress() = Progress { steps, begun: 0 };
    }

    /// The next step begins.
    pub(crate) fn step(&self) {
        self.progress().begun += 1;
        let (number, text) = self.numbered_step();
        self.print("");
        self.print(&format!(
            "{} {}",
            self.paint(&number, Style::new().dimmed()),
            self.paint(text, Style::new().bold())
        ));
        if let Some(spinner) = &self.spinner {
            spinner.set_message(format!("{number} {text}"));
        }
    }

    /// The step that is going on, in words.
    pub(crate) fn current_step(&self) -> String {
        match self.numbered_step() {
            (_, "") => "the preparations".to_owned(),
            (number, text) => format!("step {number} {text}"),
        }
    }

    /// A command on its way to a daemon, as the Rust call it is.
    pub(crate) fn call(&self, role: Role, call: &str) {
        self.line(role, call, Style::new().yellow(), "");
    }

    /// What a daemon says of its own accord.
    pub(crate) fn event(&self, role: Role, event: &Event) {
        if self.log || !matches!(event, Event::Log(_)) {
            let (label, style) = label(event);
            self.line(role, label, style, &event.to_string());
        }
    }

    /// What became of a command, or what is to be known of a daemon.
    pub(crate) fn fact(&self, role: Role, text: &str) {
        self.line(role, "", Style::new(), text);
    }

    /// Rows under a heading, in columns.
    pub(crate) fn table(&self, heading: &[&str], rows: &[Vec<String>]) {
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            widest.max(heading.get(column).map_or(0, |name| name.len()))
        };
        let aligned = |cells: &mut dyn Iterator<Item = &str>| {
            let cells = cells.enumerate();
            let cells = cells.map(|(column, cell)| format!("{cell:<0$}", width(column)));
            format!("{:4}{}", "", cells.collect::<Vec<_>>().join("  ").trim_end())
        };
        self.print(&self.paint(&aligned(&mut heading.iter().copied()), Style::new().dimmed()));
        for row in rows {
            self.print(&printable(&aligned(&mut row.iter().map(String::as_str))));
        }
    }

    /// The last lines of a run that went well.
    pub(crate) fn summary(&self, lines: &[String]) {
        self.end();
        self.print("");
        for line in lines {
            let line = printable(line);
            self.print(&format!("{} {line}", self.paint("ok", Style::new().green().bold())));
        }
    }

    /// The last lines of a run that did not.
    pub(crate) fn failure(&self, text: &str) {
        self.end();
        let color = self.color && std::io::stderr().is_terminal();
        let mark = if color { "demo:".red().bold().to_string() } else { "demo:".to_owned() };
        let lines: Vec<String> = text.lines().map(printable).collect();
        writeln!(std::io::stderr(), "\n{mark} {}", lines.join("\n")).ok();
    }

    fn line(&self, role: Role, label: &str, style: Style, text: &str) {
        let time = format!("{:6.2}", self.start.elapsed().as_secs_f64());
        let side = self.paint(&format!("{role:<6}"), role.style());
        let time = self.paint(&time, Style::new().dimmed());
        let text = printable(text);
        let what = match (label, text.as_str()) {
            (call, "") => self.paint(call, style),
            ("", fact) => format!("{:10}{fact}", ""),
            (label, text) => format!("{}{text}", self.paint(&format!("{label:<10}"), style)),
        };
        self.print(&format!("{time}  {side}  {what}"));
    }

    /// A closed pipe is no reason to leave daemons behind, so nothing here fails.
    fn print(&self, line: &str) {
        let print = || writeln!(std::io::stdout(), "{line}").ok();
        match &self.spinner {
            Some(spinner) => spinner.suspend(print),
            None => print(),
        };
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.color && !text.is_empty() { text.style(style).to_string() } else { text.to_owned() }
    }

    fn end(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }

    fn numbered_step(&self) -> (String, &'static str) {
        let progress = self.progress();
        let step = progress.begun.checked_sub(1).and_then(|index| progress.steps.get(index));
        let number = format!("[{}/{}]", progress.begun, progress.steps.len());
        (number, step.copied().unwrap_or_default())
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Role {
    fn style(self) -> Style {
        match self {
            Self::Server => Style::new().cyan(),
            Self::Client => Style::new().magenta(),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let spinner = ProgressBar::new_spinner().with_style(style.tick_chars("|/-\\ "));
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// The event's name on the wire, and how it is shown.
fn label(event: &Event) -> (&'static str, Style) {
    let plain = Style::new().blue();
    let asks = Style::new().yellow().bold();
    let wrong = Style::new().red().bold();
    match event {
        Event::State(state) if state.name == StateName::Connected => {
            ("STATE", Style::new().green().bold())
        }
        Event::State(_) => ("STATE", plain),
        Event::Hold(_) => ("HOLD", asks),
        Event::Password(_) => ("PASSWORD", asks),
        Event::Client(_) => ("CLIENT", plain),
        Event::ByteCount(_) | Event::ByteCountClient(_) => ("BYTECOUNT", plain),
        Event::UpDown(_) => ("UPDOWN", plain),
        Event::Info(_) => ("INFO", plain),
        Event::InfoMsg(_) => ("INFOMSG", plain),
        Event::Notify(_) => ("NOTIFY", plain),
        Event::Echo(_) => ("ECHO", plain),
        Event::Log(_) => ("LOG", Style::new().dimmed()),
        Event::Fatal(_) => ("FATAL", wrong),
        Event::Unknown(_) => ("UNKNOWN", wrong),
        Event::Malformed(_) => ("MALFORMED", wrong),
        _ => ("EVENT", plain),
    }
}

/// What a peer sends must not drive the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
