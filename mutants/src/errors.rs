//! Which changes do not compile: those that an error of the compiler is within.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;

use anyhow::{Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::list;

/// The bytes of a file that are a change's own.
#[derive(Debug, Deserialize)]
pub(crate) struct Own {
    pub(crate) number: usize,
    file: String,
    start: u64,
    end: u64,
}

pub(crate) fn read_own(path: &Path) -> Result<Vec<Own>> {
    fs::read_to_string(path)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

pub(crate) fn lay(own: &Path, skip: &Path) -> Result<()> {
    let mut by_file: BTreeMap<String, Vec<Own>> = BTreeMap::new();
    for it in read_own(own)? {
        by_file.entry(it.file.clone()).or_default().push(it);
    }
    let known = list::numbers(skip)?;
    let (mut found, mut nobodys) = (BTreeSet::new(), Vec::new());
    for line in io::stdin().lock().lines() {
        let Ok(said) = serde_json::from_str::<Value>(&line?) else { continue };
        let message = &said["message"];
        // The last error only counts the others.
        if said["reason"] != "compiler-message"
            || message["level"] != "error"
            || message["spans"] == Value::Array(vec![])
        {
            continue;
        }
        let mut of = doors(&by_file, message, true);
        if of.is_empty() {
            of = doors(&by_file, message, false);
        }
        if of.is_empty() {
            nobodys.push(message["rendered"].as_str().unwrap_or_default().to_owned());
        }
        found.extend(of);
    }
    let new: Vec<_> = found.difference(&known).collect();
    let mut file = fs::OpenOptions::new().create(true).append(true).open(skip)?;
    for number in &new {
        writeln!(file, "{number}")?;
    }
    println!("{} changes do not compile", new.len());
    if new.is_empty() {
        bail!("errors that are no change's:\n{}", nobodys.join("\n"));
    }
    Ok(())
}

/// The changes that the spans of a message are within.
fn doors(by_file: &BTreeMap<String, Vec<Own>>, message: &Value, primary: bool) -> BTreeSet<usize> {
    let mut of = BTreeSet::new();
    for span in message["spans"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|span| !primary || span["is_primary"] == true)
    {
        let (Some(file), Some(start), Some(end)) =
            (span["file_name"].as_str(), span["byte_start"].as_u64(), span["byte_end"].as_u64())
        else {
            continue;
        };
        let within = by_file
            .get(file)
            .into_iter()
            .flatten()
            .filter(|own| own.start <= start && end <= own.end);
        of.extend(within.map(|own| own.number));
    }
    of
}
