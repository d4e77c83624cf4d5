//! The index of the examples, and what each says of itself.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::{build, start};

const INDEX: &str = include_str!("../../examples/README.md");
const REQUESTS: &str = include_str!("../../src/requests/mod.rs");
/// So long may an example be, daemons of its own included.
const LINES: usize = 180;

/// The rows of the table below this heading.
fn table(heading: &str) -> Result<Vec<&'static str>> {
    let (_, part) = INDEX.split_once(heading).with_context(|| format!("no {heading}"))?;
    let part = part.split_once("\n## ").map_or(part, |(part, _)| part);
    Ok(part.lines().filter(|line| line.starts_with('|')).skip(2).collect())
}

/// What the links of a text lead to.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

#[test]
fn the_index_has_every_example_once_and_no_other() -> Result<()> {
    let rows = table("## All")?;
    let mut listed: Vec<_> = rows.iter().filter_map(|row| links(row).next()).collect();
    listed.sort_unstable();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut there = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        there.extend((name != "README.md").then_some(name));
    }
    there.sort();
    assert_eq!(listed, there);
    for link in links(INDEX) {
        assert!(folder.join(link).exists(), "{link}");
    }
    Ok(())
}

#[test]
fn the_index_has_every_request() -> Result<()> {
    let (_, requests) = REQUESTS.split_once("pub enum Request {").context("no requests")?;
    let (requests, _) = requests.split_once("\n}").context("no end")?;
    let rows = table("## By what OpenVPN asks")?;
    let mut count = 0;
    for line in requests.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        let Some((name, _)) = line.split_once('(') else { continue };
        let row = rows.iter().find(|row| row.starts_with(&format!("| `{name}` |")));
        assert!(links(row.with_context(|| format!("no row for {name}"))?).count() > 0, "{name}");
        count += 1;
    }
    assert!(count > 10, "{count}");
    Ok(())
}

#[test]
fn each_is_short() -> Result<()> {
    for name in build::names()?.iter().filter(|name| *name != "demo") {
        let path = format!("{}/examples/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        let lines = std::fs::read_to_string(path)?.lines().count();
        assert!(lines <= LINES, "{name}: {lines}");
    }
    Ok(())
}

#[tokio::test]
async fn each_explains_itself() -> Result<()> {
    for name in build::names()? {
        let end = start(&name, &["--help"])?.ends().await?;
        end.succeeded().shows("Usage: ");
        assert!(end.output.to_lowercase().contains("openvpn"), "{}", end.output);
        // Where it is, or what it is to be started with.
        let whose = match &*name {
            "demo" => "on loopback",
            "orchestrator" => "[CONFIGURATION]...",
            "spawn" => "[CONFIGURATION]",
            "audit" | "exporter" | "fleet" => "[NAME=ADDRESS]...",
            "two_servers" => "[ADDRESS]...",
            _ => "[ADDRESS]",
        };
        end.shows(whose);
        if !["demo", "orchestrator", "spawn"].contains(&&*name) {
            end.shows("  openvpn --config ").shows("--management /run/");
        }
    }
    Ok(())
}
