//! What there is to try: every command and every event, by the names of the table.
#![allow(dead_code, unused_imports, reason = "the suite and the table each use a part")]

mod commands;
mod events;

pub use commands::{ALWAYS, COMMANDS, Command, METHODS, command};
pub use events::{EVENTS, EventRow, event_key};
