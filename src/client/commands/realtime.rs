//! What the daemon tells in real time: `hold`, `state`, `log`, `echo`, `bytecount`.

use std::time::Duration;

use crate::client::Client;
use crate::client::commands::rows;
use crate::command::realtime::Channel;
use crate::command::{History, realtime};
use crate::error::{Error, Result};
use crate::events::{Echo, LogLine, State};
use crate::reply::{self, UnreadRow};
use crate::types::Text;
use crate::types::shown;

impl Client {
    /// `hold`: whether the daemon will hold at its next start or restart.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn hold(&self) -> Result<bool> {
        reply::hold(&self.call(realtime::hold()).await?)
    }

    /// `hold on`: the daemon holds at its next restart.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn hold_on(&self) -> Result<()> {
        self.call(realtime::set_hold(true)).await.map(drop)
    }

    /// `hold off`: the daemon does not hold at its next restart. A hold that is on goes on.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn hold_off(&self) -> Result<()> {
        self.call(realtime::set_hold(false)).await.map(drop)
    }

    /// `hold release`: lets a daemon that holds ([`Event::Hold`](crate::Event::Hold)) go on.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn hold_release(&self) -> Result<()> {
        self.call(realtime::hold_release()).await.map(drop)
    }

    /// `state`: the state the daemon is in.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn state(&self) -> Result<State> {
        let reply = self.call(realtime::state()).await?;
        let line = match rows(&reply, State::parse_row).pop() {
            Some(Ok(state)) => return Ok(state),
            Some(Err(unread)) => shown(unread.row()),
            None => Text::default(),
        };
        Err(Error::UnexpectedReply { command: "state", expected: "the current state", line })
    }

    /// `state on`: from now on the daemon sends [`Event::State`](crate::Event::State)s.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn state_on(&self) -> Result<()> {
        self.shared().want_states(true);
        self.call(realtime::set(Channel::State, true)).await.map(drop)
    }

    /// `state off`: stops them.
    ///
    /// Where [`Requests`](crate::Requests) need the states, the daemon goes on sending them, and only
    /// the subscribers see none.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn state_off(&self) -> Result<()> {
        self.shared().want_states(false);
        if self.shared().watches_states() {
            return Ok(());
        }
        self.call(realtime::set(Channel::State, false)).await.map(drop)
    }

    /// `state N`, `state all`: the states the daemon went through, the oldest first.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn state_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<State, UnreadRow>>> {
        let reply = self.call(realtime::history(Channel::State, history.into())?).await?;
        Ok(rows(&reply, State::parse_row))
    }

    /// `state on N`, `state on all`: turns the notification on and gives the states the daemon went through, with no gap between.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn state_on_with_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<State, UnreadRow>>> {
        self.shared().want_states(true);
        let reply = self.call(realtime::on_with_history(Channel::State, history.into())?).await?;
        Ok(rows(&reply, State::parse_row))
    }

    /// `log on`: from now on the daemon sends [`Event::Log`](crate::Event::Log)s.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn log_on(&self) -> Result<()> {
        self.call(realtime::set(Channel::Log, true)).await.map(drop)
    }

    /// `log off`: stops them.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn log_off(&self) -> Result<()> {
        self.call(realtime::set(Channel::Log, false)).await.map(drop)
    }

    /// `log N`, `log all`: the log, the oldest first.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn log_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<LogLine, UnreadRow>>> {
        let reply = self.call(realtime::history(Channel::Log, history.into())?).await?;
        Ok(rows(&reply, LogLine::parse_row))
    }

    /// `log on N`, `log on all`: turns the notification on and gives the log, with no gap between.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn log_on_with_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<LogLine, UnreadRow>>> {
        let reply = self.call(realtime::on_with_history(Channel::Log, history.into())?).await?;
        Ok(rows(&reply, LogLine::parse_row))
    }

    /// `echo on`: from now on the daemon sends [`Event::Echo`](crate::Event::Echo)s.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn echo_on(&self) -> Result<()> {
        self.call(realtime::set(Channel::Echo, true)).await.map(drop)
    }

    /// `echo off`: stops them.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn echo_off(&self) -> Result<()> {
        self.call(realtime::set(Channel::Echo, false)).await.map(drop)
    }

    /// `echo N`, `echo all`: the echo messages, the oldest first.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn echo_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<Echo, UnreadRow>>> {
        let reply = self.call(realtime::history(Channel::Echo, history.into())?).await?;
        Ok(rows(&reply, Echo::parse_row))
    }

    /// `echo on N`, `echo on all`: turns the notification on and gives the echo messages, with no gap between.
    ///
    /// A row that cannot be read is an `Err` in its place, and hides no other.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn echo_on_with_history(
        &self,
        history: impl Into<History>,
    ) -> Result<Vec<Result<Echo, UnreadRow>>> {
        let reply = self.call(realtime::on_with_history(Channel::Echo, history.into())?).await?;
        Ok(rows(&reply, Echo::parse_row))
    }

    /// `bytecount N`: byte counts every so many seconds, from 1; zero turns them off.
    ///
    /// A client sends [`Event::ByteCount`](crate::Event::ByteCount), a server
    /// [`Event::ByteCountClient`](crate::Event::ByteCountClient) per client. The interval is whole seconds; a
    /// fraction is refused.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn bytecount(&self, interval: Duration) -> Result<()> {
        self.call(realtime::bytecount(interval)?).await.map(drop)
    }

    /// `bytecount 0`: stops the byte counts.
    ///
    /// # Errors
    /// [As every command](Client#errors).
    ///
    /// # Cancel safety
    /// [As every command](Client#cancel-safety).
    pub async fn bytecount_off(&self) -> Result<()> {
        self.bytecount(Duration::ZERO).await
    }
}
