//! How what a thing costs grows with how many there are: figures, and curves of them.

mod curves;
mod draw;

use std::fmt::Write as _;
use std::path::Path;

use crate::table::{Table, figure};

/// What one costs, by how many there are.
pub(crate) struct Curve {
    pub(crate) title: &'static str,
    /// What there is more and more of.
    pub(crate) x: &'static str,
    /// What is measured of each.
    pub(crate) y: &'static str,
    pub(crate) points: Vec<(usize, f64)>,
}

const HEAD: &str = "# How costs grow\n\n\
    Made by `make growth`; the figures are of the machine that made them. A curve that is flat or \
    falls is of a cost in proportion to the number, or below it; one that rises would be of more. \
    The first session of a process pays for what all of them share.\n\n\
    ![Four curves of the tables below](growth.svg)\n";

/// Writes `GROWTH.md` and `growth.svg` into a folder.
pub(crate) fn write(folder: &Path) -> std::io::Result<()> {
    let curves = [curves::subscribers(), curves::clients(), curves::line(), curves::sessions()];
    let mut text = HEAD.to_owned();
    for curve in &curves {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n## {}\n{}", curve.title, table(curve));
    }
    std::fs::write(folder.join("GROWTH.md"), text)?;
    std::fs::write(folder.join("growth.svg"), draw::svg(&curves))
}

fn table(curve: &Curve) -> Table {
    let mut table = Table::new("", &[curve.x, curve.y]);
    for (count, cost) in &curve.points {
        table.row([count.to_string(), figure(*cost)]);
    }
    table
}
