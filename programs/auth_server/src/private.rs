//! Files that are nobody else's business: the users and the state.

use std::fs::{File, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use nix::fcntl::OFlag;
use nix::unistd::geteuid;

/// Opens a file to read, which only its owner may read or write, and nobody else replace.
pub(crate) fn open(path: &Path) -> Result<File> {
    open_if_any(path)?.with_context(|| format!("cannot read {}: there is none", path.display()))
}

/// As [`open`]; `None` where there is no such file.
pub(crate) fn open_if_any(path: &Path) -> Result<Option<File>> {
    let mut options = OpenOptions::new();
    // A pipe of that name must not hold the program up.
    let opened = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
    match opened {
        Ok(file) => check(&file, path).map(|()| Some(file)),
        // A link to nothing is not the same as nothing.
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Creates a file of mode 0600 to write, where there is nothing of that name yet.
pub(crate) fn create(path: &Path) -> Result<File> {
    check_folders(path)?;
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    created.with_context(|| format!("cannot create {}", path.display()))
}

/// Opens a file to write, which may be there and is made with mode 0600 where it is not.
pub(crate) fn open_or_create(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    let opened = options.custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
    let file = opened.with_context(|| format!("cannot write {}", path.display()))?;
    check(&file, path)?;
    Ok(file)
}

/// The folder of a file.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Looks at the file that is open, not at what its name stands for by now.
fn check(file: &File, path: &Path) -> Result<()> {
    let name = path.display();
    let found = file.metadata().with_context(|| format!("cannot look at {name}"))?;
    ensure!(found.is_file(), "{name} is not a file");
    ensure!(is_ours(&found), "{name} belongs to user {}, who may change it", found.uid());
    let mode = found.mode() & 0o7777;
    let others = mode & 0o077;
    ensure!(others == 0, "{name} is open to others (mode {mode:04o}): chmod 600 {name}");
    check_folders(path)
}

/// Whoever may write to a folder may put another file there.
fn check_folders(path: &Path) -> Result<()> {
    // Where the file is, and where its name is: a link leads from one to the other.
    let named = folder(path).canonicalize();
    let named = named.with_context(|| format!("there is no {}", folder(path).display()))?;
    let real = path.canonicalize().unwrap_or_default();
    let folders = named.ancestors().chain(real.ancestors().skip(1));
    folders.filter(|folder| !folder.as_os_str().is_empty()).try_for_each(check_folder)
}

fn check_folder(folder: &Path) -> Result<()> {
    let name = folder.display();
    let found = folder.metadata().with_context(|| format!("cannot look at {name}"))?;
    ensure!(is_ours(&found), "the folder {name} belongs to user {}", found.uid());
    let mode = found.mode() & 0o7777;
    // In a sticky folder, as /tmp, others cannot replace what is ours.
    let closed = mode & 0o022 == 0 || mode & 0o1000 != 0;
    ensure!(closed, "others may write to the folder {name} (mode {mode:04o}): chmod go-w {name}");
    Ok(())
}

fn is_ours(found: &Metadata) -> bool {
    found.uid() == 0 || found.uid() == geteuid().as_raw()
}

/// A name beside a file's own: `users.toml` and `.state` give `users.toml.state`.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use tempfile::TempDir;

    use super::*;

    fn refusal(path: &Path) -> String {
        format!("{:#}", open(path).unwrap_err())
    }

    #[test]
    fn a_file_is_for_its_owner_alone() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("file");
        create(&path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        open(&path).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o602, 0o644] {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert!(refusal(&path).contains("chmod 600"), "{mode:o}");
            assert!(open_or_create(&path).is_err(), "{mode:o}");
        }
    }

    #[test]
    fn only_its_owner_may_replace_it() {
        let folder = TempDir::new().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let (path, link) = (inner.join("file"), folder.path().join("link"));
        create(&path).unwrap();
        symlink(&path, &link).unwrap();
        for (mode, good) in [(0o777, false), (0o770, false), (0o1777, true), (0o755, true)] {
            set_permissions(&inner, Permissions::from_mode(mode)).unwrap();
            assert_eq!(open(&path).is_ok(), good, "{mode:o}");
            assert_eq!(open(&link).is_ok(), good, "by a link, {mode:o}");
            assert_eq!(create(&inner.join(format!("{mode:o}"))).is_ok(), good, "{mode:o}");
        }
    }

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let folder = TempDir::new().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(refusal(&pipe).contains("is not a file"));
        assert!(refusal(folder.path()).contains("is not a file"));
        let link = folder.path().join("link");
        symlink("nowhere", &link).unwrap();
        assert!(open_if_any(&link).is_err(), "a broken link is not a first start");
        assert!(open_if_any(&folder.path().join("none")).unwrap().is_none());
    }

    #[test]
    fn a_strangers_file_is_refused() {
        if !geteuid().is_root() {
            return;
        }
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("file");
        create(&path).unwrap();
        chown(&path, Some(12345), None).unwrap();
        assert!(refusal(&path).contains("belongs to user 12345"));
    }
}
