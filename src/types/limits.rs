//! What a daemon takes from us, and what it does with more.
//!
//! Each limit was seen on real daemons; past it the daemon cuts, splits, drops
//! or runs what was sent, without a word. So every argument is held against
//! these before a byte is written.

/// A command line, LF not counted.
///
/// Past it the daemon clears its 1,024-byte input buffer and **runs the rest of
/// the line as a new command**.
pub const LINE: usize = 1023;

/// A command line that may share the daemon's input buffer with another, LF not counted.
///
/// The daemon reads 256 bytes at a time into that buffer; a longer line among
/// others overflows it, and both are lost. Longer lines are sent alone.
pub const PIPELINED_LINE: usize = 767;

/// One parameter, before quoting.
///
/// Past it the whole command is refused (`Parameter … is too long (256 chars max)`).
pub const PARAMETER: usize = 256;

/// Parameters of a line, the command's name counted. The daemon ignores the rest.
pub const PARAMETERS: usize = 16;

/// A configuration line in a `client-auth` block.
///
/// Past it the rest is parsed as a **second directive**.
pub const CONFIG_LINE: usize = 255;

/// The `EXTRA` of `client-pending-auth`.
///
/// The daemon takes 256 bytes and says SUCCESS, but from 247 on an OpenVPN 2.x client
/// tells its own manager nothing.
pub const PENDING_EXTRA: usize = 246;

/// A user name or password of the tunnel.
///
/// Builds with PKCS#11 keep 4,095 bytes, builds without keep 127 and silently cut
/// the rest. One parameter holds 256 anyway.
pub const PASSWORD: usize = 4095;

/// A base64 line of a signature or a long password.
pub const BASE64_LINE: usize = 64;

/// A line of a `certificate` block: one line among others, as [`PIPELINED_LINE`]. A PEM line has 64.
pub const CERTIFICATE_LINE: usize = PIPELINED_LINE;

/// The management password, LF not counted; the daemon reads it as a line.
pub const MANAGEMENT_PASSWORD: usize = LINE;

/// The common name of `kill`.
///
/// The daemon copies it into 128 bytes with their end, and looks for what is left of it.
pub const KILL_NAME: usize = 127;

/// The host of `remote MOD`. The daemon refuses longer ones without saying why.
pub const REMOTE_HOST: usize = 79;
