//! No public async method is without its test here: what the sources have is held against what was run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::handles::SHARED;
use crate::{answers, commands};

/// Those of the sources, as `Type::method`, `Trait for Type::method` or `module::function`.
#[derive(Default)]
struct Methods {
    found: BTreeSet<String>,
    /// How many `pub async fn` there are in all.
    futures: usize,
}

impl Methods {
    fn of_sources() -> Self {
        let mut methods = Self::default();
        for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
            methods.read(&fs::read_to_string(&file).unwrap());
        }
        methods
    }

    /// Reads a file as rustfmt writes it: items at the beginning of a line, methods four spaces further.
    fn read(&mut self, text: &str) {
        self.futures += text.matches("pub async fn ").count();
        let mut place = None;
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if line.starts_with("#[cfg(test)]") {
                // What follows is tests; where it is an item alone, its braces end it.
                let Some(next) = lines.peek() else { return };
                if next.starts_with("mod ") || next.starts_with("#[path") {
                    return;
                }
            }
            let depth = line.len() - line.trim_start().len();
            if depth == 0 {
                place = Place::of(line).or(if line == "}" { None } else { place });
            }
            let Some(name) = function(line) else { continue };
            let mut signature = line.to_owned();
            while !signature.ends_with('{') && !signature.ends_with(';') {
                signature.push_str(lines.next().unwrap());
            }
            let returned = signature.split_once("->").map_or("", |(_, returned)| returned);
            let is_async = signature.contains("async fn ")
                || returned.split("where").next().unwrap().contains("Future");
            let is_public = signature.trim_start().starts_with("pub ");
            let method = match (&place, depth) {
                (None, 0) if is_public => name.to_owned(),
                (Some(Place::Type(of)), 4) if is_public => format!("{of}::{name}"),
                (Some(Place::Trait(of)), 4) => format!("{of}::{name}"),
                _ => continue,
            };
            if is_async {
                self.found.insert(method);
            }
        }
    }
}

enum Place {
    Type(String),
    /// A public trait, or what a type does of one.
    Trait(String),
}

impl Place {
    fn of(line: &str) -> Option<Self> {
        if let Some(name) = line.strip_prefix("pub trait ") {
            return Some(Self::Trait(word(name).to_owned()));
        }
        let of = line.strip_prefix("impl")?;
        // Parameters.
        let of = match of.strip_prefix('<') {
            Some(parameters) => behind_parameters(parameters),
            None => of,
        };
        let of = of.trim_start();
        match of.split_once(" for ") {
            Some((a_trait, of)) => Some(Self::Trait(format!("{} for {}", word(a_trait), word(of)))),
            None => Some(Self::Type(word(of).to_owned())),
        }
    }
}

fn behind_parameters(text: &str) -> &str {
    let mut open = 1;
    for (at, letter) in text.char_indices() {
        match letter {
            '<' => open += 1,
            '>' if !text[..at].ends_with('-') => open -= 1,
            _ => {}
        }
        if open == 0 {
            return &text[at + 1..];
        }
    }
    panic!("parameters without their end: {text}")
}

fn word(text: &str) -> &str {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap()
}

/// The name of the function that begins on this line, where it is public or one of a trait.
fn function(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ").map(word)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" && name != "guide" {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") && name != "tests.rs" {
            files.push(path);
        }
    }
    files
}

/// The handlers that programs implement: what drops a call of any of them, of the type that is named.
const OF_ANY: [(&str, &str); 3] =
    [("Authenticator", "authenticates"), ("CredentialsProvider", "provides"), ("Signer", "signs")];

/// What the tests call, read from them.
fn tested() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cancellation");
    let mut tested: BTreeSet<String> =
        commands::names().chain(answers::names()).map(str::to_owned).collect();
    for file in sources(&folder) {
        if file.ends_with("called.rs") || file.ends_with("methods.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for call in text.split("called!(").skip(1) {
            tested.extend(called(call));
        }
        for (of, function) in OF_ANY {
            let called = format!("{function}::<");
            let types = text.split(&called).skip(1).map(word);
            tested.extend(types.map(|name| format!("{of} for {name}")));
        }
    }
    // A closure has no name.
    tested.insert("Authenticator for F".to_owned());
    tested
}

/// What `called!` names: `Type: receiver.method(…)`, `Trait for Type: …`, `trait Trait: …`, `fn Type::function(…)`.
fn called(call: &str) -> Option<String> {
    if let Some(function) = call.strip_prefix("fn ") {
        return Some(function.split('(').next()?.to_owned());
    }
    let (of, call) = call.split_once(": ")?;
    let of = of.strip_prefix("trait ").unwrap_or(of);
    let of = of.split('<').next()?;
    let method = call.split_once('.')?.1.split('(').next()?;
    Some(format!("{of}::{method}"))
}

/// Those that a [`resumed!`](crate::sessions) list names.
const RESUMED: [&str; 3] =
    ["ResumedClient::allow", "ResumedClient::allow_with", "ResumedClient::deny"];

#[test]
fn every_public_async_method_is_dropped_at_every_poll_here() {
    let (methods, tested) = (Methods::of_sources(), tested());
    let is_tested = |method: &str| {
        let (of, _) = method.rsplit_once("::").unwrap_or_default();
        tested.contains(method)
            || tested.contains(of)
            || RESUMED.contains(&method)
            // A trait by those that implement it here.
            || tested.iter().any(|one| one.starts_with(&format!("{of} for ")))
    };
    let missing: Vec<_> = methods.found.iter().filter(|method| !is_tested(method)).collect();
    assert!(missing.is_empty(), "not dropped at every poll by any test here: {missing:#?}");
    let of_any = |method: &&String| OF_ANY.iter().any(|(of, _)| method.starts_with(of));
    let gone: Vec<_> = tested
        .iter()
        .filter(|method| !methods.found.contains(*method) && !of_any(method))
        .filter(|method| !method.contains('$'))
        .collect();
    assert!(gone.is_empty(), "tested here, and not found in the sources: {gone:#?}");
}

/// Whoever has an async method is in the list that holds handles to `Send` and `Sync`.
#[test]
fn every_handle_is_shared() {
    let methods = Methods::of_sources();
    let traits =
        ["Authenticator", "CredentialsProvider", "RequestSource", "SessionSource", "Signer"];
    let handles = methods.found.iter().filter_map(|method| {
        let (of, _) = method.split_once("::")?;
        let of = of.split_once(" for ").map_or(of, |(_, of)| of);
        // Those are the program's own.
        (!traits.contains(&of) && !["Arc", "F"].contains(&of)).then_some(of)
    });
    let missing: BTreeSet<_> = handles.filter(|handle| !SHARED.contains(handle)).collect();
    assert!(missing.is_empty(), "not known to be `Send` and `Sync`: {missing:?}");
}

/// What is read of the sources is all: each `pub async fn` is one of those that were found.
#[test]
fn no_method_is_overlooked() {
    let methods = Methods::of_sources();
    let others = methods.found.iter().filter(|method| {
        method.contains(" for ") || OF_SOURCES.iter().any(|of| method.starts_with(of))
    });
    assert_eq!(methods.found.len() - others.count(), methods.futures);
}

/// Whose methods give futures without being `pub async fn`.
const OF_SOURCES: [&str; 7] = [
    "Authenticator::",
    "CredentialsProvider::",
    "Signer::",
    "RequestSource::",
    "SessionSource::",
    "Attached::",
    "MemberAttached::",
];
