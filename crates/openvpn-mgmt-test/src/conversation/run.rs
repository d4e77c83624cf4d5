//! A conversation, held.

use std::time::Duration;

use tokio::time::timeout;

use super::error::RunError;
use super::pattern::{Bindings, Pattern};
use super::release::Release;
use super::step::{Action, Step};
use super::wire::{Next, Wire};
use super::world::World;
use super::{Conversation, WorldError};

/// How long one step may take, on however busy a machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

pub(super) struct Runner<'a, W: World> {
    conversation: &'a Conversation,
    steps: Vec<&'a Step>,
    world: &'a mut W,
    wire: Option<Wire<W::Stream>>,
    /// The second manager's connection.
    other: Option<Wire<W::Stream>>,
    bindings: Bindings,
    said: Vec<String>,
}

/// Why a step failed, in words.
type Outcome = Result<(), String>;

impl<'a, W: World> Runner<'a, W> {
    pub(super) fn new(conversation: &'a Conversation, release: Release, world: &'a mut W) -> Self {
        Self {
            steps: conversation.steps.iter().filter(|step| step.is_for(release)).collect(),
            conversation,
            world,
            wire: None,
            other: None,
            bindings: Bindings::new(),
            said: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) -> Result<(), RunError> {
        let mut line = self.steps.first().map_or(0, |step| step.line);
        let mut outcome = self.connect().await;
        for (at, step) in self.steps.clone().into_iter().enumerate() {
            if outcome.is_err() {
                break;
            }
            line = step.line;
            outcome = self.step(at, step).await;
        }
        if outcome.is_ok() {
            outcome = self.end().await;
        }
        outcome.map_err(|reason| self.error(line, reason))
    }

    async fn step(&mut self, at: usize, step: &'a Step) -> Outcome {
        let acted = timeout(DEADLINE, self.act(at, &step.action)).await;
        if let Ok(outcome) = acted {
            return outcome;
        }
        let unread = self.unread().await;
        Err(format!("after {} s {}{unread}", DEADLINE.as_secs(), expectation(&step.action)))
    }

    async fn act(&mut self, at: usize, action: &'a Action) -> Outcome {
        match action {
            Action::Says(pattern) if pattern.open => self.says_open(pattern).await,
            Action::Says(pattern) if pattern.repeats => self.says_many(at, pattern).await,
            Action::Says(pattern) => self.says(pattern).await,
            Action::AnyOrder(groups) => self.any_order(groups).await,
            Action::DaemonCloses => self.daemon_closes().await,
            Action::Sends(lines) => self.sends(lines).await,
            Action::ManagerCloses => {
                self.note("manager closes", b"");
                self.wire = None;
                Ok(())
            }
            Action::ManagerConnects => self.connect().await,
            Action::AnotherConnects => {
                self.other = Some(Wire::new(self.world.connect().await.map_err(in_words)?));
                Ok(())
            }
            Action::ItHearsNothing => self.it_hears_nothing().await,
            Action::ItLeaves => self.other.take().map(|_| ()).ok_or_else(nobody_else),
            Action::ItTakesOver => {
                self.wire = Some(self.other.take().ok_or_else(nobody_else)?);
                Ok(())
            }
            Action::World(words) => {
                let words = String::from_utf8_lossy(&words.fill(&self.bindings)).into_owned();
                self.note("world >", words.as_bytes());
                self.world.act(&words).await.map_err(in_words)
            }
        }
    }

    async fn connect(&mut self) -> Outcome {
        self.wire = Some(Wire::new(self.world.connect().await.map_err(in_words)?));
        Ok(())
    }

    async fn says(&mut self, pattern: &Pattern) -> Outcome {
        let line = self.next_line(pattern.source()).await?;
        if !pattern.matches(&line, &mut self.bindings) {
            return Err(mismatch(pattern.source(), &line));
        }
        self.taken(&line)
    }

    /// Lines like this one, up to one that the next step expects.
    async fn says_many(&mut self, at: usize, pattern: &Pattern) -> Outcome {
        let Some(next) = self.steps.get(at + 1).map(|step| &step.action) else {
            let received = self.wire()?.received().await.to_vec();
            self.note("daemon >", &received);
            return Ok(());
        };
        loop {
            let line = match self.wire()?.peek().await {
                Next::Line(line) => line,
                Next::End(_) => return Ok(()),
            };
            if self.is_expected_by(next, &line) {
                return Ok(());
            }
            if !pattern.matches(&line, &mut self.bindings.clone()) {
                return Err(mismatch(&format!("{}` or `{}", pattern.source(), first(next)), &line));
            }
            self.taken(&line)?;
        }
    }

    fn is_expected_by(&self, action: &Action, line: &[u8]) -> bool {
        let matches = |pattern: &Pattern| pattern.matches(line, &mut self.bindings.clone());
        match action {
            Action::Says(pattern) => matches(pattern),
            Action::AnyOrder(groups) => {
                groups.iter().filter_map(|group| group.first()).any(matches)
            }
            _ => false,
        }
    }

    async fn says_open(&mut self, pattern: &Pattern) -> Outcome {
        let expected = pattern.fill(&self.bindings);
        self.wire()?
            .take_bytes(&expected)
            .await
            .map_err(|came| mismatch(pattern.source(), &came))?;
        self.note("daemon >", &expected);
        Ok(())
    }

    async fn any_order(&mut self, groups: &[Vec<Pattern>]) -> Outcome {
        let mut left: Vec<&[Pattern]> = groups.iter().map(Vec::as_slice).collect();
        while !left.is_empty() {
            let heads: Vec<&str> =
                left.iter().filter_map(|group| Some(group.first()?.source())).collect();
            let expected = heads.join("` or `");
            let line = self.next_line(&expected).await?;
            let bindings = &mut self.bindings;
            if !advances(&mut left, &line, bindings) {
                return Err(mismatch(&expected, &line));
            }
            left.retain(|group| !group.is_empty());
            self.taken(&line)?;
        }
        Ok(())
    }

    async fn daemon_closes(&mut self) -> Outcome {
        match self.wire()?.peek().await {
            Next::Line(line) => Err(mismatch("daemon closes", &line)),
            Next::End(rest) if rest.is_empty() => {
                self.note("daemon closes", b"");
                self.wire = None;
                Ok(())
            }
            Next::End(rest) => Err(mismatch("daemon closes", &rest)),
        }
    }

    async fn sends(&mut self, lines: &[Pattern]) -> Outcome {
        let mut bytes = Vec::new();
        for line in lines {
            let text = line.fill(&self.bindings);
            self.note("manager >", &text);
            bytes.extend(text);
            if !line.open {
                bytes.push(b'\n');
            }
        }
        let written = self.wire()?.write(&bytes).await;
        written.map_err(|error| format!("cannot be sent: {error}"))
    }

    async fn it_hears_nothing(&mut self) -> Outcome {
        let other = self.other.as_mut().ok_or_else(nobody_else)?;
        match other.received().await {
            [] => Ok(()),
            received => Err(mismatch("nothing", received)),
        }
    }

    /// Whether the daemon has said what nobody expected.
    async fn end(&mut self) -> Outcome {
        let last = self.steps.last().map(|step| &step.action);
        if matches!(last, Some(Action::Says(pattern)) if pattern.repeats) || self.wire.is_none() {
            return Ok(());
        }
        match self.wire()?.received().await {
            [] => Ok(()),
            received => Err(mismatch("nothing more", received)),
        }
    }

    async fn next_line(&mut self, expected: &str) -> Result<Vec<u8>, String> {
        match self.wire()?.peek().await {
            Next::Line(line) => Ok(line),
            Next::End(rest) if rest.is_empty() => {
                Err(format!("expected `{expected}`, but the daemon closed"))
            }
            Next::End(rest) => Err(format!("{}, and the end", mismatch(expected, &rest))),
        }
    }

    fn taken(&mut self, line: &[u8]) -> Outcome {
        self.note("daemon >", line);
        self.wire()?.take();
        Ok(())
    }

    fn wire(&mut self) -> Result<&mut Wire<W::Stream>, String> {
        self.wire.as_mut().ok_or_else(|| "there is no connection".to_owned())
    }

    fn note(&mut self, who: &str, what: &[u8]) {
        self.said.push(format!("{who} {}", readable(what)).trim_end().to_owned());
    }

    async fn unread(&mut self) -> String {
        let Some(wire) = &mut self.wire else { return String::new() };
        match wire.received().await {
            [] => String::new(),
            received => format!("; unread is `{}`", readable(received)),
        }
    }

    fn error(self, line: usize, reason: String) -> RunError {
        RunError { name: self.conversation.name.clone(), line, reason, said: self.said }
    }
}

/// Lets the group go on whose next line this is; a line of its own comes before a `{*}`.
fn advances(groups: &mut [&[Pattern]], line: &[u8], bindings: &mut Bindings) -> bool {
    for group in &mut *groups {
        let Some((head, rest)) = group.split_first() else { continue };
        let behind = if head.repeats { rest.split_first() } else { Some((head, rest)) };
        if let Some((_, behind)) = behind.filter(|(next, _)| next.matches(line, bindings)) {
            *group = behind;
            return true;
        }
    }
    let mut heads = groups.iter().filter_map(|group| group.first());
    heads.any(|head| head.repeats && head.matches(line, &mut bindings.clone()))
}

fn first(action: &Action) -> &str {
    match action {
        Action::Says(pattern) => pattern.source(),
        Action::AnyOrder(_) => "any order { … }",
        _ => "daemon closes",
    }
}

fn expectation(action: &Action) -> String {
    match action {
        Action::Says(pattern) => format!("`{}` has not come", pattern.source()),
        Action::AnyOrder(_) => "not every line of `any order` has come".to_owned(),
        Action::DaemonCloses => "the daemon has not closed".to_owned(),
        Action::World(words) => format!("`{}` is not done", words.source()),
        _ => "it is not done".to_owned(),
    }
}

fn mismatch(expected: &str, came: &[u8]) -> String {
    format!("expected `{expected}`, but came `{}`", readable(came))
}

/// The bytes as one line; what is no text is shown as a hole of that byte.
fn readable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(&chunk.valid().replace("\r\n", "\\n").replace('\t', "{tab}"));
        text.extend(chunk.invalid().iter().map(|byte| format!("{{0x{byte:02x}}}")));
    }
    text
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn in_words(error: WorldError) -> String {
    error.to_string()
}

fn nobody_else() -> String {
    "no other manager is connected".to_owned()
}
