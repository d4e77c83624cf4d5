//! Conversations as text: who says what, with holes for what varies.
//!
//! A conversation runs over any stream to a daemon, a fake or a real one, in a [`World`] in which
//! clients come and go:
//!
//! ```text
//! # A server in a hold lets nobody in until it is released.
//! facts: 12, 31
//! versions: 2.5, 2.6, 2.7
//! daemon: server, hold, client-auth
//!
//! daemon > >INFO:OpenVPN Management Interface Version {number} -- type 'help' for more info
//! daemon > >HOLD:Waiting for hold release:0
//! manager > hold release
//! daemon > SUCCESS: hold release succeeded
//! world > alice connects
//! daemon > >CLIENT:CONNECT,{cid},{kid}
//! daemon > >CLIENT:ENV,{*}
//! daemon > >CLIENT:ENV,END
//! manager > client-auth-nt {cid} {kid}
//! daemon > SUCCESS: client-auth command succeeded
//! daemon > {*}
//! ```
//!
//! # The head
//! Lines `NAME: value, value`: `facts` are the numbers of `docs/PROTOCOL.md` it shows, `versions`
//! those it holds for, `daemon` how the daemon is set up, in the words of the runner's world. A line
//! that begins with `#` is a comment, here and below.
//!
//! # The steps
//! | line | what happens |
//! | --- | --- |
//! | `daemon > TEXT` | the next line of the daemon is this one |
//! | `daemon > TEXT{no line end}` | the next bytes are these, and no line end is waited for |
//! | `daemon > {*}`, `daemon > >CLIENT:ENV,{*}` | any number of such lines, up to the next one that is expected, or to the end |
//! | `any order {` … `}` | each line in it comes, in whatever order; lines between two `and` keep theirs |
//! | `daemon closes` | the connection ends, and nothing comes before that |
//! | `manager > TEXT` | this line is sent; with `{no line end}` without its LF |
//! | `manager + TEXT` | as before, in the same write as the line above it |
//! | `manager closes`, `manager connects` | the connection is closed; a new one takes its place |
//! | `world > another manager connects` | a second connection, which stays beside the first |
//! | `world > it hears nothing` | not a byte has come on the second connection |
//! | `world > it leaves`, `world > it takes over` | it is closed; it takes the place of the first |
//! | `world > WORDS` | anything else is done by the [`World`] |
//!
//! A step may begin with the versions it holds for: `2.6, 2.7: daemon > …`. Every line of the daemon
//! must be in the text: what it says too much fails the next step. What has come and was not
//! expected fails at the end, but for a last `daemon > {*}`.
//!
//! # The holes
//! `{name}` is one or more characters, and the same wherever the name comes again, also in what the
//! manager sends. `{}` is anything. `{number}`, `{time}`, `{ip}`, `{port}` and `{pid}` are of that
//! kind, and `{name:number}` has a name as well. `{"A" * 300}` is a text repeated, up to 65,536 bytes, `{tab}` and
//! `{0x01}` are bytes, `{{` is a brace.
//!
//! # The words of `daemon:`
//! First `client` or `server`, then any of these:
//!
//! | for | words |
//! | --- | --- |
//! | both | `hold`, `password SECRET`, `signal`, `verb N`, `echo TEXT`, `log-history N`, `tcp`, `auth-token` |
//! | a client | `query-passwords`, `username-only`, `static-challenge echo TEXT`, `static-challenge hidden TEXT`, `private-key-password`, `auth-retry MODE`, `query-remote`, `remote HOST PORT PROTO`, `query-proxy`, `external-key FORMATS`, `external-cert HINT`, `pkcs11`, `up-down`, `forget-disconnect` |
//! | its server | `refused` (it turns the client away), `unreachable` (there is none) |
//! | a server | `client-auth`, `no-client-cert`, `renews-keys` |
//!
//! The server of a client lets it in by itself where nobody is asked for a user name and password.
//!
//! # The words of `world >`
//! | of | words |
//! | --- | --- |
//! | a server's client | `NAME connects`, `NAME connects with USER PASSWORD`, `NAME leaves`, `NAME restarts from its port`, `NAME renegotiates`, `NAME answers TEXT` (`cr-response`), `NAME hears TEXT` (it has been told a line with this text) |
//! | a client's server | `server admits`, `server denies`, `server denies with REASON`, `server asks EXTRA` (`client-pending-auth`), `server kills with MESSAGE`, `server pushes OPTION` (before it admits), `server updates OPTIONS` (`push-update-broad`) |
//! | both | `time passes N seconds` |
//!
//! A client's user name is its name, and its password `secret`, unless it is said.
mod error;
mod parse;
mod pattern;
mod release;
mod run;
mod step;
mod wire;
mod world;

use std::path::Path;

pub use self::error::{ParseError, RunError};
pub use self::release::Release;
pub use self::run::DEADLINE;
pub use self::world::{World, WorldError};

use self::step::Step;

/// A conversation, read from text.
#[derive(Debug, Clone)]
pub struct Conversation {
    name: String,
    facts: Vec<u32>,
    releases: Vec<Release>,
    set_up: Vec<String>,
    steps: Vec<Step>,
}

impl Conversation {
    /// Reads a conversation. `name` stands in errors, before the number of a line.
    ///
    /// # Errors
    /// A line of it cannot be read, with its number and why.
    pub fn parse(name: &str, text: &str) -> Result<Self, ParseError> {
        parse::conversation(name, text)
    }

    /// Reads a conversation from a file.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), or the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, ParseError> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&name, &text),
            Err(error) => Err(ParseError::new(&name, 0, format!("cannot be read: {error}"))),
        }
    }

    /// The name it was read under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The numbers of the facts it shows.
    #[must_use]
    pub fn facts(&self) -> &[u32] {
        &self.facts
    }

    /// The versions it holds for.
    #[must_use]
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// Whether it holds for this version.
    #[must_use]
    pub fn is_for(&self, release: Release) -> bool {
        self.releases.contains(&release)
    }

    /// How the daemon is set up: the words of `daemon:`.
    #[must_use]
    pub fn set_up(&self) -> &[String] {
        &self.set_up
    }

    /// Holds the conversation with a daemon of this version, over connections that `world` makes.
    ///
    /// # Errors
    /// A step fails; with its line, what was expected, what came, and what was said before.
    pub async fn run<W: World>(&self, release: Release, world: &mut W) -> Result<(), RunError> {
        run::Runner::new(self, release, world).run().await
    }
}

#[cfg(test)]
mod tests;
