//! What the user sees.

use std::fmt::Display;

use crate::printer;
pub use crate::printer::harmless;

/// Shows a line, soon; nobody may be there to read it.
pub fn show(line: impl Display) {
    printer::stdout().line(&harmless(line));
}
