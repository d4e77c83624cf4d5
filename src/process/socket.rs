//! [`PrivateSocket`]: where a daemon of the program's own dials in.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, geteuid, getpgid};
use tempfile::TempDir;

use super::error::StartError;
use crate::session::Dialer;

/// A socket in a folder that only its owner can enter, and root; both are removed when dropped.
pub(super) struct PrivateSocket {
    listener: UnixListener,
    path: PathBuf,
    _folder: TempDir,
}

impl PrivateSocket {
    /// Listens, so that a daemon which is started next finds somebody.
    pub(super) fn bind(within: &Path) -> Result<Self, StartError> {
        Self::try_bind(within)
            .map_err(|reason| StartError::Socket { path: within.to_owned(), reason: reason.into() })
    }

    fn try_bind(within: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("ovpn-").tempdir_in(within)?;
        // A daemon with another working directory has to find it, too.
        let path = std::path::absolute(folder.path())?.join("in.sock");
        let listener = UnixListener::bind(&path)?;
        Ok(Self { listener, path, _folder: folder })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The same socket, of which the one that is dropped closes only its own end.
    pub(super) fn listener(&self) -> Result<UnixListener, StartError> {
        self.listener
            .try_clone()
            .map_err(|reason| StartError::Socket { path: self.path.clone(), reason: reason.into() })
    }
}

/// Whether who dials in is the daemon of this process, or one of its group: a script may have started it. A command in
/// front of the daemon may start it as root, and elsewhere; nobody else can enter the folder.
pub(super) fn is_ours(dialer: &Dialer, pid: u32, has_prefix: bool) -> bool {
    let is_user = |uid| uid == 0 || uid == geteuid().as_raw();
    let Some(found) = dialer.pid.filter(|_| !has_prefix) else {
        return dialer.uid.is_some_and(is_user);
    };
    found == pid || group_of(found) == Some(pid)
}

fn group_of(pid: u32) -> Option<u32> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    Some(getpgid(Some(pid)).ok()?.as_raw_nonzero().get().unsigned_abs())
}
