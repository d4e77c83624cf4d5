//! The daemon as a whole.

use crate::client::Client;
use crate::command::{self, Signal};
use crate::error::Result;
use crate::reply::{Help, NetworkChange, Version};
use crate::types::Text;

/// The daemon as a whole: its version, its log level, signals.
impl Client {
    /// `pid`: the daemon's process ID.
    pub async fn pid(&self) -> Result<u32> {
        self.send(&command::Pid).await
    }

    /// `version`: the daemon's and the management interface's version.
    pub async fn version(&self) -> Result<Version> {
        self.send(&command::Version).await
    }

    /// `version N`: tells the daemon which management version this program understands, from 1.
    ///
    /// It decides what the daemon sends: from 2 on `>PK_SIGN` in place of `>RSA_SIGN`, from 3 on with
    /// the padding, from 4 on (OpenVPN 2.7.1) a prompt for a user name alone, from 5 on (OpenVPN 2.7.2)
    /// it takes passwords of over 256 bytes. The daemon keeps it for the managers that come later.
    /// Daemons before 2.7.1 do not answer; a fence tells that they have read it.
    #[doc(alias = "version")]
    pub async fn announce_version(&self, version: u32) -> Result<()> {
        self.send(&command::AnnounceVersion(version)).await
    }

    /// `help`: the commands this daemon knows, in its own words.
    pub async fn help(&self) -> Result<Help> {
        self.send(&command::Help).await
    }

    /// `net`: network adapters and routes; Windows only, refused elsewhere.
    pub async fn net(&self) -> Result<Vec<Text>> {
        self.send(&command::Net).await
    }

    /// `signal SIGNAL`: makes the daemon throw a signal at itself.
    ///
    /// In a hold, SIGHUP and SIGUSR1 are refused as "currently ignored"; daemons before 2.5.8 say so by
    /// silence, which is told as the same refusal.
    ///
    /// SIGUSR2 ends a daemon that is in a hold or waits for a password, as SIGTERM would.
    #[doc(alias = "SIGTERM")]
    pub async fn signal(&self, signal: Signal) -> Result<()> {
        self.send(&signal).await
    }

    /// `network-change`, `network-change samenetwork`: tells the daemon that the network has changed, or that it is the
    /// same one again, so that it goes on with its socket or restarts.
    ///
    /// OpenVPN for Android; others refuse it as unknown.
    #[doc(alias = "network-change")]
    pub async fn network_change(&self, same_network: bool) -> Result<NetworkChange> {
        use command::NetworkChange::{Changed, Same};

        self.send(if same_network { &Same } else { &Changed }).await
    }

    /// `verb`: the log verbosity, 0 to 15.
    pub async fn verb(&self) -> Result<u32> {
        self.send(&command::Verb).await
    }

    /// `verb LEVEL`: sets the log verbosity, 0 to 15; the daemon refuses more.
    #[doc(alias = "verb")]
    pub async fn set_verb(&self, level: u8) -> Result<()> {
        self.send(&command::SetVerb(level)).await
    }

    /// `mute`: after how many messages of one kind in a row the log is silent; 0 is never.
    pub async fn mute(&self) -> Result<u32> {
        self.send(&command::Mute).await
    }

    /// `mute N`: silences the log after `messages` of one kind in a row; 0 is never.
    #[doc(alias = "mute")]
    pub async fn set_mute(&self, messages: u32) -> Result<()> {
        self.send(&command::SetMute(messages)).await
    }

    /// `test N`: has the daemon send so many lines, from 1, to test the connection.
    pub async fn test(&self, lines: u32) -> Result<Vec<Text>> {
        self.send(&command::Test(lines)).await
    }

    /// `quit`: ends the session; the daemon goes on, and takes the next manager.
    ///
    /// Commands called before are answered first, as far as
    /// [`Builder::close_timeout`](crate::Builder::close_timeout) allows, which runs from here. Returns when
    /// the connection has closed; those called later, and every waiter, get [`Error::Closed`](crate::Error::Closed).
    /// [`close`](Self::close) waits for nothing.
    pub async fn quit(&self) -> Result<()> {
        self.send(&command::Quit).await
    }

    /// The daemon's version, asked for once per connection.
    ///
    /// As [`version`](Self::version), from memory where it is known.
    #[doc(alias = "version")]
    pub async fn daemon_version(&self) -> Result<Version> {
        match self.shared().version() {
            Some(version) => Ok(version),
            None => self.version().await,
        }
    }
}
