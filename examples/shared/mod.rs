//! What the examples for servers have in common: the command line, the lines they
//! print, and a stage with a real server and clients.
#![allow(dead_code, reason = "each example uses a part")]

pub(crate) mod serve;
pub(crate) mod stage;
pub(crate) mod story;
pub(crate) mod target;
pub(crate) mod token;
pub(crate) mod visitor;
