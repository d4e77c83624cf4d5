//! A corpus through a unix socket: who sends it, and who is at the other end.

mod feed;
mod subscribers;

pub(crate) use feed::{Counting, Feed};
pub(crate) use subscribers::Subscribers;
