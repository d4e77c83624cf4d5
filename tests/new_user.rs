//! What the README tells a new user, done as it says: an empty folder, the two dependencies, the first program, the daemon.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use lab::{Daemon, skip};
use tempfile::TempDir;

const README: &str = include_str!("../README.md");

/// Where the program's output goes, and the daemon's. As the README has it, the socket is below `/run`: which is private here,
/// as are the processes, which end with their first one.
const BESIDE_EACH_OTHER: &str = r#"
    mount -t tmpfs tmpfs /run
    bash ./daemon.sh >daemon.log 2>&1 &
    until [ -S /run/openvpn/client.sock ]; do
        kill -0 $! || { cat daemon.log; exit 1; }
        sleep 0.05
    done
    "$1" >program.log 2>&1 &
    until grep -q WAIT program.log && grep -q ' out$' program.log; do
        kill -0 $! || { cat program.log daemon.log; exit 1; }
        sleep 0.05
    done
"#;

#[test]
fn the_first_program_runs_as_the_readme_says() -> Result<()> {
    let test = "the_first_program_runs_as_the_readme_says";
    let folder = TempDir::new()?;
    let program = build(folder.path())?;
    let daemon = match Daemon::find() {
        Ok(daemon) => daemon,
        Err(reason) => {
            skip(test, &reason);
            return Ok(());
        }
    };
    if !Path::new("/etc/ssl/certs/ca-certificates.crt").is_file() {
        skip(test, &"there are no certificates of authorities (ca-certificates)");
        return Ok(());
    }
    let mut private = Command::new("unshare");
    private.args(["--mount", "--pid", "--fork", "--kill-child", "--map-root-user"]);
    if !private.arg("true").status().is_ok_and(|status| status.success()) {
        skip(test, &"there are no namespaces of one's own");
        return Ok(());
    }
    std::fs::write(folder.path().join("daemon.sh"), block("sh", "openvpn --client")?)?;
    let folders = daemon.path().parent().context("openvpn is in no folder")?;
    let path = std::env::var("PATH")?;
    let mut beside = Command::new("timeout");
    beside.args(["120", "unshare", "--mount", "--pid", "--fork", "--kill-child"]);
    beside.args(["--map-root-user", "bash", "-euc", BESIDE_EACH_OTHER, "bash"]).arg(program);
    beside.env("PATH", format!("{}:{path}", folders.display())).current_dir(folder.path());
    let output = beside.output()?;
    ensure!(output.status.success(), "{output:?}");
    Ok(())
}

/// Makes the package of a new user, with both programs of the README; gives the first one's executable.
fn build(folder: &Path) -> Result<std::path::PathBuf> {
    let root = env!("CARGO_MANIFEST_DIR");
    cargo(folder, &["new", "--vcs", "none", "--name", "user", "user"])?;
    let user = folder.join("user");
    // The versions that are here already.
    std::fs::copy(Path::new(root).join("Cargo.lock"), user.join("Cargo.lock"))?;
    cargo(&user, &["add", "--offline", "--path", root])?;
    let tokio = block("sh", "cargo add tokio")?;
    let line = tokio.lines().find_map(|line| line.strip_prefix("cargo add tokio "));
    let features = line.context("the README adds no tokio")?.split(' ');
    cargo(&user, &[&["add", "--offline", "tokio"], &features.collect::<Vec<_>>()[..]].concat())?;
    let first = block("rust,no_run", "bytecount")?;
    let second = block("rust,no_run", "Request::Credentials")?;
    std::fs::write(user.join("src/main.rs"), &first)?;
    std::fs::write(user.join("src/second.rs"), format!("#![allow(dead_code)]\n{second}"))?;
    // A module beside the first, which stays as it is.
    std::fs::write(user.join("src/lib.rs"), "mod second;\n")?;
    cargo(&user, &["build", "--offline", "--quiet"])?;
    Ok(target().join("debug/user"))
}

/// The first block of the README in this language that holds this.
fn block(language: &str, part: &str) -> Result<String> {
    let start = format!("```{language}\n");
    let mut blocks = README.split(&start).skip(1).filter_map(|rest| rest.split("```").next());
    let found = blocks.find(|block| block.contains(part));
    found.map(str::to_owned).with_context(|| format!("no block of {language} holds {part:?}"))
}

/// Kept over runs, so that dependencies are compiled once.
fn target() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-user")
}

fn cargo(folder: &Path, arguments: &[&str]) -> Result<()> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    let output = command
        .args(arguments)
        .env("CARGO_TARGET_DIR", target())
        .current_dir(folder)
        .output()
        .with_context(|| format!("cargo {arguments:?}"))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
