//! [`Screen`]: lines, and on a terminal below them the step that is going on.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use program_common::printer::{self, Printer};

/// Prints lines above the step that is going on. All of it is drawn by the printer's thread: a
/// terminal can be stopped, and whoever draws then waits.
pub(crate) struct Screen {
    /// Where there is a spinner; else lines go where those of every program go.
    animated: Option<(Printer, Step)>,
}

/// What the spinner shows; `None` once there is to be no spinner.
type Step = Arc<Mutex<Option<String>>>;

impl Screen {
    pub(crate) fn new(animated: bool) -> Self {
        let animated = animated.then(|| {
            let step = Arc::new(Mutex::new(Some(String::new())));
            (Printer::new(Drawn { spinner: spinner(), step: Arc::clone(&step) }), step)
        });
        Self { animated }
    }

    /// Prints a line.
    pub(crate) fn line(&self, line: &str) {
        self.printer().line(line);
    }

    /// Sets what the spinner shows from the next line on; `None` ends it there.
    pub(crate) fn set_step(&self, text: Option<String>) {
        if let Some((_, step)) = &self.animated {
            *step.lock().unwrap_or_else(PoisonError::into_inner) = text;
        }
    }

    /// Waits until all lines are printed, for as long at most.
    pub(crate) async fn flush(&self, within: Duration) {
        self.printer().flush(within).await;
    }

    fn printer(&self) -> &Printer {
        match &self.animated {
            Some((printer, _)) => printer,
            None => printer::stdout(),
        }
    }
}

/// Lines on the standard output, with a spinner below them on the standard error.
struct Drawn {
    spinner: ProgressBar,
    step: Step,
}

impl Write for Drawn {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let step = self.step.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match step {
            Some(step) => self.spinner.set_message(step),
            None => self.spinner.finish_and_clear(),
        }
        self.spinner.suspend(|| io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let spinner = ProgressBar::new_spinner().with_style(style.tick_chars("|/-\\ "));
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}
