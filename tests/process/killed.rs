//! A program that is killed: its daemons end with it.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use lab::{DEADLINE, within};
use openvpn_mgmt::process::{Process, Started};
use openvpn_mgmt::{Builder, StateName};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::scene::{Scene, is_running, state, until};

/// The variables that tell the program what to run: openvpn, a configuration, and a folder for its sockets.
const VARIABLES: [&str; 3] = ["OWN_PROGRAM", "OWN_CONFIGURATION", "OWN_SOCKETS"];
/// How far it is to come: `dials`, `hold`, `asks` for a password, `serves`, or `listens` at a path.
const PHASE: &str = "OWN_PHASE";

#[tokio::test]
#[ignore = "another test starts it, and kills it"]
async fn runs_until_it_is_killed() {
    let [Some(program), Some(configuration), Some(sockets)] = VARIABLES.map(std::env::var_os)
    else {
        return;
    };
    let sessions = Builder::new().command_timeout(DEADLINE).greeting_timeout(DEADLINE);
    let process = Process::new(PathBuf::from(configuration)).program(PathBuf::from(program));
    let process = process.socket_dir(PathBuf::from(&sockets)).sessions(sessions);
    let phase = std::env::var(PHASE).unwrap_or_default();
    let process = process.hold(phase == "hold");
    let process = match phase.as_str() {
        "listens" => process.listens_at(PathBuf::from(sockets).join("m.sock")),
        _ => process,
    };
    if phase == "dials" {
        tell(0);
    }
    let Started { mut session, child, .. } = process.start().await.unwrap();
    match phase.as_str() {
        "hold" => {}
        "asks" => drop(session.requests_mut().next().await.unwrap()),
        _ => state(&session, StateName::Wait).await.unwrap(),
    }
    tell(child.pid());
    std::future::pending::<()>().await;
}

fn tell(pid: u32) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "daemon {pid}").unwrap();
    output.flush().unwrap();
}

/// The program, and what it has told.
async fn program(
    scene: &Scene,
    program: PathBuf,
    configuration: PathBuf,
    phase: &str,
) -> Result<(tokio::process::Child, u32)> {
    let values = [program, configuration, scene.sockets.path().to_owned()];
    let mut program = Command::new(std::env::current_exe()?)
        .args(["--exact", "killed::runs_until_it_is_killed", "--ignored", "--nocapture"])
        .envs(VARIABLES.iter().zip(values))
        .env(PHASE, phase)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(program.stdout.take().context("no output")?).lines();
    let told = async {
        loop {
            let line = lines.next_line().await?.context("the program has ended")?;
            if let Some((_, pid)) = line.split_once("daemon ") {
                return anyhow::Ok(pid.parse()?);
            }
        }
    };
    let pid = within("daemon", told).await??;
    Ok((program, pid))
}

#[tokio::test]
async fn daemons_end_with_a_killed_program() -> Result<()> {
    let name = "daemons_end_with_a_killed_program";
    let Some(scene) = Scene::with_tun_or_skip(name)? else { return Ok(()) };
    let (_, device) = scene.tunnel()?;
    let _ = scene.client("auth-user-pass")?;
    for (phase, configuration) in
        [("hold", "tunnel.conf"), ("serves", "tunnel.conf"), ("asks", "client.conf")]
    {
        let configuration = scene.lab.dir().join(configuration);
        let (mut killed, pid) =
            program(&scene, scene.lab.daemon().path().to_owned(), configuration, phase).await?;
        assert!(is_running(pid));
        killed.kill().await?;
        until("end of the daemon", || !is_running(pid)).await?;
        assert!(!PathBuf::from(format!("/sys/class/net/{device}")).exists());
    }
    scene.leaves_nothing(Some(&device)).await
}

/// It finds nobody, and ends; what is left is the folder of the socket.
#[tokio::test]
async fn one_that_has_not_dialed_ends_when_it_does() -> Result<()> {
    let name = "one_that_has_not_dialed_ends_when_it_does";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let _ = scene.client("")?;
    let folder = scene.lab.dir().display().to_string();
    let text = format!(
        "touch {folder}/started; while [ ! -e {folder}/go ]; do sleep 0.02; done; exec \"$OPENVPN\" \"$@\""
    );
    let script = scene.script("late", &text)?;
    let configuration = scene.lab.dir().join("client.conf");
    let (mut killed, _) = program(&scene, script, configuration, "dials").await?;
    until("start", || scene.lab.dir().join("started").exists()).await?;
    killed.kill().await?;
    scene.file("go", "")?;
    let left: Vec<_> = fs::read_dir(scene.sockets.path())?.collect::<Result<_, _>>()?;
    assert_eq!(left.len(), 1, "{left:?}");
    fs::remove_dir_all(left[0].path())?;
    scene.leaves_nothing(None).await
}

#[tokio::test]
async fn one_that_listens_outlives_a_killed_program() -> Result<()> {
    let name = "one_that_listens_outlives_a_killed_program";
    let Some(scene) = Scene::or_skip(name)? else { return Ok(()) };
    let _ = scene.client("")?;
    let configuration = scene.lab.dir().join("client.conf");
    let openvpn = scene.lab.daemon().path().to_owned();
    let (mut killed, pid) = program(&scene, openvpn, configuration, "listens").await?;
    killed.kill().await?;
    let path = scene.sockets.path().join("m.sock");
    let session = Builder::new().greeting_timeout(DEADLINE).connect(&*path).await?;
    assert_eq!(session.client().pid().await?, pid);
    // It goes on writing to a pipe that nobody reads.
    session.client().signal(openvpn_mgmt::Signal::Sigusr1).await?;
    state(&session, StateName::Reconnecting).await?;
    state(&session, StateName::Wait).await?;
    session.client().signal(openvpn_mgmt::Signal::Sigterm).await?;
    until("end of the daemon", || !is_running(pid)).await?;
    scene.leaves_nothing(None).await
}
