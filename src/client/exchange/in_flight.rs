//! [`InFlight`]: a command that was sent, and how it takes the lines of its reply.

use bytes::Bytes;
use memchr::memmem;

use crate::client::exchange::{Failure, Outcome};
use crate::command::{Expect, Fence, Kind, ReplyShape};
use crate::reply::RawReply;
use crate::types::{Text, WipedBytes};

/// What a kept line costs beside its bytes, for the reply limit.
const LINE_OVERHEAD: usize = size_of::<Bytes>();

pub(super) struct InFlight<T> {
    pub(super) pending: T,
    pub(super) shape: ReplyShape,
    /// How the text of this command's `SUCCESS: ` starts.
    pub(super) expect: Expect,
    /// What that text holds where the command failed all the same.
    pub(super) failure: Option<&'static str>,
    pub(super) pipelines: bool,
    pub(super) kind: Kind,
    pub(super) reply: Partial,
    /// The first line that was not in the command's own words.
    pub(super) unfit: Option<Bytes>,
}

/// What came of a reply. Its lines are copied, so that it holds no more than they are, whatever came between.
#[derive(Default)]
pub(super) struct Partial {
    success: Option<Bytes>,
    text: WipedBytes,
    /// Where each line ends in the text.
    ends: Vec<usize>,
}

/// What a command did with a line.
pub(super) enum Taken {
    Partly,
    /// Only a fence tells what else belongs to the reply.
    PartlyUpToFence,
    Whole(Outcome),
    /// No part of the reply.
    Not(Bytes),
    /// In other words than the command's own: a fence tells whether it was the reply.
    Unfit(Bytes),
    TooMuch,
}

impl<T> InFlight<T> {
    pub(super) fn take(&mut self, line: Bytes, limit: usize) -> Taken {
        match self.shape {
            ReplyShape::Line => self.take_line(line),
            ReplyShape::ExplainedLine => self.take_explained(line, limit),
            ReplyShape::Block | ReplyShape::BreakableBlock => self.take_block(line, limit),
            ReplyShape::LineThenBlock => self.take_line_then_block(line, limit),
            ReplyShape::Event(_) => match refusal(&line) {
                Some(text) => Taken::Whole(Err(Failure::Refused(text))),
                None => Taken::Unfit(line),
            },
            ReplyShape::Count(count) => self.take_count(&line, count, limit),
            ReplyShape::Fenced(fence) => self.take_fenced(&line, fence, limit),
            ReplyShape::Close => Taken::Not(line),
        }
    }

    /// Whether a line is a whole reply where a row is due. No row is in these words, so that the rows before it may be
    /// nobody's, and this the reply of a command behind.
    pub(super) fn is_not_a_row(&self, line: &Bytes) -> bool {
        let is_within = match self.shape {
            ReplyShape::Block => self.reply.has_lines(),
            ReplyShape::LineThenBlock => self.reply.success.is_some(),
            _ => false,
        };
        is_within && (success(line).is_some() || refusal(line).is_some())
    }

    /// Whether it has a part of a reply that may have no more.
    pub(super) fn may_be_broken_off(&self) -> bool {
        self.shape == ReplyShape::BreakableBlock && self.reply.has_lines()
    }

    /// What the command ends with when the fence behind it is answered.
    pub(super) fn fenced(&mut self) -> Outcome {
        let reply = std::mem::take(&mut self.reply);
        match self.shape {
            ReplyShape::Fenced(Fence::AtOnce) => fenced_outcome(reply),
            ReplyShape::Fenced(_) if reply.has_lines() => fenced_outcome(reply),
            ReplyShape::BreakableBlock if self.unfit.is_none() && reply.has_lines() => {
                Err(Failure::BrokenOff { lines: reply.ends.len() })
            }
            _ => {
                let first = reply.success.clone().or_else(|| reply.into_lines().into_iter().next());
                Err(match self.unfit.take().or(first) {
                    Some(line) => Failure::Unexpected { expected: self.expected(), line },
                    None => Failure::Unanswered,
                })
            }
        }
    }

    /// What the command ends with at the end of the connection; `None` where it fails with it.
    ///
    /// A fenced reply counts as whole when a line of it came: the daemon may exit
    /// (`signal SIGTERM`) before it reads the fence.
    pub(super) fn closed(&mut self) -> Option<Outcome> {
        match self.shape {
            ReplyShape::Close => Some(Ok(RawReply::default())),
            ReplyShape::Fenced(_) if self.reply.has_lines() => {
                Some(fenced_outcome(std::mem::take(&mut self.reply)))
            }
            _ => None,
        }
    }

