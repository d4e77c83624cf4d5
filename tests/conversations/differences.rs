//! Where the fake daemon differs from real ones, held against the table of `docs/FAKE.md`.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use openvpn_mgmt_test::conversation::Release;

const DOCUMENT: &str = "docs/FAKE.md";

/// A conversation that a real daemon holds and the fake one of this version does not.
#[derive(Debug, Clone)]
pub struct Difference {
    pub conversation: String,
    pub release: Release,
    pub error: String,
}

/// Records what was found, of the conversations that were held: fails on a difference that the
/// document does not explain, and on one it explains that is none.
pub fn compare(held: &[String], found: &[Difference]) -> Result<()> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let known = read(&std::fs::read_to_string(path).context(DOCUMENT)?);
    let wrong = wrong(&known, held, found);
    ensure!(wrong.is_empty(), "{DOCUMENT} and the fake daemon differ:\n{}", wrong.join("\n\n"));
    Ok(())
}

/// The rows `| conversation | versions | why |`, one pair for each version.
fn read(text: &str) -> BTreeSet<(String, String)> {
    let mut known = BTreeSet::new();
    for row in text.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")) {
        let mut columns = row.splitn(3, " | ");
        let (name, versions) = (columns.next(), columns.next());
        // A row without a reason explains nothing.
        let explained = columns.next().is_some_and(|why| why.trim().len() > 1);
        let (Some(name), Some(versions), true) = (name, versions, explained) else { continue };
        let name = name.trim_end_matches('`');
        known.extend(versions.split(", ").map(|version| (name.to_owned(), version.to_owned())));
    }
    known
}

fn wrong(known: &BTreeSet<(String, String)>, held: &[String], found: &[Difference]) -> Vec<String> {
    let key = |found: &Difference| (found.conversation.clone(), found.release.to_string());
    let differs: BTreeSet<_> = found.iter().map(key).collect();
    let mut wrong: Vec<String> = found
        .iter()
        .filter(|found| !known.contains(&key(found)))
        .map(|found| format!("{} on {}: {}", found.conversation, found.release, found.error))
        .collect();
    let is_stale = |row: &&(String, String)| held.contains(&row.0) && !differs.contains(row);
    for (name, version) in known.iter().filter(is_stale) {
        wrong.push(format!("{name} on {version} is explained, and is no difference"));
    }
    wrong
}

#[test]
fn differences_are_explained_or_wrong() {
    let known = read(
        "| conversation | versions | why |\n| --- | --- | --- |\n\
         | `a` | 2.5, 2.6 | it is so |\n| `b` | 2.5 |  |",
    );
    let held = ["a".to_owned(), "b".to_owned()];
    let found = |name: &str, minor| Difference {
        conversation: name.to_owned(),
        release: Release::new(2, minor),
        error: "no".to_owned(),
    };
    assert!(wrong(&known, &held, &[found("a", 5), found("a", 6)]).is_empty());
    assert_eq!(
        wrong(&known, &held, &[found("a", 5), found("b", 5)]),
        ["b on 2.5: no", "a on 2.6 is explained, and is no difference"]
    );
    assert_eq!(wrong(&known, &held[1..], &[found("a", 7)]), ["a on 2.7: no"]);
}
