use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn the_file_has_its_mode_and_goes_with_the_listener() {
    let folder = folder();
    let path = folder.path().join("in.sock");
    for mode in [0o600, 0o660] {
        let (_listener, file) = SocketFile::bind(&path, mode).unwrap();
        let permissions = fs::metadata(&path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode);
        assert_eq!(names(folder.path()), ["in.sock"]);
        drop(file);
        assert!(names(folder.path()).is_empty());
    }
}

#[test]
fn a_stale_file_is_replaced_and_a_live_one_is_not() {
    let folder = folder();
    let path = folder.path().join("in.sock");
    drop(UnixListener::bind(&path).unwrap());
    let (_listener, file) = SocketFile::bind(&path, 0o600).unwrap();

    let error = SocketFile::bind(&path, 0o600).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert_eq!(names(folder.path()), ["in.sock"]);
    drop(file);
}

#[test]
fn what_is_no_socket_stays() {
    let folder = folder();
    let path = folder.path().join("in.sock");
    fs::write(&path, "precious").unwrap();
    let error = SocketFile::bind(&path, 0o600).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"precious");

    let target = folder.path().join("target");
    drop(UnixListener::bind(&target).unwrap());
    let link = folder.path().join("link.sock");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(SocketFile::bind(&link, 0o600).is_err());
    assert!(target.exists());
}

#[test]
fn a_file_of_somebody_else_is_not_removed() {
    let folder = folder();
    let path = folder.path().join("in.sock");
    let (_listener, file) = SocketFile::bind(&path, 0o600).unwrap();
    fs::remove_file(&path).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    drop(file);
    assert!(path.exists());
}

#[test]
fn a_queue_that_is_full_is_somebody_alive() {
    let folder = folder();
    let path = folder.path().join("in.sock");
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    socket.bind(&SockAddr::unix(&path).unwrap()).unwrap();
    socket.listen(0).unwrap();
    let connect = || {
        let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket.connect(&SockAddr::unix(&path).unwrap()).map(|()| socket)
    };
    let waiting: Vec<_> = std::iter::repeat_with(connect).map_while(Result::ok).collect();
    assert!(!waiting.is_empty());
    assert_eq!(SocketFile::bind(&path, 0o600).err().unwrap().kind(), io::ErrorKind::AddrInUse);
}

#[test]
fn many_at_once_leave_one() {
    let folder = folder();
    for round in 0..200 {
        let path = folder.path().join(format!("{round}.sock"));
        drop(UnixListener::bind(&path).unwrap());
        let bound: Vec<_> = std::thread::scope(|scope| {
            let bind = || SocketFile::bind(&path, 0o600).ok();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(bind)).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(is_listened_on(&path).unwrap());
        assert_eq!(names(folder.path()).len(), 1, "{round}");
        assert_eq!(bound.len(), 1, "{round}");
    }
}

#[test]
fn a_folder_that_is_missing_is_said() {
    let path = folder().path().join("missing/in.sock");
    assert_eq!(SocketFile::bind(&path, 0o600).err().unwrap().kind(), io::ErrorKind::NotFound);
}

/// The address of a socket has room for 107 bytes, and a file's name for more.
#[test]
fn a_path_that_no_daemon_could_dial_is_refused() {
    let folder = folder();
    let path = folder.path().join("x".repeat(120));
    let error = SocketFile::bind(&path, 0o600).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_path_as_long_as_can_be_is_listened_on() {
    let folder = folder();
    let room = 107 - folder.path().as_os_str().len() - 1;
    for name in 1..=30 {
        let between = room - name - 1;
        let inner = folder.path().join("d".repeat(between));
        fs::create_dir(&inner).unwrap();
        let path = inner.join("s".repeat(name));
        assert_eq!(path.as_os_str().len(), 107);
        let (_listener, file) =
            SocketFile::bind(&path, 0o600).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(is_listened_on(&path).unwrap());
        assert_eq!(names(&inner).len(), 1);
        drop(file);
    }
}
