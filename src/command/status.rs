//! `status`, `load-stats`, `nclients`.

use super::{ReplyShape, Wire, Writer};

/// The form in which a server's `status` is asked for.
///
/// A client answers every form with its statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum StatusFormat {
    /// Titles and commas, for people. A name with a comma makes its row ambiguous.
    V1,
    /// Commas. A name with a comma makes its row ambiguous.
    V2,
    /// TABs, which no field can hold: the only unambiguous form.
    #[default]
    V3,
}

pub(crate) fn status(format: StatusFormat) -> Wire {
    let number: u8 = match format {
        StatusFormat::V1 => 1,
        StatusFormat::V2 => 2,
        StatusFormat::V3 => 3,
    };
    Writer::new("status").number(number).line(ReplyShape::Block)
}

pub(crate) fn load_stats() -> Wire {
    Writer::new("load-stats").line(ReplyShape::Line).expect("nclients=")
}

pub(crate) fn nclients() -> Wire {
    Writer::new("nclients").line(ReplyShape::Line).expect("nclients=")
}
