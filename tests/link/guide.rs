//! `docs/LASTING.md` names tests and facts: they are there.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// The sources of all tests.
fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &sources(&path);
        } else if path.extension().is_some_and(|end| end == "rs") {
            all += &fs::read_to_string(path).unwrap();
        }
    }
    all
}

#[test]
fn what_the_guide_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (guide, facts) = (read("docs/LASTING.md"), read("docs/PROTOCOL.md"));
    let tests = sources(&root.join("tests"));
    let (mut named, mut missing) = ([0; 3], Vec::new());
    let mut check = |kind: usize, name: &str, is_there: bool| {
        named[kind] += 1;
        if !is_there {
            missing.push(name.to_owned());
        }
    };
    for code in guide.split('`').skip(1).step_by(2) {
        if code.starts_with("tests/") {
            check(0, code, root.join(code).exists());
        } else if code.matches('_').count() >= 3
            && code.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            check(1, code, tests.contains(&format!("fn {code}(")));
        }
    }
    for bracket in guide.split('(').skip(1) {
        let bracket = bracket.split([')', ';']).next().unwrap_or_default();
        for number in bracket.split([',', ' ']).filter(|word| word.parse::<u32>().is_ok()) {
            check(2, number, facts.contains(&format!("\n| {number} | ")));
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert!(named.iter().all(|count| *count >= 10), "{named:?}");
}
