//! Every plain type is made without a daemon: what a user's unit tests are made of.
//!
//! What is not here is not plain: a connection and its handles; requests, attempts and outcomes, which come with the test
//! kit; and a [`Peer`](openvpn_mgmt::Peer), an identity, which a live connection alone gives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use openvpn_mgmt::challenge::{
    ChallengeFlags, ClientPassword, Crv1, DynamicChallenge, MalformedResponse, StaticChallenge,
};
use openvpn_mgmt::command::{
    self, AnyCommand, Channel, Fence, HistoryOf, LexerProblem, Notifications, ParseCommandError,
    RawCommand,
};
use openvpn_mgmt::demux::{self, LineTooLong};
use openvpn_mgmt::events::{
    BadField, ByteCount, ByteCountClient, ClientEvent, CrResponse, Echo, Env, Fatal, Hold, InfoMsg,
    LineRef, LogFileFormat, LogFileLevel, LogFileLine, LogFileTime, LogFlags, LogLine, Malformed,
    NeedCertificate, NeedOk, NeedStr, Notify, Password, PkSign, Pkcs11IdCount, Pkcs11IdEntry,
    ProxyProtocol, ProxyQuery, Realm, RemotePort, RemoteQuery, SaltLength, SecretText,
    SessionState, SignAlgorithm, SignCommand, SsoMethod, State, StateField, Stray, Unknown, UpDown,
    WebAuth, WebAuthFlag, WebAuthProxy,
};
use openvpn_mgmt::handler::{
    AskError, Attempt, AttemptKind, CredentialsAnswer, CredentialsPrompt, Decision, Delivery,
    Drained, PasswordPrompt, ResponsePrompt, Verdict, WebAuthPrompt,
};
use openvpn_mgmt::reply::{
    Admission, ClientStatistics, DaemonVersion, Help, KillReport, LoadStats, NetworkChange,
    PushUpdate, RawReply, RemoteEntry, RemoteEntryCount, ReplyLine, Route, Scalar, ServerStatus,
    StatusClient, StatusFile, StatusTime, UnreadRow, Version,
};
use openvpn_mgmt::{
    AcceptError, ArgumentProblem, AuthRetry, Backoff, Builder, Challenge, Cid, CloseReason,
    Dialect, Dialer, DroppedRequest, Endpoint, EnvFilter, Error, Event, History, Info, Kid,
    KillTarget, Lagged, LinkStatus, LocalTime, MacAddress, Missed, Origin, Orphan, OrphanPolicy,
    Overflow, ParseError, PasswordError, PeerConfig, PeerEnd, PendingAuth, Picture, Protocol,
    ProxyAction, RealAddress, Refusal, RemoteAction, ReplyShape, Request, Secret, Signal,
    StateName, Status, StatusFormat, Text, Transport, Trouble, VirtualAddress, WhileAway,
    WriteError, attach,
};

use openvpn_mgmt_test::FakeDaemon;

/// Takes a value of a type that a test can compare and show.
#[allow(clippy::needless_pass_by_value, reason = "so that a list of them reads well")]
fn made<T: Clone + PartialEq + Debug>(value: T) {
    assert_eq!(value.clone(), value);
}

/// Takes a value of a type that a test can show.
#[allow(clippy::needless_pass_by_value, reason = "so that a list of them reads well")]
fn shown<T: Debug>(value: T) {
    assert!(!format!("{value:?}").is_empty());
}

fn event(line: &'static str) -> Event {
    Event::parse(&Bytes::from_static(line.as_bytes()))
}

fn env() -> Env {
    Env::builder()
        .set("common_name", "alice")
        .set("untrusted_port", "x")
        .trusted(true)
        .build()
        .unwrap()
}

#[test]
fn words_and_numbers() {
    made::<Text>("alice".into());
    made::<Secret>("hunter2".into());
    made(SecretText::new("hunter2".into()));
    made::<(Cid, Kid)>((7.into(), 1.into()));
    made::<(RealAddress, VirtualAddress)>((
        "192.0.2.1:5".parse().unwrap(),
        "10.8.0.2".parse().unwrap(),
    ));
    made::<(Protocol, MacAddress)>((Protocol::Udp4, [0; 6].into()));
    made::<LocalTime>("2026-11-22 07:23:58".parse().unwrap());
    made::<ParseError>("x".parse::<Cid>().unwrap_err());
    made(Dialect::openvpn(2, 6, 14));
    made::<Endpoint>("127.0.0.1:7505".into());
    made((
        StateName::Connected,
        StateField::RemoteAddr,
        Realm::Auth,
        SessionState::Initial,
        SsoMethod::CrText,
    ));
    made((RemotePort::from(1194), ProxyProtocol::Tcp, SignCommand::PkSig, SaltLength::Max));
    made((
        Signal::Sighup,
        Transport::Udp,
        StatusFormat::V3,
        AuthRetry::None,
        EnvFilter::All,
        Channel::Log,
    ));
    made((
        History::All,
        KillTarget::CommonName("alice".into()),
        RemoteAction::Accept,
        ProxyAction::None,
    ));
    made((
        ReplyShape::Fenced(Fence::AtOnce),
        AttemptKind::Connect,
        Admission::Waiting,
        Trouble::Busy,
    ));
    made((
        OrphanPolicy::default(),
        WhileAway::default(),
        DroppedRequest::default(),
        Overflow::default(),
    ));
    shown(Backoff::default());
    let line = Bytes::from_static(b"HOLD:x");
    shown(LineRef::from(&line));
}

