//! The copy with every change.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::list::{self, Mutant};
use crate::places::Places;
use crate::render::Edits;

/// What each changed place asks, behind the last line of `lib.rs`. Tests of their own processes inherit the variable.
const SWITCH: &str = include_str!("switch.txt");

/// Files whose functions need not be `const` for the crate to compile, and can ask for the change then.
const NOT_CONST: [&str; 3] =
    ["src/events/log_file.rs", "src/client/exchange/fence.rs", "src/command/client_settings.rs"];

pub(crate) fn plant(list: &Path, tree: &Path, own: &Path, skip: &Path) -> Result<()> {
    let skipped = list::numbers(skip)?;
    let mut by_file: BTreeMap<String, Vec<Mutant>> = BTreeMap::new();
    for mutant in list::read(list)? {
        by_file.entry(mutant.file.clone()).or_default().push(mutant);
    }
    let mut out = fs::File::create(own)?;
    for (file, mutants) in by_file {
        let path = tree.join(&file);
        let mut text = fs::read_to_string(&path).with_context(|| file.clone())?;
        if NOT_CONST.contains(&file.as_str()) {
            // As wide, so that every column stays.
            text = text.replace("const fn", "      fn");
        }
        let places = Places::of(&text)?;
        let mut edits = Edits::new(&text);
        for mutant in mutants.iter().filter(|mutant| !skipped.contains(&mutant.number)) {
            if let Err(why) = edits.add(mutant, &places) {
                println!("not written: {}: {why}", mutant.words());
            }
        }
        let (rewritten, own) = edits.render();
        fs::write(&path, rewritten)?;
        for (number, range) in own {
            let line = serde_json::json!({"number": number, "file": file, "start": range.start, "end": range.end});
            writeln!(out, "{line}")?;
        }
    }
    let mut lib = fs::OpenOptions::new().append(true).open(tree.join("src/lib.rs"))?;
    lib.write_all(SWITCH.as_bytes())?;
    Ok(())
}
