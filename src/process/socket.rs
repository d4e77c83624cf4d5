//! [`PrivateSocket`]: where a daemon of the program's own dials in; and where one listens.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, geteuid, getpgid};
use tempfile::TempDir;
use tokio::net::UnixStream;

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
        let own = Permissions::from_mode(0o700);
        let folder =
            tempfile::Builder::new().prefix("openvpn-mgmt-").permissions(own).tempdir_in(within)?;
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

/// How often a socket is tried that has no room.
const POLL: Duration = Duration::from_millis(10);

/// Connects to whoever listens there, once there is room, and tells who that is.
pub(super) async fn connect(path: &Path) -> io::Result<(UnixStream, Dialer)> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(POLL).await;
            }
            connected => {
                let stream = connected?;
                let who = Dialer::of_unix(&stream)?;
                return Ok((stream, who));
            }
        }
    }
}

/// A daemon that is to listen removes whatever is at its path, also a file, and the socket of another that runs.
pub(super) fn is_free(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(metadata) if metadata.file_type().is_socket() => {}
        Ok(_) => {
            let why =
                "there is something at this path that is no socket, and the daemon would remove it";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        Err(error) => return Err(error),
    }
    // As by datagrams, of which whoever listens hears nothing: a daemon can restart when a connection ends.
    match UnixDatagram::unbound()?.connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.raw_os_error() != Some(Errno::PROTOTYPE.raw_os_error()) => Err(error),
        _ => Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens there already")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_owner_enters_the_folder_and_it_is_removed() {
        let within = tempfile::tempdir().unwrap();
        let socket = PrivateSocket::bind(within.path()).unwrap();
        let folder = socket.path().parent().unwrap().to_owned();
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(socket);
        assert!(!folder.exists());
    }

    #[test]
    fn a_path_that_is_too_long_leaves_nothing() {
        let within = tempfile::tempdir().unwrap();
        let long = within.path().join("x".repeat(100));
        std::fs::create_dir(&long).unwrap();
        assert!(matches!(PrivateSocket::bind(&long), Err(StartError::Socket { .. })));
        assert_eq!(std::fs::read_dir(&long).unwrap().count(), 0);
    }

    #[test]
    fn the_process_is_looked_at_and_with_a_prefix_the_user() {
        let dialer = |pid, uid| Dialer { pid, uid, gid: None, address: None };
        let own = geteuid().as_raw();
        let nobody = dialer(Some(1), Some(own.wrapping_add(1).max(1)));
        for (dialer, has_prefix, is_it) in [
            (&dialer(Some(4_000_000), Some(own)), false, false),
            (&dialer(Some(7), Some(own)), false, true),
            (&dialer(Some(4_000_000), Some(own)), true, true),
            (&dialer(Some(4_000_000), Some(0)), true, true),
            (&nobody, true, false),
            (&dialer(None, Some(own)), false, true),
            (&dialer(None, None), false, false),
        ] {
            assert_eq!(is_ours(dialer, 7, has_prefix), is_it, "{dialer:?} {has_prefix}");
        }
    }
}
