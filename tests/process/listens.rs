//! Daemons that listen, and outlive the program.

use anyhow::Result;
use lab::{DEADLINE, Raw, within};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use openvpn_mgmt::process::{EndedBy, StartError, Started};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use super::scene::{Scene, is_running, until};

#[tokio::test]
async fn one_that_listens_lives_on_and_is_found_again() -> Result<()> {
    let name = "one_that_listens_lives_on_and_is_found_again";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let socket = scene.lab.dir().join("m.sock");
    let process = scene.client("")?.listens_at(&socket).hold(true);
    let Started { session, child, .. } = process.start().await?;
    let pid = child.pid();
    assert_eq!(session.client().pid().await?, pid);
    drop((session, child));
    let later = openvpn_mgmt::Builder::new().greeting_timeout(DEADLINE).connect(&*socket).await?;
    assert_eq!(later.client().pid().await?, pid);
    // Nobody else may take its path.
    let error = process.start().await.unwrap_err();
    assert!(error.to_string().contains("somebody listens there already"), "{error}");
    kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGTERM)?;
    until("end", || !is_running(pid)).await?;
    assert!(!socket.exists());
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn one_that_listens_is_stopped_with_and_without_its_session() -> Result<()> {
    let name = "one_that_listens_is_stopped_with_and_without_its_session";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let socket = scene.lab.dir().join("m.sock");
    let process = scene.client("")?.listens_at(&socket);
    for (keeps, by) in [(true, EndedBy::Management), (false, EndedBy::Sigterm)] {
        let Started { session, child, .. } = process.start().await?;
        let session = keeps.then_some(session);
        if session.is_none() {
            // The daemon is free again once it has noticed.
            Raw::connect(&socket).await?.expect(">INFO:").await?;
        }
        let ended = child.stop().await?;
        assert_eq!(ended.by, by, "{ended}");
        assert!(!socket.exists());
    }
    scene.leaves_nothing(None).await
}

/// It may write into the folder, and is there before the daemon.
#[tokio::test]
async fn nobody_but_the_daemon_is_connected_to() -> Result<()> {
    let name = "nobody_but_the_daemon_is_connected_to";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let folder = scene.lab.dir().display().to_string();
    let text = format!(
        "touch {folder}/started; while [ ! -e {folder}/go ]; do sleep 0.02; done; echo no room; exit 1"
    );
    let socket = scene.lab.dir().join("m.sock");
    let process = scene.client("")?.program(scene.script("late", &text)?).listens_at(&socket);
    let starting = tokio::spawn(async move { process.start().await });
    until("start", || scene.lab.dir().join("started").exists()).await?;
    let listener = UnixListener::bind(&socket)?;
    let (mut stream, _) = within("connection", listener.accept()).await??;
    let greeting = b">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";
    // It may be closed already.
    stream.write_all(greeting).await.ok();
    let mut said = Vec::new();
    within("end", stream.read_to_end(&mut said)).await?.ok();
    assert_eq!(said, b"");
    scene.file("go", "")?;
    let error = within("error", starting).await??.unwrap_err();
    assert!(error.to_string().ends_with("no room"), "{error}");
    scene.leaves_nothing(None).await
}

/// With `management-signal` a daemon restarts when a manager has left.
#[tokio::test]
async fn who_listens_already_does_not_notice() -> Result<()> {
    let Some(scene) = Scene::or_skip("who_listens_already_does_not_notice")? else {
        return Ok(());
    };
    let path = scene.lab.dir().join("m.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path)?;
    listener.set_nonblocking(true)?;
    let process = scene.client("")?.listens_at(&path);
    let error = process.start().await.unwrap_err();
    assert!(error.to_string().contains("somebody listens there already"), "{error}");
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    // A socket that nobody listens on is in nobody's way.
    drop(listener);
    let Started { session, child, .. } = process.start().await?;
    assert_eq!(session.client().pid().await?, child.pid());
    child.stop().await?;
    scene.leaves_nothing(None).await
}

/// Nobody accepts there, and there is no room to wait.
#[tokio::test]
async fn a_path_whose_listener_hangs_is_taken() -> Result<()> {
    let Some(scene) = Scene::or_skip("a_path_whose_listener_hangs_is_taken")? else {
        return Ok(());
    };
    let path = scene.lab.dir().join("m.sock");
    let hangs = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    hangs.bind(&SockAddr::unix(&path)?)?;
    hangs.listen(0)?;
    let mut waiting = Vec::new();
    while let Ok(stream) = UnixStream::connect(&path).await {
        waiting.push(stream);
    }
    let process = scene.client("")?.listens_at(&path);
    let error = within("error", process.start()).await?.unwrap_err();
    assert!(error.to_string().contains("somebody listens there already"), "{error}");
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn what_a_daemon_would_remove_is_left_alone() -> Result<()> {
    let Some(scene) = Scene::or_skip("what_a_daemon_would_remove_is_left_alone")? else {
        return Ok(());
    };
    let file = scene.file("precious", "text")?;
    let error = scene.client("")?.listens_at(&file).start().await.unwrap_err();
    assert!(matches!(error, StartError::Socket { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&file)?, "text");
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn the_socket_of_one_that_became_another_user_is_removed() -> Result<()> {
    let name = "the_socket_of_one_that_became_another_user_is_removed";
    let Some(scene) = Scene::with_tun_or_skip(name)? else { return Ok(()) };
    let (tunnel, device) = scene.tunnel()?;
    let socket = scene.lab.dir().join("m.sock");
    let Started { session, child, .. } =
        tunnel.directive("user", ["nobody"]).listens_at(&socket).start().await?;
    let status = format!("/proc/{}/status", child.pid());
    until("change of the user", || {
        std::fs::read_to_string(&status).is_ok_and(|text| !text.contains("\nUid:\t0\t"))
    })
    .await?;
    assert!(socket.exists());
    assert_eq!(child.stop().await?.by, EndedBy::Management);
    drop(session);
    assert!(!socket.exists());
    scene.leaves_nothing(Some(&device)).await
}
