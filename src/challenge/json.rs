//! The JSON of challenges, without the ID of a dynamic one.

use serde::{Serialize, Serializer};

use super::{Challenge, ChallengeFlags, DynamicChallenge, StaticChallenge};
use crate::types::Text;

#[derive(Serialize)]
struct ShownStatic<'a> {
    flags: u32,
    echo: bool,
    concat: bool,
    text: &'a Text,
}

impl Serialize for StaticChallenge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (flags, echo, concat, text) = (self.flags, self.echo(), self.concat(), &self.text);
        ShownStatic { flags, echo, concat, text }.serialize(serializer)
    }
}

#[derive(Serialize)]
struct ShownDynamic<'a> {
    flags: &'a ChallengeFlags,
    echo: bool,
    response_required: bool,
    username: &'a Text,
    text: &'a Text,
}

impl Serialize for DynamicChallenge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { flags, state_id: _, username, text } = self;
        let (echo, response_required) = (flags.echo(), flags.response_required());
        ShownDynamic { flags, echo, response_required, username, text }.serialize(serializer)
    }
}

/// The flags as the server sent them: `R,E`.
impl Serialize for ChallengeFlags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Text::from(self.as_bytes().to_vec()).serialize(serializer)
    }
}

/// What goes with a prompt, be it static or dynamic: only a dynamic one has a user name.
#[derive(Serialize)]
struct Shown<'a> {
    text: &'a Text,
    echo: bool,
    response_required: bool,
    username: Option<&'a Text>,
}

impl Serialize for Challenge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (text, echo, username) = (self.text(), self.echo(), self.username());
        Shown { text, echo, response_required: self.response_required(), username }
            .serialize(serializer)
    }
}
