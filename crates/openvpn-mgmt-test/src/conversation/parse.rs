//! The text of a conversation, read line by line.

use std::collections::BTreeSet;

use super::Conversation;
use super::error::ParseError;
use super::pattern::Pattern;
use super::release::Release;
use super::step::{Action, Step};

/// Reads a whole conversation.
pub(super) fn conversation(name: &str, text: &str) -> Result<Conversation, ParseError> {
    let mut reader = Reader {
        made: Conversation {
            name: name.to_owned(),
            facts: Vec::new(),
            releases: Vec::new(),
            set_up: Vec::new(),
            steps: Vec::new(),
        },
        known: BTreeSet::new(),
        order: None,
    };
    let mut number = 0;
    for line in text.lines() {
        number += 1;
        reader.line(number, line).map_err(|reason| ParseError::new(name, number, reason))?;
    }
    reader.end().map_err(|reason| ParseError::new(name, number, reason))?;
    Ok(reader.made)
}

struct Reader {
    made: Conversation,
    /// The names of holes that have a value by now.
    known: BTreeSet<String>,
    /// The `any order` block that is open.
    order: Option<Order>,
}

struct Order {
    line: usize,
    only: Vec<Release>,
    groups: Vec<Vec<Pattern>>,
    /// An `and` came: lines between two of them are one group.
    grouped: bool,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return Ok(());
        }
        if self.order.is_some() {
            return self.ordered(trimmed);
        }
        let (only, line) = versions_of(trimmed)?;
        if self.made.steps.is_empty() && only.is_empty() && self.head(line)? {
            return Ok(());
        }
        self.step(number, only, line)
    }

    /// A line `NAME: value, value`; false where it is none.
    fn head(&mut self, line: &str) -> Result<bool, String> {
        let Some((name, values)) = line.split_once(':') else { return Ok(false) };
        let values = values.split(',').map(str::trim).filter(|value| !value.is_empty());
        match name {
            "facts" => {
                for value in values {
                    let fact = value.parse().map_err(|_| format!("`{value}` is no number"))?;
                    self.made.facts.push(fact);
                }
            }
            "versions" => {
                for value in values {
                    self.made.releases.push(release(value)?);
                }
            }
            "daemon" => self.made.set_up.extend(values.map(str::to_owned)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn step(&mut self, line: usize, only: Vec<Release>, text: &str) -> Result<(), String> {
        if text == "any order {" {
            self.order = Some(Order { line, only, groups: Vec::new(), grouped: false });
            return Ok(());
        }
        if let Some(text) = after(text, "manager +") {
            return self.continued(&only, text);
        }
        let action = self.action(text)?;
        self.follows_repeated(&action)?;
        self.made.steps.push(Step { line, only, action });
        Ok(())
    }

    fn action(&mut self, text: &str) -> Result<Action, String> {
        if let Some(text) = after(text, "daemon >") {
            return Ok(Action::Says(self.says(text)?));
        }
        if let Some(text) = after(text, "manager >") {
            return Ok(Action::Sends(vec![self.sends(text)?]));
        }
        if let Some(words) = after(text, "world >") {
            return self.world(words);
        }
        match text {
            "daemon closes" => Ok(Action::DaemonCloses),
            "manager closes" => Ok(Action::ManagerCloses),
            "manager connects" => Ok(Action::ManagerConnects),
            _ => Err(format!("`{text}` is no step")),
        }
    }

    fn world(&self, words: &str) -> Result<Action, String> {
        Ok(match words {
            "another manager connects" => Action::AnotherConnects,
            "it hears nothing" => Action::ItHearsNothing,
            "it leaves" => Action::ItLeaves,
            "it takes over" => Action::ItTakesOver,
            _ => Action::World(self.sends(words)?),
        })
    }

    /// What the daemon says gives names their values.
    fn says(&mut self, text: &str) -> Result<Pattern, String> {
        let pattern = Pattern::parse(text)?;
        if pattern.open && pattern.has_nameless_hole() {
            return Err("a line without its end can have no nameless hole".to_owned());
        }
        self.known.extend(pattern.names().map(str::to_owned));
        Ok(pattern)
    }

    fn sends(&self, text: &str) -> Result<Pattern, String> {
        let pattern = Pattern::parse(text)?;
        if pattern.has_nameless_hole() {
            return Err("what is sent can have no nameless hole".to_owned());
        }
        let unknown = pattern.names().find(|name| !self.known.contains(*name));
        match unknown {
            Some(name) => Err(format!("`{{{name}}}` has no value yet")),
            None => Ok(pattern),
        }
    }

    /// `manager + TEXT`
    fn continued(&mut self, only: &[Release], text: &str) -> Result<(), String> {
        let pattern = self.sends(text)?;
        match self.made.steps.last_mut() {
            Some(Step { action: Action::Sends(lines), only: above, .. }) if above == only => {
                lines.push(pattern);
                Ok(())
            }
            _ => Err("`manager +` needs a line of the manager above it".to_owned()),
        }
    }

    /// `{*}` ends where the next line is expected, so there must be one, or nothing at all.
    fn follows_repeated(&self, action: &Action) -> Result<(), String> {
        let last = self.made.steps.last().map(|step| &step.action);
        let repeats = matches!(last, Some(Action::Says(pattern)) if pattern.repeats);
        let ends = matches!(action, Action::Says(_) | Action::AnyOrder(_) | Action::DaemonCloses);
        if repeats && !ends {
            return Err("behind `{*}` the daemon must say something or close".to_owned());
        }
        Ok(())
    }

    fn ordered(&mut self, text: &str) -> Result<(), String> {
        if text == "}" {
            return self.end_order();
        }
        let pattern = match after(text, "daemon >") {
            Some(text) => Some(self.says(text)?),
            None if text == "and" => None,
            None => {
                return Err("in `any order` there are lines of the daemon, and `and`".to_owned());
            }
        };
        let Some(order) = &mut self.order else { return Ok(()) };
        match pattern {
            None => {
                // What came so far was one group.
                if !order.grouped {
                    order.groups = vec![order.groups.concat()];
                }
                order.grouped = true;
                order.groups.push(Vec::new());
            }
            Some(pattern) if order.grouped => {
                order.groups.last_mut().into_iter().for_each(|group| group.push(pattern.clone()));
            }
            Some(pattern) => order.groups.push(vec![pattern]),
        }
        Ok(())
    }

    fn end_order(&mut self) -> Result<(), String> {
        let Some(Order { line, only, groups, .. }) = self.order.take() else { return Ok(()) };
        let ends_open = |group: &Vec<Pattern>| group.last().is_none_or(|last| last.repeats);
        if groups.is_empty() || groups.iter().any(ends_open) {
            return Err("a group of `any order` must end in a line of its own".to_owned());
        }
        let action = Action::AnyOrder(groups);
        self.follows_repeated(&action)?;
        self.made.steps.push(Step { line, only, action });
        Ok(())
    }

    fn end(&self) -> Result<(), String> {
        let made = &self.made;
        if let Some(order) = &self.order {
            return Err(format!("`any order` of line {} is not closed", order.line));
        }
        if made.releases.is_empty() {
            return Err("there is no line `versions:`".to_owned());
        }
        if made.set_up.is_empty() {
            return Err("there is no line `daemon:`".to_owned());
        }
        if made.steps.is_empty() {
            return Err("nothing is said".to_owned());
        }
        Ok(())
    }
}

/// The text behind a word and one blank; the text may be empty.
fn after<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(word)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(' ') }
}

fn release(text: &str) -> Result<Release, String> {
    Release::parse(text).ok_or_else(|| format!("`{text}` is no version like `2.6`"))
}

/// The versions in front of a step, as in `2.6, 2.7: daemon closes`.
fn versions_of(line: &str) -> Result<(Vec<Release>, &str), String> {
    let Some((versions, step)) = line.split_once(": ") else { return Ok((Vec::new(), line)) };
    let is_versions = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ');
    if versions.is_empty() || !versions.chars().all(is_versions) {
        return Ok((Vec::new(), line));
    }
    let versions = versions.split(',').map(|version| release(version.trim()));
    Ok((versions.collect::<Result<_, _>>()?, step.trim_start()))
}
