//! What outlives a restart of this program: who is in, and which codes were used.
//!
//! Nothing in the file lets anybody in. A session is in it as a hash under a key that is made
//! of the user's table in the file of users; see `sessions.rs`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::private;
use crate::sessions::StoredSession;

const VERSION: u32 = 1;
/// How far the clock may have gone back since the state was written, in seconds.
const CLOCK_BACK: u64 = 60;
/// No state is larger than this, in bytes: a million sessions.
const SIZE: u64 = 256 * 1024 * 1024;

/// The state as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    version: u32,
    /// When it was written, in Unix seconds.
    written: u64,
    pub(crate) sessions: Vec<StoredSession>,
    /// The step of the last code of each user that was accepted.
    pub(crate) codes: BTreeMap<String, u64>,
}

impl State {
    pub(crate) fn new(
        written: u64,
        sessions: Vec<StoredSession>,
        codes: BTreeMap<String, u64>,
    ) -> Self {
        Self { version: VERSION, written, sessions, codes }
    }
}

/// Where the state is written to; locked against another program as long as this lives.
pub(crate) struct Store {
    path: PathBuf,
    // Held while the state is written, so that an older one never replaces a newer one.
    writing: Arc<Mutex<()>>,
    _lock: Flock<File>,
}

impl Store {
    /// Locks the state and reads it; `None` at the first start. `now` is in Unix seconds.
    pub(crate) fn open(path: &Path, now: u64) -> Result<(Self, Option<State>)> {
        let lock = lock(path)?;
        let state = match private::open_if_any(path)? {
            None => None,
            Some(file) => Some(read(file, now).with_context(|| unusable(path))?),
        };
        let store = Self { path: path.to_owned(), writing: Arc::default(), _lock: lock };
        Ok((store, state))
    }

    /// Replaces the state, by what `state` gives when it is this one's turn.
    ///
    /// Where it fails, the file is as it was.
    pub(crate) async fn save(&self, state: impl FnOnce() -> State) -> Result<()> {
        let turn = Arc::clone(&self.writing).lock_owned().await;
        let (path, state) = (self.path.clone(), state());
        // Disks are slow, and this thread has clients to serve. The turn goes along: it must
        // not end before the writing does, also where nobody waits for it any more.
        let written = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            write(&path, &state)
        });
        let written = written.await.context("the writing broke off").and_then(|done| done);
        written.with_context(|| format!("cannot write the state to {}", self.path.display()))
    }
}

/// A file of its own: that of the state is replaced all the time.
fn lock(path: &Path) -> Result<Flock<File>> {
    let file = private::open_or_create(&private::beside(path, ".lock"));
    let file = file.context("cannot lock the state (--state names another place for it)")?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(lock),
        Err(_) => bail!(
            "another program uses the state in {}: give each its own with --state",
            path.display()
        ),
    }
}

fn unusable(path: &Path) -> String {
    let name = path.display();
    format!(
        "the state in {name} cannot be used; without that file all users have to sign in again, \
         and codes of the last minute could be used twice"
    )
}

fn read(file: File, now: u64) -> Result<State> {
    let mut text = String::new();
    file.take(SIZE).read_to_string(&mut text)?;
    let state: State = serde_json::from_str(&text).context("it is damaged")?;
    ensure!(state.version == VERSION, "it is of version {}, not {VERSION}", state.version);
    ensure!(
        state.written <= now.saturating_add(CLOCK_BACK),
        "it was written {} s in the future: the clock is wrong, or was",
        state.written.saturating_sub(now)
    );
    Ok(state)
}

fn write(path: &Path, state: &State) -> Result<()> {
    let new = private::beside(path, ".new");
    let written = write_new(&new, state).and_then(|()| Ok(std::fs::rename(&new, path)?));
    if written.is_err() {
        std::fs::remove_file(&new).ok();
        return written;
    }
    // Else the new name may be lost with the power.
    Ok(File::open(private::folder(path))?.sync_all()?)
}

fn write_new(path: &Path, state: &State) -> Result<()> {
    // Left where this program was killed while it wrote.
    std::fs::remove_file(path).ok();
    let mut file = private::create(path)?;
    file.write_all(&serde_json::to_vec(state)?)?;
    Ok(file.sync_all()?)
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, read_to_string, set_permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn state(step: u64) -> State {
        State::new(NOW, Vec::new(), BTreeMap::from([("alice".to_owned(), step)]))
    }

    fn place() -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("state");
        (folder, path)
    }

    fn refusal(path: &Path, now: u64) -> String {
        Store::open(path, now).map(drop).map_err(|error| format!("{error:#}")).unwrap_err()
    }

    #[tokio::test]
    async fn what_is_saved_is_read() {
        let (_folder, path) = place();
        let (store, before) = Store::open(&path, NOW).unwrap();
        assert_eq!(before, None);
        store.save(|| state(1)).await.unwrap();
        store.save(|| state(2)).await.unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        drop(store);
        assert_eq!(Store::open(&path, NOW).unwrap().1, Some(state(2)));
    }

    #[tokio::test]
    async fn what_is_damaged_is_refused() {
        let (_folder, path) = place();
        let (store, _) = Store::open(&path, NOW).unwrap();
        store.save(|| state(1)).await.unwrap();
        drop(store);
        let whole = read_to_string(&path).unwrap();
        for end in 0..whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            assert!(refusal(&path, NOW).contains("damaged"), "cut after {end} bytes");
        }
        for (was, is) in [("\"version\":1", "\"version\":2"), ("codes", "cods")] {
            std::fs::write(&path, whole.replace(was, is)).unwrap();
            assert!(refusal(&path, NOW).contains("cannot be used"), "{is}");
        }
        std::fs::write(&path, whole).unwrap();
        set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(refusal(&path, NOW).contains("chmod 600"));
    }

    #[tokio::test]
    async fn a_clock_that_went_back_is_told() {
        let (_folder, path) = place();
        let (store, _) = Store::open(&path, NOW).unwrap();
        store.save(|| state(1)).await.unwrap();
        drop(store);
        Store::open(&path, NOW - CLOCK_BACK).unwrap();
        assert!(refusal(&path, NOW - CLOCK_BACK - 1).contains("the clock is wrong"));
    }

    #[tokio::test]
    async fn two_programs_have_no_state_in_common() {
        let (_folder, path) = place();
        let (first, _) = Store::open(&path, NOW).unwrap();
        assert!(refusal(&path, NOW).contains("another program"));
        drop(first);
        Store::open(&path, NOW).unwrap();
    }

    #[tokio::test]
    async fn what_cannot_be_written_leaves_the_old_state() {
        let (_folder, path) = place();
        let (store, _) = Store::open(&path, NOW).unwrap();
        store.save(|| state(1)).await.unwrap();
        // Nothing can be written there, as on a full disk, also by root.
        std::fs::create_dir(private::beside(&path, ".new")).unwrap();
        let error = store.save(|| state(2)).await.unwrap_err();
        assert!(format!("{error:#}").contains("cannot write the state"), "{error:#}");
        drop(store);
        assert_eq!(Store::open(&path, NOW).unwrap().1, Some(state(1)));
    }

    #[tokio::test]
    async fn a_link_is_replaced_and_not_written_through() {
        let (folder, path) = place();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        let (store, _) = Store::open(&path, NOW).unwrap();
        symlink(&victim, private::beside(&path, ".new")).unwrap();
        store.save(|| state(1)).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        symlink(&victim, &path).unwrap();
        store.save(|| state(2)).await.unwrap();
        assert_eq!(read_to_string(&victim).unwrap(), "precious");
        assert!(!path.is_symlink());
    }
}
