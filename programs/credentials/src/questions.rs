//! [`Questions`]: asks on the terminal, or takes the answers from a script.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use openvpn_mgmt::Secret;
use program_common::printer;
use program_common::screen::{harmless, show};
use tokio::sync::Mutex;

/// Asks one question at a time.
#[derive(Clone)]
pub(crate) struct Questions {
    source: Arc<Mutex<Source>>,
    typed: bool,
}

enum Source {
    /// A person at a terminal.
    Terminal,
    /// Answers that are ready, one a line.
    Lines(Box<dyn BufRead + Send>),
}

impl Questions {
    /// From a file, from stdin where `scripted` or no terminal, else from the terminal.
    pub(crate) fn new(answers: Option<&Path>, scripted: bool) -> Result<Self> {
        let source = match answers {
            Some(path) => {
                let file = File::open(path)
                    .with_context(|| format!("cannot open the answers {}", path.display()))?;
                Source::Lines(Box::new(BufReader::new(file)))
            }
            None if scripted || !io::stdin().is_terminal() => {
                Source::Lines(Box::new(BufReader::new(io::stdin())))
            }
            None => Source::Terminal,
        };
        let typed = matches!(source, Source::Terminal);
        Ok(Self { source: Arc::new(Mutex::new(source)), typed })
    }

    /// Whether a person types the answers.
    pub(crate) fn are_typed(&self) -> bool {
        self.typed
    }

    /// Asks and waits for the answer; only with `echo` it is seen as it is typed.
    pub(crate) async fn ask(&self, question: &str, echo: bool) -> Result<Secret> {
        let question = harmless(question);
        let mut source = Arc::clone(&self.source).lock_owned().await;
        // A question stands below what was shown before it.
        printer::stdout().flush(printer::AT_THE_END).await;
        tokio::task::spawn_blocking(move || source.ask(&question, echo)).await?
    }
}

impl Source {
    fn ask(&mut self, question: &str, echo: bool) -> Result<Secret> {
        match self {
            Self::Terminal if echo => {
                printer::stdout().text(format!("{question}: "));
                next_line(&mut io::stdin().lock(), question)
            }
            Self::Terminal => Ok(rpassword::prompt_password(format!("{question}: "))?.into()),
            Self::Lines(lines) => {
                let answer = next_line(lines, question)?;
                show(format!("{question}: (from the script)"));
                Ok(answer)
            }
        }
    }
}

fn next_line(lines: &mut impl BufRead, question: &str) -> Result<Secret> {
    let mut line = String::new();
    if lines.read_line(&mut line)? == 0 {
        bail!("there is no answer to: {question}");
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line.into())
}

/// Gives the terminal back as it was, also where the program ends in the middle of a question.
pub(crate) struct TerminalGuard(Option<Termios>);

impl TerminalGuard {
    pub(crate) fn new() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        if let Some(settings) = &self.0 {
            tcsetattr(io::stdin(), SetArg::TCSANOW, settings).ok();
        }
    }
}
