//! What the programs share: output that never waits for whoever reads it, and an end by a signal.

pub mod printer;
pub mod screen;
pub mod signals;
pub mod stop;
