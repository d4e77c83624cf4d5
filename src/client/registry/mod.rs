//! The requests that are open, between the driver and whoever answers.

pub(crate) mod desk;
pub(crate) mod guard;
pub(crate) mod question;
pub(crate) mod waiting;

pub(crate) use desk::Desk;
pub(crate) use guard::Ticket;
pub use question::Refusal;
pub(crate) use waiting::Limits;
pub use waiting::Overflow;
