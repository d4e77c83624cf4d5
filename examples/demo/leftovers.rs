//! What a run might leave on the system, looked up rather than believed.

use std::path::Path;

/// Our children, daemons that name our folder, our tun devices, our folder.
pub(crate) fn find(dir: Option<&Path>) -> Vec<String> {
    let mut left: Vec<String> = processes(dir).map(|pid| format!("process {pid}")).collect();
    left.extend(devices().map(|name| format!("device {name}")));
    left.extend(dir.filter(|dir| dir.exists()).map(|dir| dir.display().to_string()));
    left
}

fn processes(dir: Option<&Path>) -> impl Iterator<Item = String> {
    let parent = format!("PPid:\t{}", std::process::id());
    let dir = dir.map(|dir| dir.display().to_string());
    names_in("/proc").filter(move |pid| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        let is_ours = dir.as_ref().is_some_and(|dir| words.contains(dir));
        status.lines().any(|line| line == parent) || is_ours
    })
}

/// The lab names its devices after this process.
fn devices() -> impl Iterator<Item = String> {
    let prefix = format!("lab{:x}-", std::process::id());
    names_in("/sys/class/net").filter(move |name| name.starts_with(&prefix))
}

fn names_in(folder: &str) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
}
