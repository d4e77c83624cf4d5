//! Worlds of programs on `openvpn-mgmt` and simulated daemons, in virtual time, on one thread, from one seed.
//!
//! [`generate()`] makes a [`Scenario`] of a seed, [`run()`] lets it happen and tells which laws were broken, [`shrink()`] leaves of it
//! what breaks one. The README tells what is simulated and what is looked at.

mod answer;
mod call;
mod crowd;
mod generate;
mod heads;
mod host;
mod kept;
mod ledger;
mod odd;
mod pipe;
mod program;
mod quiet;
mod run;
mod scenario;
mod shrink;
mod soak;
mod world;

pub use generate::generate;
pub use ledger::{Counts, Violation};
pub use run::{Report, run};
pub use scenario::{Deed, Plan, Program, Scenario, Setting, Step};
pub use shrink::shrink;
pub use soak::{Current, Found, Soak, Totals};
