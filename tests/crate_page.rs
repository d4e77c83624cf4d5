//! The tables of the crate's page are whole: each command, event and request is in them.

/// What stands in `source` between `start` and the next `end`, at every place.
fn all_between<'a>(source: &'a str, start: &str, end: char) -> impl Iterator<Item = &'a str> {
    source.split(start).skip(1).filter_map(move |rest| Some(rest.split_once(end)?.0))
}

const TABLES: &str = include_str!("../src/tables.md");

#[test]
fn each_command_is_in_the_table() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/client/commands");
    let mut commands = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let names = all_between(&source, "    pub async fn ", '(').map(|name| {
            // The types it is generic over.
            name.split('<').next().unwrap_or(name)
        });
        for name in names.filter(|name| *name != "send") {
            assert!(TABLES.contains(&format!("](crate::Client::{name})")), "{name} is missing");
            commands += 1;
        }
    }
    assert!(commands > 70, "{commands}");
}

#[test]
fn each_event_and_request_is_in_the_table() {
    for (source, name) in [
        (include_str!("../src/events/mod.rs"), "Event"),
        (include_str!("../src/requests/mod.rs"), "Request"),
    ] {
        let start = format!("pub enum {name} {{\n");
        let (_, rest) = source.split_once(&start).unwrap();
        let (body, _) = rest.split_once("\n}\n").unwrap();
        let variants = body.lines().filter_map(|line| {
            let line = line.trim();
            (!line.starts_with('/')).then(|| line.split_once('(')).flatten()
        });
        let mut count = 0;
        for (variant, _) in variants {
            let link = format!("](crate::{name}::{variant})");
            assert!(TABLES.contains(&link), "{name}::{variant} is missing");
            count += 1;
        }
        assert!(count > 15, "{name}: {count}");
    }
}
