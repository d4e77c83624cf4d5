//! What the sign-in servers share: the command line, the lines they print, how they serve, and a
//! real server and clients for their demonstrations.

pub mod console;
pub mod demo_client;
pub mod demo_server;
pub mod serve;
pub mod target;
pub mod token;
