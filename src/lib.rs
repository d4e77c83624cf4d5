//! Talk to OpenVPN from a program: an async SDK for its management interface.

pub mod demux;
pub mod reply;

mod address;
mod error;
mod ids;
mod secret;
mod text;

pub use address::{MacAddress, Protocol, RealAddress, VirtualAddress};
pub use error::{ArgumentProblem, CloseReason, Error, Result};
pub use ids::{Cid, Kid};
pub use secret::Secret;
pub use text::Text;
