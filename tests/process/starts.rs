//! How daemons start, and what is told where they do not.

use lab::within;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context as _, Result};
use openvpn_mgmt::process::{EndedBy, Process, StartError, Started};
use openvpn_mgmt::{Request, Signal, StateName};

use super::scene::{Scene, is_running, state, until};

#[tokio::test]
async fn a_daemon_starts_and_stops_in_good_order() -> Result<()> {
    let Some(scene) = Scene::or_skip("a_daemon_starts_and_stops_in_good_order")? else {
        return Ok(());
    };
    let Started { mut session, child, overridden, .. } =
        scene.client("")?.hold(true).directive("verb", ["4"]).start().await?;
    assert!(overridden.is_empty());
    assert_eq!(session.client().pid().await?, child.pid());
    assert_eq!(session.client().verb().await?, 4);
    // A terminal's Ctrl-C does not reach it.
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.pid()))?;
    assert_eq!(stat.split(' ').nth(4), Some(child.pid().to_string().as_str()));
    // Its private socket is gone as soon as it has dialed.
    assert_eq!(std::fs::read_dir(scene.sockets.path())?.count(), 0);
    let request = within("hold", session.requests_mut().next()).await?.context("no hold")?;
    assert!(matches!(request, Request::Hold(_)), "{request:?}");
    let pid = child.pid();
    let ended = child.stop().await?;
    assert_eq!(ended.by, EndedBy::Management, "{ended}");
    assert!(ended.status.unwrap().success(), "{ended}");
    assert!(ended.last_words.to_string().contains("OpenVPN 2."), "{}", ended.last_words);
    assert!(!is_running(pid));
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn it_asks_for_passwords_over_its_session() -> Result<()> {
    let Some(scene) = Scene::or_skip("it_asks_for_passwords_over_its_session")? else {
        return Ok(());
    };
    let Started { mut session, child, .. } = scene.client("auth-user-pass")?.start().await?;
    let request = within("request", session.requests_mut().next()).await?.context("no request")?;
    assert!(matches!(request, Request::Credentials(_)), "{request:?}");
    assert_eq!(child.stop().await?.by, EndedBy::Management);
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn a_configuration_that_is_wrong_is_told_in_its_words() -> Result<()> {
    let name = "a_configuration_that_is_wrong_is_told_in_its_words";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let error = scene.client("no-such-directive 7")?.start().await.unwrap_err();
    assert!(error.is_permanent());
    let text = error.to_string();
    assert!(text.contains("Options error: Unrecognized option"), "{text}");
    assert!(text.contains("no-such-directive"), "{text}");
    let StartError::Ended(ended) = error else { panic!("{text}") };
    assert_eq!(ended.status.unwrap().code(), Some(1));
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn directives_alone_are_enough_and_win_over_a_configuration() -> Result<()> {
    let name = "directives_alone_are_enough_and_win_over_a_configuration";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let ca = scene.lab.dir().join("ca.crt");
    let alone = scene.patient(Process::without_config());
    let alone = alone
        .directive("client", [""; 0])
        .directive("dev", ["null"])
        .directive("ca", [ca.as_os_str()])
        .directive("auth-user-pass", [""; 0])
        .directive("--remote", ["127.0.0.1", "9"])
        .hold(true);
    let Started { session, child, .. } = alone.start().await?;
    assert_eq!(session.client().pid().await?, child.pid());
    child.stop().await?;
    let both = scene.client("verb 1")?.directive("verb", ["2"]).hold(true);
    let Started { session, child, .. } = both.start().await?;
    assert_eq!(session.client().verb().await?, 2);
    child.stop().await?;
    scene.leaves_nothing(None).await
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_configuration_in_memory_is_read_again_and_leaves_no_file() -> Result<()> {
    let name = "a_configuration_in_memory_is_read_again_and_leaves_no_file";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let _ = scene.client("")?;
    let text = std::fs::read(scene.lab.dir().join("client.conf"))?;
    std::fs::remove_file(scene.lab.dir().join("client.conf"))?;
    let Started { session, child, .. } = scene.patient(Process::from_text(text)).start().await?;
    for _ in 0..2 {
        session.client().hold_release().await?;
        session.client().signal(Signal::Sighup).await?;
        let again = || child.last_words().to_string().matches("library versions").count() > 1;
        until("restart", again).await?;
    }
    assert_eq!(session.client().pid().await?, child.pid());
    child.stop().await?;
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn one_that_ends_before_it_dials_is_told_with_its_last_words() -> Result<()> {
    let name = "one_that_ends_before_it_dials_is_told_with_its_last_words";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let script = scene.script("dies", "echo first; echo its last words >&2; exit 3")?;
    let error = scene.client("")?.program(script).start().await.unwrap_err();
    assert!(!error.is_permanent());
    let StartError::Ended(ended) = &error else { panic!("{error}") };
    assert_eq!(ended.status.unwrap().code(), Some(3));
    assert_eq!(ended.last_words.to_string(), "first\nits last words\n");
    assert!(error.to_string().ends_with("(exit status: 3): its last words"), "{error}");
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn one_that_never_dials_is_ended() -> Result<()> {
    let Some(scene) = Scene::or_skip("one_that_never_dials_is_ended")? else { return Ok(()) };
    let script = scene.script("waits", "echo waiting; exec sleep 1000")?;
    let process = scene.client("")?.program(script).start_timeout(Duration::from_secs(3));
    let error = process.start().await.unwrap_err();
    assert!(matches!(error, StartError::Silent { .. }), "{error}");
    assert!(error.to_string().ends_with("it has written: waiting"), "{error}");
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn a_start_that_is_given_up_leaves_nothing() -> Result<()> {
    let Some(scene) = Scene::or_skip("a_start_that_is_given_up_leaves_nothing")? else {
        return Ok(());
    };
    let script = scene.script("waits", "exec sleep 1000")?;
    let process = scene.client("")?.program(script);
    let starting = tokio::time::timeout(Duration::from_millis(200), process.start());
    assert!(starting.await.is_err());
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn nobody_but_the_daemon_may_dial_in() -> Result<()> {
    let Some(scene) = Scene::or_skip("nobody_but_the_daemon_may_dial_in")? else { return Ok(()) };
    let script = scene.script("waits", "echo \"$@\"; exec sleep 1000")?;
    let process = scene.client("")?.program(script);
    let starting = tokio::spawn(async move { process.start().await });
    let socket = || {
        let folder = std::fs::read_dir(scene.sockets.path()).ok()?.next()?.ok()?.path();
        UnixStream::connect(folder.join("in.sock")).ok()
    };
    let mut connected = None;
    until("socket", || {
        connected = socket();
        connected.is_some()
    })
    .await?;
    // We are of its user, and not its process: whatever we say, nothing is said to us.
    let mut connected = connected.unwrap();
    // It may be closed already.
    connected
        .write_all(b">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n")
        .ok();
    let said = tokio::task::spawn_blocking(move || {
        let mut said = Vec::new();
        connected.read_to_end(&mut said).ok();
        said
    });
    assert_eq!(within("end", said).await??, b"");
    assert!(!starting.is_finished());
    starting.abort();
    assert!(starting.await.unwrap_err().is_cancelled());
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told() -> Result<()> {
    let Some(scene) = Scene::or_skip("a_program_that_is_not_there_is_told")? else { return Ok(()) };
    let error = scene.client("")?.program("/nonexistent/openvpn").start().await.unwrap_err();
    assert!(error.is_permanent());
    assert!(error.to_string().starts_with("/nonexistent/openvpn cannot be run: "), "{error}");
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn commands_stand_in_front_of_it() -> Result<()> {
    let Some(scene) = Scene::or_skip("commands_stand_in_front_of_it")? else { return Ok(()) };
    // One becomes the daemon, one starts it and waits.
    let becomes = vec!["env".to_owned(), "GREETING=hello".to_owned()];
    let waits = scene.script("prefix", "\"$@\"\nstatus=$?\necho it was $status\nexit $status")?;
    for (prefix, is_it) in [(becomes, true), (vec![waits.display().to_string()], false)] {
        let process = scene.client("")?.prefix(prefix).hold(true);
        let Started { session, child, .. } = process.start().await?;
        assert_eq!(session.client().pid().await? == child.pid(), is_it);
        let ended = child.stop().await?;
        assert_eq!((ended.by, ended.status.unwrap().code()), (EndedBy::Management, Some(0)));
        assert_eq!(ended.last_words.to_string().contains("it was 0"), !is_it);
    }
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn megabytes_of_output_hold_up_nothing() -> Result<()> {
    let Some(scene) = Scene::or_skip("megabytes_of_output_hold_up_nothing")? else { return Ok(()) };
    let text = "i=0\nwhile [ $i -lt 4 ]; do head -c 1000000 /dev/zero | tr '\\0' x; echo; i=$((i+1)); done\n\
                exec \"$OPENVPN\" \"$@\"";
    let process = scene.client("verb 11")?.program(scene.script("talks", text)?);
    let Started { session, child, .. } = process.start().await?;
    state(&session, StateName::Wait).await?;
    let words = child.last_words();
    assert!(words.lines().iter().all(|line| line.as_bytes().len() <= 512));
    assert!(words.lines().len() <= 65);
    assert_eq!(child.stop().await?.by, EndedBy::Management);
    scene.leaves_nothing(None).await
}
