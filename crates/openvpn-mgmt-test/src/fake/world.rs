//! A fake daemon as the world of a conversation.

use std::time::Duration;

use tokio::io::DuplexStream;

use super::FakeDaemon;
use crate::conversation::{World, WorldError};
use crate::daemon::{Client, ServerAction};

impl World for FakeDaemon {
    type Stream = DuplexStream;

    async fn connect(&mut self) -> Result<DuplexStream, WorldError> {
        Self::connect(self).map_err(failed)
    }

    async fn act(&mut self, words: &str) -> Result<(), WorldError> {
        let split: Vec<&str> = words.splitn(4, ' ').collect();
        let rest = |from: usize| words.splitn(from + 1, ' ').nth(from).unwrap_or_default();
        let done = match split.as_slice() {
            ["time", "passes", seconds, "second" | "seconds"] => {
                let seconds = seconds.parse().map_err(failed)?;
                self.time_passes(Duration::from_secs(seconds));
                Ok(())
            }
            ["server", action, ..] => self.server_does(&server_action(action, rest(2), words)?),
            [name, "connects"] => self.connects(Client::new(name)).map(drop),
            [name, "connects", "with", credentials] => {
                let (user, password) = credentials.split_once(' ').ok_or_else(|| unknown(words))?;
                self.connects(Client::new(name).with(user, password)).map(drop)
            }
            [name, "leaves"] => self.leaves(name),
            [name, "restarts", "from", "its port"] => self.restarts(name),
            [name, "renegotiates"] => self.renegotiates(name),
            [name, "answers", ..] => self.with(|daemon| daemon.client_responds(name, rest(2))),
            [name, "hears", ..] => return self.client_hears(name, rest(2)),
            _ => return Err(unknown(words)),
        };
        done.map_err(failed)
    }
}

impl FakeDaemon {
    fn client_hears(&self, name: &str, text: &str) -> Result<(), WorldError> {
        if self.with(|daemon| daemon.client_heard(name, text)) {
            return Ok(());
        }
        Err(WorldError::new(format!("{name} has not heard {text:?}")))
    }
}

fn server_action(action: &str, rest: &str, words: &str) -> Result<ServerAction, WorldError> {
    let text = rest.strip_prefix("with ").unwrap_or(rest).to_owned();
    Ok(match action {
        "admits" => ServerAction::Admits,
        "denies" => ServerAction::Denies((!text.is_empty()).then_some(text)),
        "asks" => ServerAction::Asks(rest.to_owned()),
        "kills" => ServerAction::Kills(text),
        "pushes" => ServerAction::Pushes(rest.to_owned()),
        "updates" => ServerAction::Updates(rest.to_owned()),
        _ => return Err(unknown(words)),
    })
}

fn unknown(words: &str) -> WorldError {
    WorldError::new(format!("a fake daemon knows no `{words}`"))
}

fn failed(error: impl std::fmt::Display) -> WorldError {
    WorldError::new(error.to_string())
}
