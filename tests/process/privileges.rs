//! What daemons are not allowed to do, by their own words.

use lab::within;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use openvpn_mgmt::CloseReason;
use openvpn_mgmt::process::{Ended, MissingPrivilege, Process, Started};

use super::scene::Scene;

/// How a daemon ends whose tunnel device cannot be made: behind its start.
async fn ends(process: Process) -> Result<(Ended, CloseReason)> {
    let Started { session, mut child, .. } = process.clone().hold(true).start().await?;
    session.client().hold_release().await?;
    let reason = within("end of the session", session.client().closed()).await?;
    let ended = within("end", child.wait()).await?;
    // Without a hold it may end before there is a session, and says the same.
    if let Err(error) = process.start().await {
        assert_eq!(error.missing_privilege(), ended.missing_privilege(), "{error}");
        assert!(error.is_permanent(), "{error}");
    }
    Ok((ended, reason))
}

#[tokio::test]
async fn a_device_needs_a_capability() -> Result<()> {
    let Some(scene) = Scene::with_tun_or_skip("a_device_needs_a_capability")? else {
        return Ok(());
    };
    let (tunnel, device) = scene.tunnel()?;
    let prefix = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"];
    let (ended, reason) = ends(tunnel.prefix(prefix)).await?;
    assert_eq!(ended.missing_privilege(), Some(MissingPrivilege::NetworkAdmin), "{ended}");
    assert!(ended.to_string().contains("CAP_NET_ADMIN"), "{ended}");
    assert!(ended.to_string().contains("Operation not permitted"), "{ended}");
    assert!(matches!(reason, CloseReason::Fatal(_)), "{reason}");
    scene.leaves_nothing(Some(&device)).await
}

/// As root it runs itself as nobody.
#[tokio::test]
async fn a_user_without_privileges_is_told_so() -> Result<()> {
    let name = "a_user_without_privileges_is_told_so";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    if !nix::unistd::geteuid().is_root() {
        let (tunnel, device) = scene.tunnel()?;
        let (ended, _) = ends(tunnel).await?;
        let missing = ended.missing_privilege();
        let of_tun = [MissingPrivilege::NetworkAdmin, MissingPrivilege::TunDevice];
        assert!(missing.is_some_and(|missing| of_tun.contains(&missing)), "{ended}");
        return scene.leaves_nothing(Some(&device)).await;
    }
    let nobody = |program: &Path| {
        let mut command = tokio::process::Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(program);
        command
    };
    let own = std::env::current_exe()?;
    if !nobody(&own).arg("--list").output().await.is_ok_and(|output| output.status.success()) {
        lab::skip(name, &"nobody may not run this program");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777))?;
    let output = nobody(&own)
        .args(["--exact", &format!("privileges::{name}")])
        .env("TMPDIR", folder.path())
        .env("OPENVPN_BIN", scene.lab.daemon().path())
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout);
    anyhow::ensure!(text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

#[tokio::test]
async fn a_container_may_have_no_devices() -> Result<()> {
    let Some(scene) = Scene::with_tun_or_skip("a_container_may_have_no_devices")? else {
        return Ok(());
    };
    let (tunnel, device) = scene.tunnel()?;
    let hide = "mount -t tmpfs none /dev/net && exec \"$@\"";
    let (ended, _) = ends(tunnel.prefix(["unshare", "--mount", "sh", "-c", hide, "sh"])).await?;
    assert_eq!(ended.missing_privilege(), Some(MissingPrivilege::TunDevice), "{ended}");
    scene.leaves_nothing(Some(&device)).await
}

#[tokio::test]
async fn another_user_does_not_reach_the_private_socket() -> Result<()> {
    let name = "another_user_does_not_reach_the_private_socket";
    let Some(scene) = Scene::with_tun_or_skip(name)? else { return Ok(()) };
    let prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    // Its configuration and keys are root's, too, so it has none.
    std::fs::set_permissions(scene.sockets.path(), std::fs::Permissions::from_mode(0o755))?;
    let process = scene.patient(Process::without_config()).prefix(prefix);
    let process = process.directive("dev", ["null"]).directive("remote", ["127.0.0.1"]);
    let process = process.directive("client", [""; 0]).directive("auth-user-pass", [""; 0]);
    let process = process.directive("capath", ["/"]).hold(true);
    let error = process.start().await.unwrap_err();
    assert_eq!(error.missing_privilege(), Some(MissingPrivilege::Socket), "{error}");
    assert!(error.is_permanent());
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn a_program_may_not_be_run() -> Result<()> {
    let Some(scene) = Scene::or_skip("a_program_may_not_be_run")? else { return Ok(()) };
    let text = scene.file("no-program", "text")?;
    let error = scene.client("")?.program(text).start().await.unwrap_err();
    assert_eq!(error.missing_privilege(), Some(MissingPrivilege::Execute), "{error}");
    scene.leaves_nothing(None).await
}

/// As `sudo -n` says it.
#[tokio::test]
async fn a_prefix_may_ask_for_a_password() -> Result<()> {
    let Some(scene) = Scene::or_skip("a_prefix_may_ask_for_a_password")? else { return Ok(()) };
    let script = scene.script("sudo", "echo sudo: a password is required >&2; exit 1")?;
    let mut prefixes = vec![vec![script.display().to_string()]];
    if Path::new("/usr/bin/sudo").exists() && nix::unistd::geteuid().is_root() {
        // As nobody, who may not.
        let words = ["setpriv", "--reuid", "65534", "--clear-groups", "sudo", "-n"];
        prefixes.push(words.map(str::to_owned).to_vec());
    }
    for prefix in prefixes {
        let error = scene.client("")?.prefix(prefix).start().await.unwrap_err();
        let missing = error.missing_privilege().with_context(|| error.to_string())?;
        assert_eq!(missing, MissingPrivilege::Prefix, "{error}");
    }
    scene.leaves_nothing(None).await
}
