//! Directives that do not go with being managed from here.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, ensure};
use openvpn_mgmt::process::{Place, StartError, Started};

use super::scene::Scene;

#[tokio::test]
async fn what_breaks_it_is_refused_before_anything_starts() -> Result<()> {
    let name = "what_breaks_it_is_refused_before_anything_starts";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let script = scene.script("runs", &format!("touch {}/started", scene.lab.dir().display()))?;
    scene.file("included.conf", "verb 3\nsetenv opt daemon\n")?;
    let included = format!("config {}/included.conf", scene.lab.dir().display());
    for (line, directive) in [
        ("daemon", "daemon"),
        ("--daemon vpn", "daemon"),
        ("inetd wait", "inetd"),
        ("management 127.0.0.1 7505 /etc/openvpn/password", "management"),
        ("management-client-user root", "management-client-user"),
        ("management-client-group root", "management-client-group"),
        (included.as_str(), "daemon"),
    ] {
        let error = scene.client(line)?.program(&script).start().await.unwrap_err();
        let StartError::Conflicts(conflicts) = &error else { panic!("{line}: {error}") };
        ensure!(conflicts.len() == 1, "{line}: {error}");
        assert_eq!(conflicts[0].directive, directive, "{line}");
        assert!(matches!(conflicts[0].place, Place::File { .. }), "{line}");
        assert!(error.is_permanent());
    }
    for (directive, parameters) in [
        ("daemon", &[][..]),
        ("log", &["/tmp/x"]),
        ("log-append", &["/tmp/x"]),
        ("syslog", &[]),
        ("management", &["/tmp/x", "unix"]),
        ("auth-token", &["hunter2"]),
        ("<key>", &["hunter2"]),
        ("key", &["[inline]"]),
        ("verb", &["--daemon"]),
    ] {
        let process = scene.client("")?.program(&script).directive(directive, parameters);
        let error = process.start().await.unwrap_err();
        let StartError::Conflicts(conflicts) = &error else { panic!("{directive}: {error}") };
        assert_eq!(conflicts[0].place, Place::CommandLine, "{directive}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    let listens = scene.client("management-client")?.program(&script);
    let error = listens.listens_at(scene.lab.dir().join("m.sock")).start().await.unwrap_err();
    assert!(matches!(error, StartError::Conflicts(_)), "{error}");
    assert!(!scene.lab.dir().join("started").exists());
    scene.leaves_nothing(None).await
}

/// The daemon that reads `version` says it and ends, and `daemon` in its place is found.
#[tokio::test]
async fn what_hides_from_readers_of_lines_is_read_by_the_daemon_and_found() -> Result<()> {
    let name = "what_hides_from_readers_of_lines_is_read_by_the_daemon_and_found";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let x = |count| "x".repeat(count);
    for hidden in [
        "setenv opt config included".to_owned(),
        "config --included".to_owned(),
        "config \"inc\tluded\"".to_owned(),
        "config included\\".to_owned(),
        "DIRECTIVE\0x".to_owned(),
        format!("verb 3\0{}DIRECTIVE", x(249)),
        format!("<ca>\n{}</ca>\nDIRECTIVE", x(255)),
        format!("<ca>\n</ca>{}DIRECTIVE", x(250)),
        "<ca>\n\u{b}</ca>\nDIRECTIVE".to_owned(),
    ] {
        for directive in ["version", "daemon"] {
            for included in ["included", "--included", "inc\tluded", "included\n"] {
                scene.file(included, directive)?;
            }
            let text = format!("{}\n", hidden.replace("DIRECTIVE", directive));
            let configuration = scene.file("hidden.conf", &text)?;
            if directive == "version" {
                let mut daemon = std::process::Command::new(scene.lab.daemon().path());
                daemon.arg("--config").arg(&configuration).current_dir(scene.lab.dir());
                let said = daemon.output()?.stdout;
                ensure!(said.starts_with(b"OpenVPN 2."), "{text:?}");
            } else {
                let process = scene.process(configuration).current_dir(scene.lab.dir());
                let error = process.start().await.unwrap_err();
                let is_found =
                    matches!(error, StartError::Conflicts(_) | StartError::Config { .. });
                ensure!(is_found, "{text:?}: {error}");
            }
        }
    }
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn a_large_configuration_keeps_no_other_task() -> Result<()> {
    let Some(scene) = Scene::or_skip("a_large_configuration_keeps_no_other_task")? else {
        return Ok(());
    };
    let process = scene.client(&format!("{}daemon", "#\n".repeat(1 << 20)))?;
    let error = {
        let mut starting = pin!(process.start());
        tokio::select! {
            biased;
            started = &mut starting => panic!("at once: {started:?}"),
            () = std::future::ready(()) => {}
        }
        starting.await.unwrap_err()
    };
    assert!(matches!(error, StartError::Conflicts(_)), "{error}");
    // As on a disk that does not answer.
    let error = process.start_timeout(Duration::ZERO).start().await.unwrap_err();
    let StartError::Config { reason, .. } = &error else { panic!("{error}") };
    assert_eq!(reason.kind(), std::io::ErrorKind::TimedOut);
    assert!(!error.is_permanent());
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn what_the_command_line_undoes_is_undone_and_told() -> Result<()> {
    let name = "what_the_command_line_undoes_is_undone_and_told";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let log = scene.lab.dir().join("log.txt");
    let other = scene.lab.dir().join("other.sock");
    for (line, directive) in [
        (format!("log {}", log.display()), "log"),
        (format!("log-append {}", log.display()), "log-append"),
        ("syslog".to_owned(), "syslog"),
        (format!("management {} unix", other.display()), "management"),
    ] {
        let Started { session, child, overridden, .. } =
            scene.client(&line)?.hold(true).start().await?;
        let told: Vec<&str> = overridden.iter().map(|one| one.directive.as_str()).collect();
        assert_eq!(told, [directive]);
        assert_eq!(session.client().pid().await?, child.pid());
        let ended = child.stop().await?;
        assert!(ended.last_words.to_string().contains("OpenVPN 2."), "{line}: {ended}");
        assert!(!log.exists() && !other.exists(), "{line}");
    }
    scene.leaves_nothing(None).await
}

/// They look as if they did.
#[tokio::test]
async fn what_breaks_nothing_is_left_alone() -> Result<()> {
    let Some(scene) = Scene::or_skip("what_breaks_nothing_is_left_alone")? else { return Ok(()) };
    let pid_file = scene.lab.dir().join("pid");
    for line in [
        format!("writepid {}", pid_file.display()),
        "cd /".to_owned(),
        "management-signal".to_owned(),
        "management-forget-disconnect".to_owned(),
        "management-client".to_owned(),
    ] {
        let Started { session, mut child, overridden, .. } = scene.client(&line)?.start().await?;
        assert!(overridden.is_empty(), "{line}");
        if line.starts_with("writepid") {
            assert_eq!(std::fs::read_to_string(&pid_file)?.trim(), child.pid().to_string());
        }
        // Closing the session ends it.
        drop(session);
        let ended = child.wait().await;
        assert!(ended.status.unwrap().success(), "{line}: {ended}");
    }
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn user_and_chroot_come_behind_the_dialing() -> Result<()> {
    let name = "user_and_chroot_come_behind_the_dialing";
    let Some(scene) = Scene::with_tun_or_skip(name)? else { return Ok(()) };
    let (tunnel, device) = scene.tunnel()?;
    let root = tempfile::tempdir()?;
    let tunnel = tunnel.directive("user", ["nobody"]);
    let tunnel = tunnel.directive("chroot", [root.path()]).directive("tmp-dir", ["/"]);
    let Started { session, mut child, .. } = tunnel.start().await?;
    let status = format!("/proc/{}/status", child.pid());
    super::scene::until("change of the user", || {
        std::fs::read_to_string(&status).is_ok_and(|text| !text.contains("\nUid:\t0\t"))
    })
    .await?;
    assert_eq!(session.client().pid().await?, child.pid());
    drop(session);
    assert!(child.wait().await.status.unwrap().success());
    scene.leaves_nothing(Some(&device)).await
}