#[test]
fn events() {
    let alice = env();
    for event in [
        Event::ByteCount(ByteCount::new(1, 2)),
        Event::ByteCountClient(ByteCountClient::new(Cid(0), 1, 2)),
        Event::Client(ClientEvent::connect(Cid(0), Kid(1), alice.clone())),
        Event::Client(ClientEvent::cr_response(Cid(0), Kid(1), "MTIz", alice.clone())),
        Event::Client(ClientEvent::address(Cid(0), "10.8.0.2", true)),
        Event::Echo(Echo::new(1, "text")),
        Event::Fatal(Fatal::new("text")),
        Event::Hold(Hold::new(0)),
        Event::Info(Info::greeting(5)),
        Event::InfoMsg(InfoMsg::cr_text(ChallengeFlags::new("R,E"), "Code?")),
        Event::Log(LogLine::new(1, LogFlags::new("W").unwrap(), "text")),
        Event::NeedOk(NeedOk::new("token", "Insert it")),
        Event::NeedStr(NeedStr::new("name", "Name?")),
        Event::NeedCertificate(NeedCertificate::new("hint")),
        Event::Notify(Notify::info("server-pushed-halt", "bye")),
        Event::Password(Password::need_user_pass(
            Realm::Auth,
            Some(StaticChallenge::new(1, "Code?")),
        )),
        Event::Password(Password::auth_token("token")),
        Event::PkSign(PkSign::new(SignCommand::PkSig, b"digest")),
        Event::Pkcs11IdCount(Pkcs11IdCount::new(1)),
        Event::Pkcs11IdEntry(Pkcs11IdEntry::new(0, "id", b"certificate")),
        Event::Proxy(ProxyQuery::new(1, ProxyProtocol::Tcp, "vpn.example.com")),
        Event::Remote(RemoteQuery::new("vpn.example.com", 1194.into(), "udp")),
        Event::State(State::new(1, StateName::Wait)),
        Event::UpDown(UpDown::new(openvpn_mgmt::events::Direction::Up, alice)),
        Event::Stray(Stray::new(Bytes::from_static(b"ERROR: x"))),
    ] {
        made(event);
    }
}

#[test]
fn parts_of_events() {
    let proxy = WebAuthProxy::new("proxy", 3128, "alice", "hunter2".into());
    made(WebAuth::new([WebAuthFlag::Hidden, WebAuthFlag::Proxy(proxy)], "https://sso/"));
    made((SignAlgorithm::ecdsa(None), SignAlgorithm::pss("SHA256", SaltLength::Digest)));
    let Event::Unknown(unknown) = event("FOO:bar") else { panic!() };
    made::<Unknown>(unknown);
    let Event::Malformed(malformed) = event("BYTECOUNT:x") else { panic!() };
    made::<Malformed>(malformed);
    let ClientEvent::CrResponse { response, .. } =
        ClientEvent::cr_response(Cid(0), Kid(1), "MTIz", env())
    else {
        panic!()
    };
    made::<CrResponse>(response);
    made::<BadField>(env().untrusted_port().unwrap_err());
    let line = LogFileLine::parse("1.000000 41 text", LogFileFormat::MachineReadable);
    made((line, LogFileLevel::new(0x41), LogFileTime::Unix { seconds: 1, microseconds: 0 }));
    made(demux::Item::Reply(Bytes::from_static(b"SUCCESS: x")));
}

