//! The program from outside.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, ensure};
use lab::{Program, skip};
use rand::Rng as _;
use rand::distr::Alphanumeric;

use crate::memory::{Parts, search};

/// The variable that names the socket of the program's daemon.
pub const SOCKET: &str = "WIPED_SOCKET";

/// Longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(600);

pub struct Observed {
    program: Program,
    test: &'static str,
}

impl Observed {
    /// Starts the program; its daemon is at this socket.
    pub fn start(test: &'static str, socket: &Path) -> Result<Self> {
        Self::of(test, "program::answers", SOCKET, socket)
    }

    /// Starts a program of this file, which is told a path.
    pub fn of(test: &'static str, program: &str, variable: &str, path: &Path) -> Result<Self> {
        let arguments = ["--exact", program, "--ignored", "--nocapture"];
        let program = Program::with(std::env::current_exe()?, &arguments, |command| {
            command.env(variable, path).stdin(Stdio::piped());
        })?;
        Ok(Self { program, test })
    }

    /// Waits until the program has come to this point.
    pub async fn is_at(&mut self, point: &str) -> Result<()> {
        self.program.sees(&format!("at: {point}")).await.map(drop)
    }

    /// The program has the secrets of a request, which are in its memory then; they are looked for as they
    /// are to be looked for when it has answered. It goes on then.
    pub async fn holds(&mut self, what: &str, secrets: &[String]) -> Result<()> {
        self.is_at(&format!("holds {what}")).await?;
        for secret in secrets {
            let found = self.search(&[secret])?;
            ensure!(
                found.is_none_or(|found| !found.is_empty()),
                "the {what} is not where it must be"
            );
        }
        self.program.types("go on\n").await
    }

    /// The program has answered and dropped the request.
    pub async fn forgets(&mut self, what: &str, secrets: &[String]) -> Result<()> {
        self.is_at("over").await?;
        self.has_none(what, secrets)
    }

    /// No part of a secret is in the program's memory.
    pub fn has_none(&self, what: &str, secrets: &[String]) -> Result<()> {
        let found = self.search(secrets)?.unwrap_or_default();
        ensure!(found.is_empty(), "of a {what} is left:\n{}", found.join("\n"));
        Ok(())
    }

    /// `None` where the memory of other processes cannot be read here.
    fn search(&self, secrets: &[impl AsRef<[u8]>]) -> Result<Option<Vec<String>>> {
        match search(self.program.pid(), &Parts::of(secrets)) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                skip(self.test, &error);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A secret that is nowhere else.
pub fn secret() -> String {
    rand::rng().sample_iter(Alphanumeric).take(32).map(char::from).collect()
}
