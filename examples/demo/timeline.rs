//! What is seen of a run: when, which side, and what.

use std::fmt;
use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openvpn_mgmt::{Event, StateName};
use owo_colors::{OwoColorize as _, Style};
use program_common::printer::{self, harmless};

use crate::screen::Screen;

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
    screen: Screen,
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
            color: (terminal && !no_color)
                || std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            log,
            screen: Screen::new(animated),
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
        self.screen.set_step(Some(format!("{number} {text}")));
        self.print("");
        self.print(&format!(
            "{} {}",
            self.paint(&number, Style::new().dimmed()),
            self.paint(text, Style::new().bold())
        ));
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
            self.print(&harmless(aligned(&mut row.iter().map(String::as_str))));
        }
    }

    /// The last lines of a run that went well.
    pub(crate) fn summary(&self, lines: &[String]) {
        self.screen.set_step(None);
        self.print("");
        for line in lines {
            let line = harmless(line);
            self.print(&format!("{} {line}", self.paint("ok", Style::new().green().bold())));
        }
    }

    /// The last lines of a run that did not.
    pub(crate) async fn failure(&self, text: &str) {
        self.screen.set_step(None);
        self.print("");
        // It stands on another stream, below what went before.
        self.flush(printer::WHEN_STOPPED).await;
        let color = self.color && std::io::stderr().is_terminal();
        let mark = if color { "demo:".red().bold().to_string() } else { "demo:".to_owned() };
        let lines: Vec<String> = text.lines().map(harmless).collect();
        printer::stderr().line(&format!("{mark} {}", lines.join("\n")));
    }

    /// Waits until all of it is printed, for as long at most.
    pub(crate) async fn flush(&self, within: Duration) {
        self.screen.flush(within).await;
        printer::stderr().flush(within).await;
    }

    fn line(&self, role: Role, label: &str, style: Style, text: &str) {
        let time = format!("{:6.2}", self.start.elapsed().as_secs_f64());
        let side = self.paint(&format!("{role:<6}"), role.style());
        let time = self.paint(&time, Style::new().dimmed());
        let text = harmless(text);
        let what = match (label, text.as_str()) {
            (call, "") => self.paint(call, style),
            ("", fact) => format!("{:10}{fact}", ""),
            (label, text) => format!("{}{text}", self.paint(&format!("{label:<10}"), style)),
        };
        self.print(&format!("{time}  {side}  {what}"));
    }

    fn print(&self, line: &str) {
        self.screen.line(line);
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.color && !text.is_empty() { text.style(style).to_string() } else { text.to_owned() }
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
