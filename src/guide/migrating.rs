//! Coming from the Go packages or from `openvpn-mgmt-codec`: what maps to what.
//!
//! # From Go's `go-openvpn-mgmt`
//! The lowest layer is the same on purpose. [`demux::demultiplex`](crate::demux::demultiplex) takes a reader and two channels,
//! one for reply lines and one for event lines without their `>`; when the input ends, the event channel closes first, and a
//! read error is a last event `FATAL:Error reading from OpenVPN`. What is different: each message owns its bytes, a line has
//! a limit, and the prompt for the management password, which ends without a line end, is found.
//!
//! | Go | here |
//! | --- | --- |
//! | `demux.Demultiplex(r, replyCh, eventCh)` | [`demux::demultiplex`](crate::demux::demultiplex), or [`Demuxer`](crate::demux::Demuxer) without I/O |
//! | `openvpn.Dial(addr, eventCh)` | [`connect`](crate::connect) |
//! | `openvpn.NewClient(conn, eventCh)` | [`attach`](crate::attach) |
//! | the `eventCh` that must be read, or everything stops | [`Events`](crate::Events), which need not be |
//! | `HoldRelease`, `SetStateEvents(true)`, `SetEchoEvents(true)` | [`hold_release`](crate::Client::hold_release), [`state_on`](crate::Client::state_on), [`echo_on`](crate::Client::echo_on) |
//! | `SetByteCountEvents(interval)` | [`bytecount`](crate::Client::bytecount) |
//! | `SendSignal("SIGHUP")` | [`signal(Signal::Sighup)`](crate::Client::signal) |
//! | `LatestState`, `LatestStatus(format)`, `Pid` | [`state`](crate::Client::state), [`status`](crate::Client::status), which is parsed, [`pid`](crate::Client::pid) |
//! | `StateEvent`, `HoldEvent`, `EchoEvent`, `ByteCountEvent` | [`Event::State`](crate::Event::State), [`Hold`](crate::Event::Hold), [`Echo`](crate::Event::Echo), [`ByteCount`](crate::Event::ByteCount) and [`ByteCountClient`](crate::Event::ByteCountClient) |
//! | `UnknownEvent`, `MalformedEvent` | [`Event::Unknown`](crate::Event::Unknown), [`Event::Malformed`](crate::Event::Malformed) |
//! | `MgmtListener`, `IncomingConn` | [`Listener`](crate::Listener) |
//!
//! A number that cannot be read is an `Event::Malformed` here, and no zero.
//!
//! # From `openvpn-mgmt-codec`
//! That crate is a codec: it encodes commands and decodes messages, and leaves to you who reads, which reply is whose, and what
//! becomes of a connection. It has fewer moving parts, runs over `tokio_util::codec::Framed`, and its round trip in one
//! thread is a little faster, as nothing stands between you and the socket. This crate owns the connection with one task.
//! What comes over the wire is the same:
//!
//! | `openvpn-mgmt-codec` | here |
//! | --- | --- |
//! | `Framed::new(stream, OvpnCodec::new())` | [`attach(stream)`](crate::attach) |
//! | `management_split(framed)` | [`Session::split`](crate::Session::split): [`Client`](crate::Client), [`Events`](crate::Events), [`Requests`](crate::Requests) |
//! | `ManagementSession::new(framed)` | [`Session::client`](crate::Session::client), whose methods take `&self` |
//! | `sink.pid().await?; events.recv_response().await?` | `client.pid().await?`, from any task |
//! | `drain_notifications()` | nothing is stashed: [`Events::next`](crate::Events::next) |
//! | `OvpnCommand::Status(StatusFormat::V3)` | [`command::Status`](crate::command::Status)`(StatusFormat::V3)`, sent by [`Client::send`](crate::Client::send) |
//! | `OvpnCommand::Raw(text)` | [`raw_command`](crate::Client::raw_command), which is told the form of the reply |
//! | `Notification::State { … }` | [`Event::State`](crate::Event::State) |
//! | `Notification::Password(PasswordNotification::NeedAuth { … })` | [`Request::Credentials`](crate::Request::Credentials), which has the answer |
//! | `Notification::Client { event: ClientEvent::Connect, cid, kid, env }` | [`Request::ClientConnect`](crate::Request::ClientConnect) |
//! | `session.client_auth(cid, kid, lines)` | [`ClientRequest::allow_with`](crate::ClientRequest::allow_with) |
//! | `session.client_deny(ClientDeny { … })` | [`ClientRequest::deny`](crate::ClientRequest::deny) |
//! | `connection_sequence(5)` | `state_on`, `bytecount`, `log_on`, `hold_release`; for each session of a link [`Link::set_up`](crate::Link::set_up) |
//! | `Redacted` | [`Secret`](crate::Secret), wiped when dropped; `[redacted]` in `Debug`, and without `Display` |
//! | `EncoderMode::Sanitize`, the default, which strips | always refused, by an error that names the argument |
//! | `SessionError::ServerError(text)` | [`Error::Refused`](crate::Error::Refused) |
//! | `AccumulationLimit` | [`Builder::line_limit`](crate::Builder::line_limit), [`reply_limit`](crate::Builder::reply_limit), [`env_limit`](crate::Builder::env_limit) |
//!
//! Where both were driven through the same 24 scenarios with the same fake daemons, what came of each is written in
//! `crates/openvpn-mgmt-test/examples/peer/seen.txt`; speeds of both, in one run, are in the README.
