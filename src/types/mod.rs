//! What all layers speak of: texts, secrets, IDs, addresses, numbers, limits.

mod address;
mod argument;
pub(crate) mod base64;
mod dialect;
pub(crate) mod grammar;
mod ids;
mod ip;
#[cfg(feature = "serde")]
pub(crate) mod json;
pub mod limits;
mod line_ref;
mod lines;
mod local_time;
mod number;
mod parse_error;
mod redaction;
mod secret;
mod secret_text;
pub(crate) mod split;
mod text;
mod wiped;
mod write;

pub use address::{MacAddress, Protocol, RealAddress, VirtualAddress};
pub use argument::ArgumentProblem;
pub(crate) use argument::{check, check_block_line};
pub use dialect::Dialect;
pub(crate) use dialect::Feature;
pub use ids::{Cid, Kid};
pub use line_ref::LineRef;
pub(crate) use lines::{Lines, lines};
pub use local_time::LocalTime;
pub(crate) use number::{leading_number, number};
pub use parse_error::ParseError;
pub(crate) use parse_error::by_word;
pub(crate) use redaction::{Masked, harmless, masked, may_hold_secret, shown};
pub use secret::Secret;
pub use secret_text::SecretText;
pub use text::Text;
pub(crate) use wiped::{WipedBytes, append_wiped};
#[cfg(test)]
pub(crate) use write::tests::any_text;
pub(crate) use write::{Line, block, whole};
pub use write::{WriteError, WriteReply, WriteRow};
