//! What the sign-in servers share: the command line, the lines they print, how they serve, and a
//! stage with a real server and clients for their demonstrations.

pub mod serve;
pub mod stage;
pub mod story;
pub mod target;
pub mod token;
pub mod visitor;
