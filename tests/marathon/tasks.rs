//! What the tasks do to the session.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use openvpn_mgmt::{Builder, Cid, Client, Error, Kid, ReplyShape, Signal};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::time::Instant;

use crate::figures::Figures;
use crate::wrong_shapes::WRONG_SHAPES;

#[derive(Clone)]
pub struct Runner {
    pub client: Client,
    pub socket: PathBuf,
    pub pid: u32,
    pub until: Instant,
    pub figures: Arc<Figures>,
}

impl Runner {
    fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    /// Passes what a call may come to here.
    pub fn harmless(&self, what: &str, result: openvpn_mgmt::Result<()>) -> Result<()> {
        match result {
            Ok(()) => {}
            Err(Error::Refused { .. }) => self.figures.count("refused"),
            Err(Error::Timeout { .. }) => self.figures.count("timed out"),
            Err(Error::Stale { .. }) => self.figures.count("stale"),
            Err(Error::UnexpectedReply { .. } | Error::NoReply { .. }) => {
                self.figures.count("told of an odd or missing reply");
            }
            Err(error) => bail!("{what}: {error:?}"),
        }
        Ok(())
    }

    /// Asks, and holds each answer against what only it can be.
    pub async fn ask(self, seed: u64) -> Result<()> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut number = 0_u64;
        while self.goes_on() {
            let begun = Instant::now();
            match rng.random_range(0..5) {
                0 => ensure!(self.client.pid().await? == self.pid, "another's pid"),
                1 => ensure!(self.client.verb().await? == 3, "another's verb"),
                2 => drop(self.client.state().await?),
                3 => ensure!(self.client.test(3).await?.len() == 3, "another's lines"),
                _ => {
                    number += 1;
                    let name = format!("task-{seed}-{number}");
                    let line = format!("signal {name}");
                    let refused = self.client.raw_command(line, ReplyShape::Line).await;
                    let own = matches!(&refused, Err(Error::Refused { text, .. })
                        if text.to_string().contains(&format!("'{name}'")));
                    ensure!(own, "{name}: {refused:?}");
                }
            }
            self.figures.took(begun.elapsed());
            self.figures.count("replies, each its caller's own");
            pause(&mut rng, 3).await;
        }
        Ok(())
    }

    /// Drops calls in the queue, in flight and while their reply comes.
    pub async fn drop_calls(self, seed: u64) -> Result<()> {
        let mut rng = StdRng::seed_from_u64(seed);
        while self.goes_on() {
            let micros = rng.random_range(0..400);
            let call = async {
                match rng.random_range(0..3) {
                    0 => self.client.help().await.map(drop),
                    1 => self.client.hold().await.map(drop),
                    _ => self.client.log_history(50).await.map(drop),
                }
            };
            tokio::select! {
                done = call => done?,
                () = tokio::time::sleep(Duration::from_micros(micros)) => self.figures.count("dropped"),
            }
            pause(&mut rng, 3).await;
        }
        Ok(())
    }

    /// Waits for too short a time.
    pub async fn time_out(self, seed: u64) -> Result<()> {
        let mut rng = StdRng::seed_from_u64(seed);
        while self.goes_on() {
            let hurried = self.client.with_timeout(Duration::from_micros(rng.random_range(0..400)));
            match hurried.version().await {
                Err(Error::Timeout { .. }) => self.figures.count("timed out"),
                other => drop(other?),
            }
            pause(&mut rng, 3).await;
        }
        Ok(())
    }

    /// Calls what this daemon refuses, blocks too: it runs their lines as commands.
    pub async fn be_refused(self) -> Result<()> {
        let mut rng = StdRng::seed_from_u64(7);
        while self.goes_on() {
            let refused = match rng.random_range(0..4) {
                0 => self.client.client_deny(Cid(9), Kid(9), "no", None).await,
                1 => self.client.certificate("-----BEGIN X-----\nverb\n-----END X-----").await,
                // May answer a prompt that is open: the server does not like the signature then.
                2 if rng.random_bool(0.05) => self.client.pk_sig([7; 70]).await,
                _ => self.client.needok("nothing", true).await,
            };
            self.harmless("a refusal", refused)?;
            pause(&mut rng, 5).await;
        }
        Ok(())
    }

    pub async fn say_wrong_shapes(self) -> Result<()> {
        let mut rng = StdRng::seed_from_u64(8);
        while self.goes_on() {
            let (line, shape) = WRONG_SHAPES[rng.random_range(0..WRONG_SHAPES.len())];
            let said = self.client.raw_command(line, shape).await;
            self.harmless(line, said.map(drop))?;
            self.figures.count("wrong shapes");
            pause(&mut rng, 5).await;
        }
        Ok(())
    }

    /// Has the daemon connect anew, which needs a signature.
    pub async fn restart(self, seed: u64) -> Result<()> {
        let mut rng = StdRng::seed_from_u64(seed);
        while self.goes_on() {
            let signalled = self.client.signal(Signal::Sigusr1).await;
            self.figures.count("restarts");
            self.harmless("signal", signalled)?;
            pause(&mut rng, 1500).await;
        }
        Ok(())
    }

    /// Another manager, that hears nothing as long as this one is there.
    pub async fn connect_second_manager(self) -> Result<()> {
        let mut rng = StdRng::seed_from_u64(11);
        while self.goes_on() {
            let builder = Builder::new().greeting_timeout(Duration::from_millis(20));
            let second = builder.connect_timeout(Duration::from_millis(200));
            match second.connect(&*self.socket).await {
                Err(Error::NoGreeting { .. } | Error::Connect { .. }) => {
                    self.figures.count("second managers");
                }
                other => bail!("a second manager: {other:?}"),
            }
            pause(&mut rng, 50).await;
        }
        Ok(())
    }
}

/// So much time at most that the tasks meet in ever new orders.
async fn pause(rng: &mut StdRng, millis: u64) {
    tokio::time::sleep(Duration::from_micros(rng.random_range(0..millis * 1000))).await;
}
