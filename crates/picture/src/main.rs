//! Draws what a program prints on a terminal as an SVG: `CLICOLOR_FORCE=1 PROGRAM | picture > FILE`.

use std::io::{self, Read as _};

use anstyle_svg::{Palette, Term, WIN10_CONSOLE};

/// As wide as the longest lines of the demo.
const COLUMNS: u16 = 100;

fn main() -> io::Result<()> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    if text.trim().is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "there is nothing to draw"));
    }
    println!("{}", draw(&text).trim_end());
    Ok(())
}

fn draw(text: &str) -> String {
    let width = usize::from(COLUMNS) * 8;
    Term::new().min_width_px(width).palette(bright()).render_svg(text)
}

/// The bright colours also where a program asks for the plain ones, which are too dark on black.
fn bright() -> Palette {
    let [black, _, _, _, _, _, _, white, grey, red, green, yellow, blue, magenta, cyan, bright] =
        WIN10_CONSOLE.0;
    Palette([
        black, red, green, yellow, blue, magenta, cyan, white, //
        grey, red, green, yellow, blue, magenta, cyan, bright,
    ])
}

#[cfg(test)]
mod tests {
    use super::draw;

    #[test]
    fn text_and_colours_are_drawn_and_what_is_markup_is_quoted() {
        let svg = draw("\u{1b}[31mred\u{1b}[0m <b>&\n");
        assert!(svg.starts_with("<svg ") && svg.contains("red"), "{svg}");
        assert!(svg.contains("class=\"fg-red\""), "{svg}");
        assert!(svg.contains("&lt;b&gt;&amp;") && !svg.contains("<b>"), "{svg}");
    }
}