#[test]
fn replies() {
    let since = StatusTime::new("2026-11-22 07:23:59", 1_795_332_239);
    let alice = StatusClient::builder("alice", "192.0.2.1:5000", since.clone()).build().unwrap();
    let route = Route::new("10.8.0.2", "alice", "192.0.2.1:5000", &since).unwrap();
    made(Status::Server(ServerStatus::new("OpenVPN 2.6.14", since, [alice], [route])));
    let mut statistics = ClientStatistics::default();
    statistics.tcp_udp_read_bytes = Some(1);
    made(Status::Client(statistics));
    made(StatusFile::parse("OpenVPN STATISTICS\nEND\n").unwrap());
    made((RawReply::success("pid=7"), RawReply::block(vec![Bytes::from_static(b"row")])));
    made((DaemonVersion::new(2, 6, 14), Version::new("OpenVPN 2.6.14 x86_64-pc-linux-gnu", 5)));
    made((LoadStats::new(1, 2, 3), PushUpdate::new(1), RemoteEntryCount(1), Scalar::Pid(7)));
    made(KillReport::by_common_name(&"alice".into(), 1));
    made(Help::new("Management Interface for OpenVPN", ["pid".into()]));
    made(RemoteEntry::new(0, "vpn.example.com", "1194", Protocol::Udp));
    made(ReplyLine::Error("x".into()));
    made(NetworkChange::parse(&RawReply::default()).unwrap());
    let rows = RawReply::block(vec![Bytes::from_static(b"row")]);
    let unread: UnreadRow = RemoteEntry::parse(&rows).remove(0).unwrap_err();
    made(unread);
}

#[test]
fn commands() {
    made(HistoryOf::<State>::new(20));
    made(Notifications::on(Channel::State));
    made(RawCommand::new("pid", ReplyShape::Line));
    made(PeerConfig::new().push("route 10.1.0.0 255.255.0.0").unwrap());
    made(PendingAuth::web_auth("https://sso/"));
    shown(AnyCommand::new(command::Pid));
    let errors: [ParseCommandError; 2] = [
        command::parse("", Dialect::new(5)).unwrap_err(),
        ParseCommandError::Unreadable(LexerProblem::OpenQuote),
    ];
    made(errors);
}

#[test]
fn what_handlers_are_asked_and_answer() {
    let mut prompt = CredentialsPrompt::new(Realm::Auth);
    prompt.challenge = Some(Challenge::from(StaticChallenge::new(1, "Code?")));
    prompt.refusal = Some(Refusal::new(Some("wrong".into())));
    shown(prompt);
    let mut token = PasswordPrompt::new("my token");
    token.refusal = Some(Refusal::new(None));
    shown(token);
    shown(ResponsePrompt::new("Code?", true));
    let mut page = WebAuthPrompt::new("https://sso/");
    page.flags.push(WebAuthFlag::External);
    shown(page);
    shown(CredentialsAnswer::default());
    made([Decision::Allow, Decision::deny_with("no", "ask")]);
    let flags = ChallengeFlags::new("R,E");
    made(Challenge::from(DynamicChallenge::new(flags, "state", "alice", "Code?")));
    made(Crv1::new("state", "alice", "Code?").unwrap());
    made((ClientPassword::Plain("x".into()), MalformedResponse));
    shown((Verdict::deny("no"), Delivery::Sent, Drained::default(), AskError::NoResponse));
}

#[test]
fn of_connections() {
    made((Origin::new("udp", 1), Picture::default(), Lagged(3)));
    made([Dialer::process(7, 0, 0), Dialer::from(std::net::SocketAddr::from(([192, 0, 2, 1], 5)))]);
    shown(Missed::default());
    let error = Error::PasswordRejected;
    shown(AcceptError::new(Some(Dialer::process(7, 0, 0)), error.clone()));
    let until = tokio::time::Instant::now() + Duration::from_secs(5);
    shown([
        LinkStatus::connecting(1),
        LinkStatus::waiting(until, Some(error)),
        LinkStatus::connected(1),
    ]);
    shown((PeerEnd::Disconnected, CloseReason::Io(Arc::new(io::ErrorKind::BrokenPipe.into()))));
    shown(Builder::new());
    // One that was found holds an identity, so it is not made.
    let _ = size_of::<Orphan>();
}

#[test]
fn errors() {
    let problem = ArgumentProblem::Empty;
    shown(Error::InvalidArgument {
        command: "kill",
        argument: "common name",
        problem: problem.clone(),
    });
    made(problem);
    made(WriteError::LineEnd { field: "text" });
    made(PasswordError::Malformed(MalformedResponse));
    shown(LineTooLong { limit: 7 });
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_made_of_a_request() {
    let fake = FakeDaemon::v2_6().server().client_connects("alice", |client| client.password("x"));
    let (_client, _events, mut requests) = attach(fake.connect().unwrap()).await.unwrap().split();
    let Some(Request::ClientConnect(request)) = requests.next().await else { panic!() };
    let attempt = Attempt::from_request(request, AttemptKind::Connect);
    assert!(attempt.is_open() && attempt.is_user("alice").unwrap());
    let deadline = attempt.deadline();
    let asked = attempt.ask("Code?", true, Duration::from_secs(20)).await;
    assert!(matches!(asked, Err(AskError::NoResponse)), "{asked:?}");
    assert_eq!(attempt.deadline(), deadline + Duration::from_secs(20));
    fake.hears("client-pending-auth 0 1").await.unwrap();
}
