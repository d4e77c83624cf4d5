//! Clients that are not honest: copies of the lab's OpenVPN in which a text is another one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use lab::Lab;

/// What a client says or understands, and a text of the same length in its place.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    name: &'static str,
    honest: &'static [u8],
    hostile: &'static [u8],
}

/// Its peer info claims `common_name=a` in place of its platform.
pub const LIAR: Change =
    Change { name: "liar", honest: b"IV_PLAT=linux\n\0", hostile: b"common_name=a\n\0" };

/// It does not hear that it was denied, and stays.
pub const DEAF: Change = Change { name: "deaf", honest: b"AUTH_FAILED", hostile: b"AUTH_IGNORE" };

/// A copy of the lab's OpenVPN with this change; `None` where the program does not hold the text.
pub fn hostile(lab: &Lab, change: Change) -> Result<Option<PathBuf>> {
    let program = lab.daemon().path();
    // A version of the matrix is a script that starts this file.
    let root = program.parent().context("no folder")?.join("root");
    let binary = root.join("usr/sbin/openvpn");
    let is_script = binary.is_file();
    let mut bytes = std::fs::read(if is_script { &binary } else { program })?;
    if !replace(&mut bytes, change) {
        return Ok(None);
    }
    let copy = lab.dir().join(change.name);
    write_program(&copy, &bytes)?;
    if !is_script {
        return Ok(Some(copy));
    }
    let script = std::fs::read_to_string(program)?
        .replace("$(cd \"$(dirname \"$0\")\" && pwd)/root", &root.display().to_string())
        .replace("$root/usr/sbin/openvpn", &copy.display().to_string());
    let start = lab.dir().join(format!("start-{}", change.name));
    write_program(&start, script.as_bytes())?;
    Ok(Some(start))
}

/// Whether the text was there.
fn replace(bytes: &mut [u8], change: Change) -> bool {
    let len = change.honest.len();
    let places = bytes.windows(len).enumerate().filter(|(_, window)| *window == change.honest);
    let places: Vec<usize> = places.map(|(place, _)| place).collect();
    for place in &places {
        bytes[*place..place + len].copy_from_slice(change.hostile);
    }
    !places.is_empty()
}

fn write_program(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes)?;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
}
