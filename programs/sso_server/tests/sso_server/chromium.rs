//! A real Chromium, driven by chromedriver.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use lab::{DEADLINE, Program, skip};
use nix::sys::signal::Signal;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{interval, timeout};

/// Between two looks at what there is to be waited for.
const POLL: Duration = Duration::from_millis(20);

/// What its window is like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Screen {
    Desktop,
    /// 320 CSS pixels wide, the narrowest phones there are, and touched instead of clicked.
    Phone,
}

/// A Chromium with a home of its own. Where a test fails, chromedriver is killed, and Chromium ends
/// with the pipe between them.
pub(crate) struct Chromium {
    pub(crate) page: Client,
    driver: Program,
    home: TempDir,
}

impl Chromium {
    /// Starts one; or says on the terminal why a test is skipped: there is none.
    pub(crate) async fn or_skip(test: &str, screen: Screen) -> Result<Option<Self>> {
        for program in ["chromium", "chromedriver"] {
            if !is_installed(program) {
                skip(test, &format!("there is no {program}"));
                return Ok(None);
            }
        }
        let home = TempDir::new()?;
        let mut driver = Program::with("chromedriver", &["--port=0"], |command| {
            command.stdin(Stdio::null()).env("HOME", home.path()).env("TMPDIR", home.path());
        })?;
        let line = driver.sees("started successfully on port ").await?;
        let port = line.trim_end_matches('.').rsplit(' ').next().context("no port")?;
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(screen, home.path()))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("Chromium does not start")?;
        Ok(Some(Self { page, driver, home }))
    }

    /// Waits for the page with this heading.
    pub(crate) async fn sees(&self, heading: &str) -> Result<()> {
        let path = format!("//h1[.='{heading}']");
        let look = async {
            let mut often = interval(POLL);
            // Also a look that a new page interrupts is an error.
            while self.page.find(Locator::XPath(&path)).await.is_err() {
                often.tick().await;
            }
        };
        if timeout(DEADLINE, look).await.is_err() {
            bail!("no {heading:?}, but:\n{}", self.page.source().await?);
        }
        Ok(())
    }

    /// Clicks a button, or taps it on a phone. It must be where a person can reach it.
    pub(crate) async fn presses(&self, button: &str) -> Result<()> {
        let path = format!("//button[.='{button}']");
        Ok(self.page.find(Locator::XPath(&path)).await?.click().await?)
    }

    /// A picture of the window, into the folder that `SCREENSHOTS` names, where a person wants to see.
    pub(crate) async fn picture(&self, name: &str) -> Result<()> {
        if let Some(folder) = std::env::var_os("SCREENSHOTS") {
            let path = Path::new(&folder).join(name).with_extension("png");
            fs::write(path, self.page.screenshot().await?)?;
        }
        Ok(())
    }

    /// Ends it, and waits until no process of it is left.
    pub(crate) async fn ends(self) -> Result<()> {
        self.page.close().await?;
        self.driver.stop(Signal::SIGTERM).await?;
        let look = async {
            let mut often = interval(POLL);
            while lives_in(self.home.path()) {
                often.tick().await;
            }
        };
        timeout(DEADLINE, look).await.context("Chromium does not end")
    }
}

/// Whether a process has this folder as its home.
fn lives_in(home: &Path) -> bool {
    let home = format!("HOME={}", home.display());
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| {
        let settings = fs::read(process.path().join("environ")).unwrap_or_default();
        settings.split(|byte| *byte == 0).any(|setting| setting == home.as_bytes())
    })
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn capabilities(screen: Screen, home: &Path) -> Capabilities {
    let profile = format!("--user-data-dir={}", home.join("profile").display());
    let arguments = [
        // With a profile that is named it closes what it has open; with one of chromedriver's it is killed.
        profile.as_str(),
        "--headless",
        // Containers let no program have the namespaces of its sandbox; it opens our own pages alone.
        "--no-sandbox",
        "--remote-debugging-pipe",
        "--window-size=1000,800",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ];
    let options = match screen {
        Screen::Desktop => json!({ "args": arguments }),
        Screen::Phone => json!({ "args": arguments, "mobileEmulation": { "deviceMetrics": {
            "width": 320, "height": 640, "pixelRatio": 2, "mobile": true, "touch": true
        } } }),
    };
    Capabilities::from_iter([("goog:chromeOptions".to_owned(), options)])
}
