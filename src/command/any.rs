//! [`AnyCommand`]: a command whose type is forgotten.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::{Command, Dialect, Encoded, Learned, Sealed};
use crate::error::Result;
use crate::reply::RawReply;

/// Any [`Command`], for lists of different ones.
///
/// Its reply is read and checked as the command's own would be, and given as it came.
#[derive(Clone)]
pub struct AnyCommand(Arc<dyn Erased>);

impl AnyCommand {
    /// Forgets the type of a command.
    pub fn new(command: impl Command + 'static) -> Self {
        Self(Arc::new(command))
    }

    /// The command, where it is of this type: what [`parse`](super::parse()) read, or what was forgotten.
    #[must_use]
    pub fn downcast_ref<C: Command + 'static>(&self) -> Option<&C> {
        self.0.as_any().downcast_ref()
    }
}

impl Command for AnyCommand {
    type Reply = RawReply;

    fn encode(&self, dialect: Dialect) -> Result<Encoded> {
        self.0.encode_erased(dialect)
    }

    fn read(&self, reply: &RawReply) -> Result<RawReply> {
        self.0.check_reply(reply).map(|()| reply.clone())
    }
}

impl Sealed for AnyCommand {
    fn needs_version(&self, dialect: Dialect) -> bool {
        self.0.needs_version(dialect)
    }

    fn learned(&self, reply: &RawReply) -> Learned {
        self.0.learned(reply)
    }
}

impl fmt::Debug for AnyCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// [`Command`] without the type of its reply.
trait Erased: fmt::Debug + Send + Sync + Sealed {
    fn as_any(&self) -> &dyn Any;

    fn encode_erased(&self, dialect: Dialect) -> Result<Encoded>;

    fn check_reply(&self, reply: &RawReply) -> Result<()>;
}

impl<C: Command + 'static> Erased for C {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn encode_erased(&self, dialect: Dialect) -> Result<Encoded> {
        self.encode(dialect)
    }

    fn check_reply(&self, reply: &RawReply) -> Result<()> {
        self.read(reply).map(drop)
    }
}
