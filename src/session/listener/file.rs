//! [`SocketFile`]: the file of a unix socket, which is taken over from nobody alive and removed only while it is ours.

use std::collections::hash_map::RandomState;
use std::ffi::OsStr;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use socket2::{Domain, SockAddr, Type};
use tracing::{debug, warn};

/// How many daemons may wait to be accepted; the system may allow fewer.
const BACKLOG: i32 = 128;

/// How often somebody else may come first before it is given up.
const TRIES: usize = 16;

/// The file of a socket that is listened on; removed when dropped.
pub(super) struct SocketFile {
    path: PathBuf,
    id: FileId,
}

/// Tells a file from another of the same path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Of a socket at this path; `None` where there is nothing.
    fn of_socket(path: &Path) -> io::Result<Option<Self>> {
        let metadata = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata?,
        };
        if !metadata.file_type().is_socket() {
            let why = "there is something at this path that is no socket";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        Ok(Some(Self { device: metadata.dev(), inode: metadata.ino() }))
    }
}

impl SocketFile {
    /// Listens at `path`, of which `mode` are the permissions from the first moment on. A file that is there
    /// already is replaced where nobody listens on it.
    pub(super) fn bind(path: &Path, mode: u32) -> io::Result<(UnixListener, Self)> {
        /// Other processes are not held up: of three that take over one path within a system call, two may listen.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        // A file can have a longer name than a daemon can dial.
        SockAddr::unix(path)?;
        let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let (listener, own) = listen_aside(path, mode)?;
        let placed = place(&own, path);
        let removed = fs::remove_file(&own);
        let file = Self { path: path.to_owned(), id: placed? };
        removed?;
        Ok((listener, file))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if !matches!(FileId::of_socket(&self.path), Ok(Some(id)) if id == self.id) {
            debug!(path = %self.path.display(), "the socket's file is not ours any more, and stays");
            return;
        }
        if let Err(error) = fs::remove_file(&self.path) {
            warn!(path = %self.path.display(), %error, "the socket's file could not be removed");
        }
    }
}

/// Listens at a path of its own in the same folder, so that nobody finds the socket before it has its permissions.
fn listen_aside(path: &Path, mode: u32) -> io::Result<(UnixListener, PathBuf)> {
    for _ in 0..TRIES {
        let (aside, address) = address_aside(path)?;
        let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
        match socket.bind(&address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => continue,
            bound => bound?,
        }
        let listening = fs::set_permissions(&aside, fs::Permissions::from_mode(mode))
            .and_then(|()| socket.listen(BACKLOG));
        if let Err(error) = listening {
            let _ = fs::remove_file(&aside);
            return Err(error);
        }
        return Ok((OwnedFd::from(socket).into(), aside));
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// A path to listen at, and its address: where a socket's address has no room for more, the name is as long as that of
/// `path`.
fn address_aside(path: &Path) -> io::Result<(PathBuf, SockAddr)> {
    let aside = aside(path);
    if let Ok(address) = SockAddr::unix(&aside) {
        return Ok((aside, address));
    }
    let length = path.file_name().map_or(0, OsStr::len);
    let number = format!("{:0>length$x}", next());
    let digits = number.get(number.len() - length..).unwrap_or_default();
    let aside = path.with_file_name(digits);
    let address = SockAddr::unix(&aside)?;
    Ok((aside, address))
}

/// A short name that no other listener of this process has.
fn aside(path: &Path) -> PathBuf {
    let (process, number) = (std::process::id(), next());
    path.with_file_name(format!(".{process:x}-{number:x}"))
}

/// Begins anywhere, so that what a process of the same PID has left when it was killed is in nobody's way.
fn next() -> u32 {
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| {
        let [a, b, c, d, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
        AtomicU32::new(u32::from_le_bytes([a, b, c, d]))
    });
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Gives the socket at `own` its name, which only one can do; what nobody listens on is removed before.
fn place(own: &Path, path: &Path) -> io::Result<FileId> {
    // Somebody else who takes the path over moves what is there for a moment, so that it may not be found by it.
    let id = FileId::of_socket(own)?.ok_or(io::ErrorKind::NotFound)?;
    for _ in 0..TRIES {
        match fs::hard_link(own, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => remove_stale(path)?,
            linked => return linked.map(|()| id),
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Removes a socket's file that nobody listens on.
fn remove_stale(path: &Path) -> io::Result<()> {
    let Some(id) = FileId::of_socket(path)? else { return Ok(()) };
    if is_listened_on(path)? {
        let why = "somebody listens there already";
        return Err(io::Error::new(io::ErrorKind::AddrInUse, why));
    }
    debug!(path = %path.display(), "nobody listens on the socket's file that is there; it is replaced");
    take_away(path, id)
}

/// Removes the file at `path` where it is this one. Somebody else may put another in its place at any time, so that it
/// is moved first and looked at then.
fn take_away(path: &Path, id: FileId) -> io::Result<()> {
    // While it is away somebody else may take its place.
    if FileId::of_socket(path)? != Some(id) {
        return Ok(());
    }
    let moved = aside(path);
    match fs::rename(path, &moved) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        renamed => renamed?,
    }
    if FileId::of_socket(&moved)? != Some(id) {
        match fs::hard_link(&moved, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    fs::remove_file(&moved)
}

/// A queue that is full says so, and does not make us wait.
fn is_listened_on(path: &Path) -> io::Result<bool> {
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Ok(()) => Ok(true),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock => Ok(true),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Ok(false),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
#[path = "file/tests.rs"]
mod tests;
