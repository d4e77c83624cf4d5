//! [`ReplyShape`]: how the end of a reply is known.

/// The form of a command's reply: what the exchange waits for.
///
/// An `ERROR:` line in place of the first line always ends the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyShape {
    /// One `SUCCESS: …` or `ERROR: …` line.
    Line,
    /// Like [`Line`](Self::Line), but bare lines before an `ERROR:` belong to it (`auth-retry`).
    ExplainedLine,
    /// Any lines, ended by `END`.
    Block,
    /// A [`Block`](Self::Block) that a daemon may break off for good, without its `END`: `status`, at a row of 512 bytes or
    /// more. Where it stalls for half a second, a fence tells whether more will come.
    BreakableBlock,
    /// A `SUCCESS: …` line, then a block ended by `END` (`state on all`).
    LineThenBlock,
    /// One event line that starts so (without the `>`), as `PKCS11ID-COUNT:`.
    Event(&'static str),
    /// This many lines, and no end mark (`test N`). A fence behind them takes what comes of more, as where one of them was
    /// nobody's.
    Count(u32),
    /// Lines of unknown number, perhaps none. A fence (a command of our own, whose reply
    /// nothing else has) is sent behind the command, and its reply ends this one.
    Fenced(Fence),
    /// No reply: the daemon closes the connection (`quit`).
    Close,
}

/// When the fence of a [`ReplyShape::Fenced`] is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fence {
    /// Behind the command, which may have no reply at all (`version N`).
    AtOnce,
    /// After the first reply line, of a command that may have several (`push-update-cid`).
    AfterFirst,
    /// After a refusal only: the reply is one line, but a refused block is run line
    /// by line as commands, each with an error of its own (`pk-sig`).
    AfterRefusal,
}

impl ReplyShape {
    /// Whether other commands may be in flight beside this one.
    pub(crate) fn pipelines(self) -> bool {
        // Bare lines of an explained one could be another's, and a block without its end would take another's reply; those
        // that are counted may be anybody's.
        let is_alone = matches!(
            self,
            Self::Fenced(_)
                | Self::ExplainedLine
                | Self::BreakableBlock
                | Self::Count(_)
                | Self::Close
        );
        !is_alone
    }
}
