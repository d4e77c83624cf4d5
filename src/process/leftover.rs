//! [`Leftover`]: the socket of a daemon that listens, which it cannot remove itself.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// The file of a daemon's socket; removed when dropped, where it is still the same one. A daemon that has changed its user
/// or root folder, or was killed, leaves it.
pub(super) struct Leftover {
    path: PathBuf,
    id: (u64, u64),
}

impl Leftover {
    /// The socket that is there now.
    pub(super) fn at(path: &Path) -> Option<Self> {
        Some(Self { path: path.to_owned(), id: id(path)? })
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        if id(&self.path) == Some(self.id) {
            if let Err(error) = fs::remove_file(&self.path) {
                tracing::warn!(path = %self.path.display(), %error, "a daemon's socket could not be removed");
            }
        }
    }
}

/// Tells a socket from another of the same path; `None` where there is none.
fn id(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::symlink_metadata(path).ok()?;
    metadata.file_type().is_socket().then(|| (metadata.dev(), metadata.ino()))
}
