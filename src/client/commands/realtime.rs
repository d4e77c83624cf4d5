//! What the daemon tells in real time: `hold`, `state`, `log`, `echo`, `bytecount`.

use std::time::Duration;

use crate::client::Client;
use crate::command::{
    self, Bytecount, Channel, History, HistoryOf, HoldRelease, Notifications, SetHold,
};
use crate::error::Result;
use crate::events::{Echo, LogLine, State};
use crate::reply::UnreadRow;

/// What the daemon tells while it runs: holds, states, the log, echo messages, byte counts.
impl Client {
    /// `hold`: whether the daemon will hold at its next start or restart.
    pub async fn hold(&self) -> Result<bool> {
        self.send(&command::Hold).await
    }

    /// `hold on`: the daemon holds at its next restart.
    #[doc(alias = "hold on")]
    pub async fn hold_on(&self) -> Result<()> {
        self.send(&SetHold(true)).await
    }

    /// `hold off`: the daemon does not hold at its next restart. A hold that is on goes on.
    #[doc(alias = "hold off")]
    pub async fn hold_off(&self) -> Result<()> {
        self.send(&SetHold(false)).await
    }

    /// `hold release`: lets a daemon that holds ([`Event::Hold`](crate::Event::Hold)) go on.
    #[doc(alias = "hold release")]
    pub async fn hold_release(&self) -> Result<()> {
        self.send(&HoldRelease).await
    }

    /// `state`: the state the daemon is in.
    pub async fn state(&self) -> Result<State> {
        self.send(&command::State).await
    }

    /// `state on`: from now on the daemon sends [`Event::State`](crate::Event::State)s.
    #[doc(alias = "state on")]
    pub async fn state_on(&self) -> Result<()> {
        self.send(&Notifications::on(Channel::State)).await
    }

    /// `state off`: stops them.
    ///
    /// Where [`Requests`](crate::Requests) need the states, the daemon goes on sending them, and only
    /// the subscribers see none.
    #[doc(alias = "state off")]
    pub async fn state_off(&self) -> Result<()> {
        self.send(&Notifications::off(Channel::State)).await
    }

    /// `state N`, `state all`: the states the daemon went through, the oldest first.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    #[doc(alias = "state all")]
    pub async fn state_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<State, UnreadRow>>> {
        self.send(&HistoryOf::<State>::new(history)).await
    }

    /// `state on N`, `state on all`: turns the notification on and gives the states the daemon went through, with no gap between.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    #[doc(alias = "state on all")]
    pub async fn state_on_with_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<State, UnreadRow>>> {
        self.send(&HistoryOf::<State>::new(history).turning_on()).await
    }

    /// `log on`: from now on the daemon sends [`Event::Log`](crate::Event::Log)s.
    #[doc(alias = "log on")]
    pub async fn log_on(&self) -> Result<()> {
        self.send(&Notifications::on(Channel::Log)).await
    }

    /// `log off`: stops them.
    #[doc(alias = "log off")]
    pub async fn log_off(&self) -> Result<()> {
        self.send(&Notifications::off(Channel::Log)).await
    }

    /// `log N`, `log all`: the log, the oldest first.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    #[doc(alias = "log all")]
    pub async fn log_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<LogLine, UnreadRow>>> {
        self.send(&HistoryOf::<LogLine>::new(history)).await
    }

    /// `log on N`, `log on all`: turns the notification on and gives the log, with no gap between.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    #[doc(alias = "log on all")]
    pub async fn log_on_with_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<LogLine, UnreadRow>>> {
        self.send(&HistoryOf::<LogLine>::new(history).turning_on()).await
    }

    /// `echo on`: from now on the daemon sends [`Event::Echo`](crate::Event::Echo)s.
    #[doc(alias = "echo on")]
    pub async fn echo_on(&self) -> Result<()> {
        self.send(&Notifications::on(Channel::Echo)).await
    }

    /// `echo off`: stops them.
    #[doc(alias = "echo off")]
    pub async fn echo_off(&self) -> Result<()> {
        self.send(&Notifications::off(Channel::Echo)).await
    }

    /// `echo N`, `echo all`: the echo messages, the oldest first.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    #[doc(alias = "echo all")]
    pub async fn echo_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<Echo, UnreadRow>>> {
        self.send(&HistoryOf::<Echo>::new(history)).await
    }

    /// `echo on N`, `echo on all`: turns the notification on and gives the echo messages, with no gap between.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    #[doc(alias = "echo on all")]
    pub async fn echo_on_with_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<Echo, UnreadRow>>> {
        self.send(&HistoryOf::<Echo>::new(history).turning_on()).await
    }

    /// `bytecount N`: byte counts every so many seconds, from 1; zero turns them off.
    ///
    /// A client sends [`Event::ByteCount`](crate::Event::ByteCount), a server
    /// [`Event::ByteCountClient`](crate::Event::ByteCountClient) per client. The interval is whole seconds; a
    /// fraction is refused.
    pub async fn bytecount(&self, interval: Duration) -> Result<()> {
        self.send(&Bytecount::every(interval)).await
    }

    /// `bytecount 0`: stops the byte counts.
    #[doc(alias = "bytecount 0")]
    pub async fn bytecount_off(&self) -> Result<()> {
        self.bytecount(Duration::ZERO).await
    }
}
