//! Configurations of daemons, and that nothing of them is left.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, ensure};
use lab::{ClientOptions, DEADLINE, KeyKind, Lab, Version, within};
use openvpn_mgmt::process::Process;
use openvpn_mgmt::{Builder, Session, StateName};

/// A lab whose keys and programs are used, and a folder for the private sockets.
pub(crate) struct Scene {
    pub(crate) lab: Lab,
    pub(crate) sockets: tempfile::TempDir,
}

/// Looks until it is so.
pub(crate) async fn until(what: &str, mut is: impl FnMut() -> bool) -> Result<()> {
    lab::until(what, || Ok(is())).await
}

/// Waits until the daemon is in this state.
pub(crate) async fn state(session: &Session, name: StateName) -> Result<()> {
    let reached = async {
        while session.client().state().await?.name != name {
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    within(&format!("state {name}"), reached).await?
}

pub(crate) fn is_running(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

impl Scene {
    pub(crate) fn or_skip(test: &str) -> Result<Option<Self>> {
        let Some(lab) = Lab::or_skip(test)? else { return Ok(None) };
        Ok(Some(Self { lab, sockets: tempfile::tempdir()? }))
    }

    /// Where a tunnel device can be made without a namespace.
    pub(crate) fn with_tun_or_skip(test: &str) -> Result<Option<Self>> {
        let Some(scene) = Self::or_skip(test)? else { return Ok(None) };
        if scene.lab.network() == "the system's network" {
            return Ok(Some(scene));
        }
        lab::skip(test, &"this user can make no tunnel device");
        Ok(None)
    }

    /// A client of a server that is not there, which needs no privileges.
    pub(crate) fn client(&self, more: &str) -> Result<Process> {
        let options = ClientOptions::new().without_hold().without_auth_user_pass();
        let identity = self.lab.identity("client", &KeyKind::Ec)?;
        let config = options.config(self.lab.dir(), &identity, self.lab.daemon().version());
        Ok(self.process(self.file("client.conf", &format!("{config}{more}\n"))?))
    }

    /// One end of a tunnel, with a device of its own, whose other end is not there; with the device's name.
    pub(crate) fn tunnel(&self) -> Result<(Process, String)> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let device = format!("own{:x}-{count:x}", std::process::id());
        let identity = self.lab.identity("server", &KeyKind::Ec)?;
        let (ca, cert, key) = (self.lab.dir().join("ca.crt"), &identity.cert, &identity.key);
        let has_dco = self.lab.daemon().version() >= Version::new(2, 6, 0);
        let config = format!(
            "dev {device}\ndev-type tun\ntls-server\nnobind\nremote 127.0.0.1 9 udp\ndh none\n\
             ifconfig 10.253.0.1 10.253.0.2\nifconfig-noexec\n{}\
             ca \"{}\"\ncert \"{}\"\nkey \"{}\"\n",
            if has_dco { "disable-dco\n" } else { "" },
            ca.display(),
            cert.display(),
            key.display(),
        );
        Ok((self.process(self.file("tunnel.conf", &config)?), device))
    }

    /// This configuration, patiently.
    pub(crate) fn process(&self, configuration: PathBuf) -> Process {
        self.patient(Process::new(configuration))
    }

    pub(crate) fn patient(&self, process: Process) -> Process {
        let sessions = Builder::new().command_timeout(DEADLINE).greeting_timeout(DEADLINE);
        process
            .program(self.lab.daemon().path())
            .socket_dir(self.sockets.path())
            .sessions(sessions)
            .start_timeout(DEADLINE)
            .grace(DEADLINE)
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.lab.dir().join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// A shell script to run in place of a daemon; `$OPENVPN` is the real one.
    pub(crate) fn script(&self, name: &str, text: &str) -> Result<PathBuf> {
        let openvpn = self.lab.daemon().path().display();
        let path = self.file(name, &format!("#!/bin/sh\nOPENVPN={openvpn}\n{text}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(path)
    }

    /// Waits until nothing is left: no process that names the folders of this, no folder of a private socket, and no such
    /// device.
    pub(crate) async fn leaves_nothing(self, device: Option<&str>) -> Result<()> {
        let folders = [self.lab.dir(), self.sockets.path()].map(|path| path.display().to_string());
        until("end of all processes", || {
            !folders.iter().any(|folder| is_named_by_a_process(folder))
        })
        .await?;
        let sockets: Vec<_> = fs::read_dir(self.sockets.path())?.collect();
        ensure!(sockets.is_empty(), "left behind: {sockets:?}");
        if let Some(device) = device {
            let device = format!("/sys/class/net/{device}");
            ensure!(!Path::new(&device).exists(), "left behind: {device}");
        }
        Ok(())
    }
}

/// A zombie has no command line, and is found by its state.
fn is_named_by_a_process(folder: &str) -> bool {
    let own = std::process::id();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).any(|pid| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let is_named = String::from_utf8_lossy(&words).contains(folder);
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        is_named || stat.contains(&format!(" Z {own} "))
    })
}
