//! What the user sees.

use std::fmt::Display;
use std::io::{self, Write as _};

/// Shows a line; nobody may be there to read it any more.
pub(crate) fn show(line: impl Display) {
    writeln!(io::stdout(), "{}", harmless(line)).ok();
}

/// Text that may come from a server, without what would move the cursor or worse.
pub(crate) fn harmless(text: impl Display) -> String {
    let visible = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.to_string().chars().map(visible).collect()
}
