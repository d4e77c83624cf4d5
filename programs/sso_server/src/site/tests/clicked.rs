//! What a hostile client has its user see, in a real Chromium.

use anyhow::Result;
use serde_json::{Value, json};

use super::chromium::{Chromium, Screen};
use super::*;
use crate::asking::Asking;

/// What is given as a user name, and what is shown of it.
const NAMES: [(&str, &str); 10] = [
    ("alice@example.org", "alice@example.org"),
    ("<script>document.title = 'owned'</script>", "<script>document.title = 'owned'</script>"),
    (
        "\"><img src=x onerror=document.body.remove()>",
        "\"><img src=x onerror=document.body.remove()>",
    ),
    ("</bdi></dd></dl><h1>Approved</h1>", "</bdi></dd></dl><h1>Approved</h1>"),
    ("\u{202e}ecila\u{2069}\u{2069}\u{200f}", "\u{fffd}ecila\u{fffd}\u{fffd}\u{fffd}"),
    ("\u{5d0}\u{5dc}\u{5d9}\u{5e1} 10.0.0.1", "\u{5d0}\u{5dc}\u{5d9}\u{5e1} 10.0.0.1"),
    ("ali\0ce\r\n\u{1b}[31madmin", "ali\u{fffd}ce\u{fffd}\u{fffd}\u{fffd}[31madmin"),
    ("  alice    \u{2028}admin ", "  alice    \u{fffd}admin "),
    (
        "a\u{30d}\u{30d}\u{30d}\u{30d}\u{331}\u{331}\u{331}",
        "a\u{30d}\u{30d}\u{30d}\u{30d}\u{331}\u{331}\u{331}",
    ),
    (LONG, LONG),
];

/// Words that no line has room for, as they are cut.
const LONG: &str =
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW…";

#[tokio::test]
async fn a_hostile_name_is_text_on_a_desktop() -> Result<()> {
    all_names("a_hostile_name_is_text_on_a_desktop", Screen::Desktop).await
}

#[tokio::test]
async fn a_hostile_name_is_text_on_a_phone() -> Result<()> {
    all_names("a_hostile_name_is_text_on_a_phone", Screen::Phone).await
}

async fn all_names(test: &str, screen: Screen) -> Result<()> {
    let Some(chromium) = Chromium::or_skip(test, screen).await? else { return Ok(()) };
    let site = Running::new(None).await;
    for (number, (name, shown)) in NAMES.into_iter().enumerate() {
        let given = || name.to_owned();
        let asking =
            Asking { username: given(), certificate: given(), address: given(), software: given() };
        let mut link = site.links.open(asking, None)?;
        chromium.page.goto(&format!("{}/{}", site.origin, link.id())).await?;
        chromium.sees("Sign in to the VPN").await?;
        chromium.picture(&format!("{screen:?}-{number}")).await?;
        is_text(&chromium, shown).await?;
        is_laid_out(&chromium, name).await?;
        chromium.presses("Deny").await?;
        chromium.sees("Denied").await?;
        assert_eq!(link.answer().await, Answer::Deny);
        is_laid_out(&chromium, name).await?;
    }
    chromium.ends().await
}

/// Looks that the page has no elements but its own, and shows this four times.
async fn is_text(chromium: &Chromium, shown: &str) -> Result<()> {
    let elements =
        value(chromium, "[...document.body.querySelectorAll('*')].map(e => e.localName)");
    let row = ["dt", "dd", "bdi"];
    let rows = [row, row, row, row].concat();
    let own = [&["main", "h1", "p", "dl"][..], &rows, &["p", "form", "input", "button", "button"]];
    assert_eq!(elements.await?, json!(own.concat()), "{shown}");
    let texts = value(chromium, "[...document.querySelectorAll('dd')].map(e => e.textContent)");
    assert_eq!(texts.await?, json!(vec![shown; 4]));
    Ok(())
}

/// Looks that everything is on the screen, values have room, and buttons are as large as a finger.
async fn is_laid_out(chromium: &Chromium, name: &str) -> Result<()> {
    let width = "document.documentElement.clientWidth";
    let outside = format!("r.left < 0 || r.right > {width}");
    let narrow = format!("e.localName == 'dd' && r.width < {width} / 3");
    let small = "e.localName == 'button' && (r.width < 44 || r.height < 44)";
    let wrong = format!(
        "[...document.body.querySelectorAll('*')]
            .map(e => [e, e.getBoundingClientRect()])
            .filter(([e, r]) => {outside} || {narrow} || {small})
            .map(([e, r]) => [e.outerHTML, r.left, r.width, r.height])"
    );
    assert_eq!(value(chromium, &wrong).await?, json!([]), "{name:?}");
    let scrolls = format!("document.documentElement.scrollWidth > {width}");
    assert_eq!(value(chromium, &scrolls).await?, json!(false), "{name:?}");
    Ok(())
}

/// What a script gives that the test, and not the page, brings along.
async fn value(chromium: &Chromium, script: &str) -> Result<Value> {
    Ok(chromium.page.execute(&format!("return {script}"), Vec::new()).await?)
}
