//! The numbers of `docs/PROTOCOL.md`, held against those that conversations name.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use openvpn_mgmt_test::conversation::{Conversation, Release};

const DOCUMENT: &str = "docs/PROTOCOL.md";
/// What stands before the reason why no conversation shows a fact.
const NOT_SHOWN: &str = "(not shown here: ";

/// A row of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    versions: Vec<String>,
    seen: String,
}

/// The facts by number, and what is wrong with the document.
fn read(text: &str) -> (BTreeMap<u32, Fact>, Vec<String>) {
    let (mut facts, mut wrong) = (BTreeMap::new(), Vec::new());
    for (number, row) in text.lines().filter_map(numbered) {
        let Some(fact) = columns(row) else {
            wrong.push(format!("fact {number} is no row of four columns"));
            continue;
        };
        if facts.insert(number, fact).is_some() {
            wrong.push(format!("fact {number} is there twice"));
        }
    }
    (facts, wrong)
}

/// The number a row begins with, and what follows it.
fn numbered(line: &str) -> Option<(u32, &str)> {
    let (number, row) = line.strip_prefix("| ")?.split_once(" | ")?;
    Some((number.parse().ok()?, row))
}

fn columns(row: &str) -> Option<Fact> {
    let mut columns = row.strip_suffix(" |")?.rsplitn(3, " | ");
    let seen = columns.next()?.to_owned();
    let versions = columns.next()?;
    columns.next().filter(|text| !text.is_empty())?;
    let versions = if versions == "all" { "2.5, 2.6, 2.7" } else { versions };
    Some(Fact { versions: versions.split(", ").map(str::to_owned).collect(), seen })
}

/// What is wrong between the facts and the conversations, in words.
fn compare(facts: &BTreeMap<u32, Fact>, conversations: &[Conversation]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut shown: BTreeMap<u32, BTreeSet<Release>> = BTreeMap::new();
    for conversation in conversations {
        for fact in conversation.facts() {
            shown.entry(*fact).or_default().extend(conversation.releases());
            if !facts.contains_key(fact) {
                wrong.push(format!("{}: there is no fact {fact}", conversation.name()));
            }
        }
        if conversation.facts().is_empty() {
            wrong.push(format!("{}: shows no fact", conversation.name()));
        }
    }
    for (number, fact) in facts {
        wrong
            .extend(shortcoming(fact, shown.get(number)).map(|why| format!("fact {number} {why}")));
    }
    wrong
}

fn shortcoming(fact: &Fact, shown: Option<&BTreeSet<Release>>) -> Option<String> {
    let reason = fact.seen.split_once(NOT_SHOWN).map(|(_, reason)| reason.len() > 1);
    let Some(shown) = shown else {
        let excused = reason == Some(true);
        return (!excused).then(|| "has no conversation, and no reason".to_owned());
    };
    if reason.is_some() {
        return Some("says it is not shown, and is".to_owned());
    }
    let is_shown = |version: &String| shown.iter().any(|release| release.to_string() == **version);
    let missing = fact.versions.iter().find(|version| !is_shown(version))?;
    Some(format!("has no conversation with {missing}"))
}

#[test]
fn each_fact_has_a_conversation_or_a_reason() -> Result<()> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let (facts, mut wrong) = read(&std::fs::read_to_string(path).context(DOCUMENT)?);
    wrong.extend(compare(&facts, &crate::of_folder()?));
    assert!(wrong.is_empty(), "{DOCUMENT} and tests/conversations differ:\n{}", wrong.join("\n"));
    assert!(facts.len() >= 100, "{} facts were read", facts.len());
    Ok(())
}

#[test]
fn what_is_wrong_is_told() {
    let (facts, wrong) = read(
        "| # | Fact | Versions | Seen |\n| 1 | a `|` b | all | conversation |\n\
         | 2 | c | 2.7 | source (not shown here: why) |\n| 2 | d | 2.6 | x |\n| 3 | e |\n\
         | 4 | f | 2.5 | source |\n| 5 | g | 2.6 | source (not shown here: why) |",
    );
    assert_eq!(wrong, ["fact 2 is there twice", "fact 3 is no row of four columns"]);
    let text = "facts: 1, 5, 9\nversions: 2.5, 2.6\ndaemon: client\ndaemon > x";
    let conversation = Conversation::parse("it", text).expect("a conversation");
    let wrong = compare(&facts, &[conversation]);
    assert_eq!(
        wrong,
        [
            "it: there is no fact 9",
            "fact 1 has no conversation with 2.7",
            "fact 2 has no conversation, and no reason",
            "fact 4 has no conversation, and no reason",
            "fact 5 says it is not shown, and is",
        ]
    );
}