    fn expected(&self) -> &'static str {
        match self.shape {
            ReplyShape::Block | ReplyShape::BreakableBlock => "lines and then `END`",
            ReplyShape::LineThenBlock => "`SUCCESS: …` in its own words, lines and then `END`",
            ReplyShape::Event(_) => "an event line of its own",
            ReplyShape::Count(_) => "as many lines as were asked for",
            _ => "`SUCCESS: …` in its own words, or `ERROR: …`",
        }
    }

    fn take_line(&self, line: Bytes) -> Taken {
        if let Some(text) = refusal(&line) {
            return Taken::Whole(Err(Failure::Refused(text)));
        }
        match success(&line) {
            Some(text) if self.is_failure(&text) => Taken::Whole(Err(Failure::Refused(text))),
            Some(text) if self.expect.begins(&text) => {
                Taken::Whole(Ok(RawReply { success: Some(text), lines: Vec::new() }))
            }
            _ => Taken::Unfit(line),
        }
    }

    fn is_failure(&self, text: &Text) -> bool {
        let holds = |failure: &str| memmem::find(text.as_bytes(), failure.as_bytes()).is_some();
        self.expect.begins(text) && self.failure.is_some_and(holds)
    }

    /// A bare line may explain the refusal behind it, or be a reply in other words.
    fn take_explained(&mut self, line: Bytes, limit: usize) -> Taken {
        match self.take_line(line) {
            Taken::Unfit(line) if success(&line).is_some() => Taken::Unfit(line),
            Taken::Unfit(line) => match self.keep(&line, limit) {
                Taken::Partly => Taken::PartlyUpToFence,
                taken => taken,
            },
            Taken::Whole(Err(Failure::Refused(text))) => {
                Taken::Whole(Err(Failure::Refused(self.explain(text))))
            }
            taken => taken,
        }
    }

    /// The bare lines that came before a refusal, and the refusal.
    fn explain(&mut self, text: Text) -> Text {
        if !self.reply.has_lines() {
            return text;
        }
        let mut whole = std::mem::take(&mut self.reply).into_lines().join(b"; ".as_slice());
        whole.extend_from_slice(b"; ");
        whole.extend_from_slice(text.as_bytes());
        Text::from(Bytes::from(whole))
    }

    fn take_block(&mut self, line: Bytes, limit: usize) -> Taken {
        if !self.reply.has_lines() {
            if let Some(text) = refusal(&line) {
                return Taken::Whole(Err(Failure::Refused(text)));
            }
            if success(&line).is_some() || line == b"SUCCESS".as_slice() {
                return Taken::Unfit(line);
            }
        }
        if line == b"END".as_slice() {
            return Taken::Whole(Ok(self.reply.finish()));
        }
        self.keep(&line, limit)
    }

    fn take_line_then_block(&mut self, line: Bytes, limit: usize) -> Taken {
        if self.reply.success.is_some() {
            if line == b"END".as_slice() {
                return Taken::Whole(Ok(self.reply.finish()));
            }
            return self.keep(&line, limit);
        }
        match self.take_line(line.clone()) {
            Taken::Whole(Ok(_)) => {
                self.reply.success = Some(line);
                Taken::Partly
            }
            taken => taken,
        }
    }

    fn take_count(&mut self, line: &Bytes, count: u32, limit: usize) -> Taken {
        if !self.reply.has_lines() {
            if let Some(text) = refusal(line) {
                return Taken::Whole(Err(Failure::Refused(text)));
            }
            if success(line).is_some() {
                return Taken::Unfit(line.clone());
            }
        }
        match self.keep(line, limit) {
            Taken::Partly if self.reply.ends.len() >= usize_of(count) => {
                Taken::Whole(Ok(self.reply.finish()))
            }
            taken => taken,
        }
    }

    fn take_fenced(&mut self, line: &Bytes, fence: Fence, limit: usize) -> Taken {
        let begun = self.reply.has_lines();
        match (fence, self.take_line(line.clone())) {
            // Where one line is the whole reply, and none was refused.
            (Fence::AfterRefusal, Taken::Whole(Ok(reply))) if !begun => Taken::Whole(Ok(reply)),
            (Fence::AfterRefusal, Taken::Unfit(line)) if !begun => Taken::Unfit(line),
            // A command of known words has no line in others.
            (Fence::AtOnce, Taken::Unfit(line)) if self.expect.is_known() => Taken::Not(line),
            _ => match self.keep(line, limit) {
                Taken::Partly => Taken::PartlyUpToFence,
                taken => taken,
            },
        }
    }

    fn keep(&mut self, line: &[u8], limit: usize) -> Taken {
        if self.reply.keep(line, limit) { Taken::Partly } else { Taken::TooMuch }
    }
}

impl Partial {
    fn has_lines(&self) -> bool {
        !self.ends.is_empty()
    }

    /// Adds a line; `false` where the reply is larger than `limit` with it.
    fn keep(&mut self, line: &[u8], limit: usize) -> bool {
        let size = self.text.len() + line.len() + (self.ends.len() + 1) * LINE_OVERHEAD;
        if size > limit {
            return false;
        }
        self.text.extend(line, limit);
        self.ends.push(self.text.len());
        true
    }

    fn into_lines(self) -> Vec<Bytes> {
        let text = self.text.freeze();
        let mut start = 0;
        let line = |end| {
            let line = text.get(start..end).map(|line| text.slice_ref(line)).unwrap_or_default();
            start = end;
            line
        };
        self.ends.into_iter().map(line).collect()
    }

    fn finish(&mut self) -> RawReply {
        let mut whole = std::mem::take(self);
        let success = whole.success.take().as_ref().and_then(success);
        RawReply { success, lines: whole.into_lines() }
    }
}

/// A refusal where the first line is one, else the lines as they came.
fn fenced_outcome(reply: Partial) -> Outcome {
    let lines = reply.into_lines();
    match lines.first().and_then(refusal) {
        Some(text) => Err(Failure::Refused(text)),
        None => Ok(RawReply { success: None, lines }),
    }
}

pub(super) fn success(line: &Bytes) -> Option<Text> {
    after(line, b"SUCCESS:")
}

pub(super) fn refusal(line: &Bytes) -> Option<Text> {
    after(line, b"ERROR:")
}

fn after(line: &Bytes, prefix: &[u8]) -> Option<Text> {
    let text = line.strip_prefix(prefix)?;
    let text = text.strip_prefix(b" ").unwrap_or(text);
    Some(Text::slice_of(line, text))
}

fn usize_of(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
