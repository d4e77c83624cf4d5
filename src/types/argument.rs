//! [`ArgumentProblem`], and the checks that find one.

/// What is wrong with an argument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentProblem {
    /// It is too long.
    #[error("is {len} bytes long, the limit is {limit} ({why})")]
    TooLong {
        /// Length in bytes.
        len: usize,
        /// The greatest length that arrives whole.
        limit: usize,
        /// What the daemon does past it.
        why: &'static str,
    },
    /// It holds a control byte, which the daemon would drop or take for a line end.
    #[error("holds the control byte 0x{byte:02x} at offset {offset}")]
    ControlByte {
        /// The byte.
        byte: u8,
        /// Where it stands, from 0.
        offset: usize,
    },
    /// It is a line `END`, which would end the block early; what follows would run as commands.
    #[error("is the line `END`, which would end the block early")]
    EndsBlock,
    /// It is empty where the daemon needs something.
    #[error("is empty")]
    Empty,
    /// A number outside its range.
    #[error("is {value}, outside {min} to {max}")]
    OutOfRange {
        /// The number given.
        value: u64,
        /// The least allowed.
        min: u64,
        /// The greatest allowed.
        max: u64,
    },
    /// A configuration line's directive is not one that can be checked; named where it looks
    /// like a directive.
    #[error(
        "begins with {}, which is not known here; the daemon may drop the line and admit the \
         client without it (`PeerConfig::directive_unchecked` takes it all the same)",
        .0.as_ref().map_or("no directive's name".to_owned(), |name| format!("`{name}`"))
    )]
    UnknownDirective(Option<String>),
    /// Anything else, in words.
    #[error("{0}")]
    Other(&'static str),
}

/// Refuses what the daemon would not take as one line of a block.
pub(crate) fn check_block_line(
    line: &[u8],
    limit: usize,
    why: &'static str,
) -> Result<(), ArgumentProblem> {
    check(line, limit, why)?;
    match line {
        b"END" => Err(ArgumentProblem::EndsBlock),
        b"" => Err(ArgumentProblem::Empty),
        _ => Ok(()),
    }
}

/// Refuses what the daemon would drop (control bytes), end a line at, or cut.
pub(crate) fn check(value: &[u8], limit: usize, why: &'static str) -> Result<(), ArgumentProblem> {
    if let Some(offset) = value.iter().position(u8::is_ascii_control) {
        let byte = value.get(offset).copied().unwrap_or_default();
        return Err(ArgumentProblem::ControlByte { byte, offset });
    }
    if value.len() > limit {
        return Err(ArgumentProblem::TooLong { len: value.len(), limit, why });
    }
    Ok(())
}
