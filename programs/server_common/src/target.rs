//! The command line that both examples share: which server to attach to.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use openvpn_mgmt::{Builder, Secret, Session};
use program_common::printer;
use tracing::level_filters::LevelFilter;

/// Which server to attach to.
#[derive(Args, Debug)]
pub struct Target {
    /// The management interface of a server of your own: the path of its unix socket, or
    /// its host:port. Without it a server and its clients are started here, for a demonstration
    #[arg(long, value_name = "SOCKET|HOST:PORT")]
    pub connect: Option<String>,

    /// A file whose first line is the password of that management interface
    #[arg(long, value_name = "FILE", requires = "connect")]
    password_file: Option<PathBuf>,

    /// Show on stderr what the library does
    #[arg(long, short)]
    verbose: bool,
}

impl Target {
    /// Connects to the management interface at `address`.
    ///
    /// # Errors
    /// The password cannot be read, or there is no connection.
    pub async fn open(&self, address: &str) -> Result<Session> {
        let mut builder = Builder::new();
        if let Some(file) = &self.password_file {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            builder = builder.password(Secret::from(text.lines().next().unwrap_or_default()));
        }
        Ok(builder.connect(address).await?)
    }

    /// Has the library's own messages shown: all with `--verbose`, else warnings.
    pub fn start_tracing(&self) {
        let level = if self.verbose { LevelFilter::DEBUG } else { LevelFilter::WARN };
        let subscriber = tracing_subscriber::fmt().with_max_level(level);
        let color = std::io::stderr().is_terminal();
        subscriber.with_writer(printer::stderr).with_ansi(color).without_time().init();
    }
}
