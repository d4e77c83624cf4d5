//! What programs and examples share: output that never waits for whoever reads it, lines that are typed, and an end by a signal.

pub mod printer;
pub mod screen;
pub mod signals;
pub mod stop;
pub mod typed;
