//! Every answer to a request: dropped at every poll, it was sent whole or the request comes again.

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use openvpn_mgmt::challenge::Crv1;
use openvpn_mgmt::{Builder, PendingAuth, Request};
use openvpn_mgmt_test::FakeDaemon;
use tokio::time::timeout;

use crate::stepped::{Call, at_every_poll, polled};
use crate::world::World;

/// How a request comes about.
#[derive(Clone, Copy)]
enum Asked {
    /// The daemon says these lines; it takes whatever is answered.
    By(&'static [&'static str]),
    /// A daemon of this kind asks it by itself.
    Of(fn() -> FakeDaemon),
    /// A client connects.
    ByClient,
    /// A client responds to what it was asked.
    ByResponse,
}

/// An answer, whose result is told in words.
struct Answer {
    name: &'static str,
    asked: Asked,
    is_asked: fn(&Request) -> bool,
    call: fn(Request) -> Call<String>,
}

/// Lists answers with their arguments: the name that counts as tested is that of what is called.
macro_rules! answers {
    ($list:ident: $($variant:ident: $of:ident.$method:ident($($argument:expr),*) $asked:expr;)*) => {
        const $list: &[Answer] = &[$(Answer {
            name: concat!(stringify!($of), "::", stringify!($method)),
            asked: $asked,
            is_asked: |request| matches!(request, Request::$variant(_)),
            call: |request| Box::pin(async move {
                let Request::$variant(request) = request else { panic!("{request:?}") };
                let request: openvpn_mgmt::$of = request;
                // What it gives beside may differ; it is dropped here.
                format!("{:?}", request.$method($($argument),*).await.map(drop))
            }),
        }),*];
    };
}

const HOLD: Asked = Asked::By(&[">HOLD:Waiting for hold release:0"]);
const CREDENTIALS: Asked = Asked::By(&[">PASSWORD:Need 'Auth' username/password"]);
const STATIC: Asked = Asked::By(&[">PASSWORD:Need 'Auth' username/password SC:1,Code?"]);
const DYNAMIC: Asked = Asked::By(&[
    ">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:state:YWxpY2U=:Code?']",
    ">PASSWORD:Need 'Auth' username/password",
]);
const KEY: Asked = Asked::By(&[">PASSWORD:Need 'Private Key' password"]);
const PASSWORD_STATIC: Asked = Asked::By(&[">PASSWORD:Need 'Auth' password SC:1,Code?"]);
const PASSWORD_DYNAMIC: Asked = Asked::By(&[
    ">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:state:YWxpY2U=:Code?']",
    ">PASSWORD:Need 'Auth' password",
]);
const USERNAME: Asked = Asked::By(&[">PASSWORD:Need 'Auth' username"]);
const TOKEN: Asked =
    Asked::By(&[">NEED-OK:Need 'token-insertion-request' confirmation MSG:Please insert it"]);
const IDENTITY: Asked =
    Asked::By(&[">NEED-STR:Need 'pkcs11-id-request' string MSG:Please specify it"]);
const CODE: Asked = Asked::By(&[">INFOMSG:CR_TEXT:R,E:Code?"]);
const PAGE: Asked = Asked::By(&[">INFOMSG:WEB_AUTH::https://sso.example/"]);
const AUTH_TOKEN: Asked = Asked::By(&[">PASSWORD:Auth-Token:SESS_ID_AT_AAAA"]);
const SIGNATURE: Asked = Asked::Of(|| FakeDaemon::v2_6().external_key("pkcs1"));
const CERTIFICATE: Asked = Asked::Of(|| FakeDaemon::v2_6().external_cert("a hint"));
const REMOTE: Asked = Asked::Of(|| FakeDaemon::v2_6().query_remote());
const PROXY: Asked = Asked::Of(|| FakeDaemon::v2_6().tcp().query_proxy());

const CONFIG: [&str; 2] =
    ["push \"route 10.1.0.0 255.255.0.0\"", "push \"route 10.2.0.0 255.255.0.0\""];
const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
const MINUTE: Duration = Duration::from_secs(60);

answers! { PROMPTS:
    Hold: HoldRequest.release() HOLD;
    Credentials: CredentialsRequest.answer("alice", "hunter2") CREDENTIALS;
    Credentials: CredentialsRequest.answer_with_response("alice", "hunter2", "123456") STATIC;
    Credentials: CredentialsRequest.respond("123456") DYNAMIC;
    PrivateKeyPassword: PasswordRequest.answer("sesame") KEY;
    PrivateKeyPassword: PasswordRequest.answer_with_response("hunter2", "123456") PASSWORD_STATIC;
    PrivateKeyPassword: PasswordRequest.respond("123456") PASSWORD_DYNAMIC;
    Username: UsernameRequest.answer("alice") USERNAME;
    NeedOk: NeedOkRequest.ok() TOKEN;
    NeedOk: NeedOkRequest.cancel() TOKEN;
    NeedOk: NeedOkRequest.answer("an answer") TOKEN;
    NeedStr: NeedStrRequest.answer("an identity") IDENTITY;
    Challenge: ChallengeRequest.answer("123456") CODE;
    Sign: SignRequest.answer([1; 60]) SIGNATURE;
    Certificate: CertificateRequest.answer(PEM) CERTIFICATE;
    Remote: RemoteRequest.accept() REMOTE;
    Remote: RemoteRequest.skip() REMOTE;
    Remote: RemoteRequest.modify("vpn.example.com", 1194) REMOTE;
    Proxy: ProxyRequest.none() PROXY;
    Proxy: ProxyRequest.http("proxy.example.com", 3128, true) PROXY;
    Proxy: ProxyRequest.socks("proxy.example.com", 1080) PROXY;
}

answers! { CLIENTS:
    ClientConnect: ClientRequest.allow() Asked::ByClient;
    ClientConnect: ClientRequest.allow_with(CONFIG) Asked::ByClient;
    ClientConnect: ClientRequest.deny("not on the list", Some("ask your admin")) Asked::ByClient;
    ClientConnect: ClientRequest.challenge(&Crv1::new("state", "alice", "Code?").unwrap()) Asked::ByClient;
    ClientConnect: ClientRequest.pending(&PendingAuth::web_auth("https://sso.example/"), MINUTE) Asked::ByClient;
    ClientResponse: ClientResponse.allow() Asked::ByResponse;
    ClientResponse: ClientResponse.allow_with(CONFIG) Asked::ByResponse;
    ClientResponse: ClientResponse.deny("wrong", None) Asked::ByResponse;
}

/// [`Request::decline`], of each kind that it sends something for.
const DECLINED: &[Answer] = &[
    declined(TOKEN, |request| matches!(request, Request::NeedOk(_))),
    declined(REMOTE, |request| matches!(request, Request::Remote(_))),
    declined(PROXY, |request| matches!(request, Request::Proxy(_))),
    declined(Asked::ByClient, |request| matches!(request, Request::ClientConnect(_))),
    declined(Asked::ByResponse, |request| matches!(request, Request::ClientResponse(_))),
];

const fn declined(asked: Asked, is_asked: fn(&Request) -> bool) -> Answer {
    let call: fn(Request) -> Call<String> =
        |request| Box::pin(async move { format!("{:?}", request.decline().await) });
    Answer { name: "Request::decline", asked, is_asked, call }
}

/// A request that is waited with until nobody wants its answer any more.
struct Wait {
    name: &'static str,
    asked: Asked,
    is_asked: fn(&Request) -> bool,
    call: for<'a> fn(&'a Request) -> Call2<'a>,
}

type Call2<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Lists what can be waited with.
macro_rules! waits {
    ($($variant:ident: $of:ident $asked:expr;)*) => {
        const WAITS: &[Wait] = &[
            Wait {
                name: "Request::withdrawn",
                asked: HOLD,
                is_asked: |request| matches!(request, Request::Hold(_)),
                call: |request| Box::pin(request.withdrawn()),
            },
            $(Wait {
                name: concat!(stringify!($of), "::withdrawn"),
                asked: $asked,
                is_asked: |request| matches!(request, Request::$variant(_)),
                call: |request| {
                    let Request::$variant(request) = request else { panic!("{request:?}") };
                    let request: &openvpn_mgmt::$of = request;
                    Box::pin(request.withdrawn())
                },
            }),*
        ];
    };
}

waits! {
    Hold: HoldRequest HOLD;
    Credentials: CredentialsRequest CREDENTIALS;
    PrivateKeyPassword: PasswordRequest KEY;
    Username: UsernameRequest USERNAME;
    Challenge: ChallengeRequest CODE;
    WebAuth: WebAuthRequest PAGE;
    AuthToken: AuthTokenRequest AUTH_TOKEN;
    Sign: SignRequest SIGNATURE;
    ClientConnect: ClientRequest Asked::ByClient;
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let answers = [PROMPTS, CLIENTS, DECLINED].into_iter().flatten().map(|answer| answer.name);
    answers.chain(WAITS.iter().map(|wait| wait.name))
}

impl Asked {
    fn daemon(self) -> FakeDaemon {
        match self {
            Self::By(_) => FakeDaemon::v2_6()
                .answers("hold release", &["SUCCESS: hold release succeeded"])
                .answers("username", &["SUCCESS: 'Auth' username entered, but not yet verified"])
                .answers("password", &["SUCCESS: 'Auth' password entered, but not yet verified"])
                .answers(
                    "needok",
                    &["SUCCESS: 'x' needok-confirmation entered, but not yet verified"],
                )
                .answers("needstr", &["SUCCESS: 'x' needstr-string entered, but not yet verified"]),
            Self::Of(daemon) => daemon(),
            Self::ByClient => FakeDaemon::v2_6().server().client_connects("alice", |client| client),
            Self::ByResponse => FakeDaemon::v2_6().server().client_connects("alice", |client| {
                client.peer_info("IV_SSO", "crtext").answers("123456")
            }),
        }
    }

    /// The request that is to be answered.
    async fn request(self, world: &mut World, is_asked: fn(&Request) -> bool) -> Request {
        if let Self::By(lines) = self {
            world.fake.with(|daemon| lines.iter().for_each(|line| daemon.says(line)));
        }
        if let Self::ByResponse = self {
            let Some(Request::ClientConnect(client)) = world.requests.next().await else {
                panic!()
            };
            drop(client.pending(&PendingAuth::cr_text("Code?", true), MINUTE).await.unwrap());
        }
        let request = world.requests.next().await.unwrap();
        assert!(is_asked(&request), "{request:?}");
        world.written.commands();
        request
    }
}

/// What came of an answer that was dropped.
struct Outcome {
    result: Option<String>,
    written: Vec<String>,
    again: Option<String>,
}

async fn dropped_after(polls: usize, answer: &Answer, pipeline: usize) -> Outcome {
    let builder = Builder::new().pipeline(pipeline);
    let mut world = World::of(answer.asked.daemon(), &builder).await;
    let request = answer.asked.request(&mut world, answer.is_asked).await;
    let result = polled(polls, (answer.call)(request)).await;
    // The session lives, and what was called next has its own reply.
    assert_eq!(world.client.pid().await.unwrap(), 4711, "{} after {polls}", answer.name);
    let again = match timeout(Duration::from_millis(100), world.requests.next()).await {
        Ok(Some(request)) if request.is_again() => {
            assert!((answer.is_asked)(&request) && request.unsent_error().is_none());
            Some((answer.call)(request).await)
        }
        Ok(Some(_)) | Err(_) => None,
        Ok(None) => panic!("{} after {polls}: the session is over", answer.name),
    };
    let mut written = world.written.commands();
    written.retain(|command| command != "pid");
    world.ends(answer.name).await;
    Outcome { result, written, again }
}

/// The answer is whole once, behind what a dropped one had sent of several commands.
async fn hold(answer: &Answer, pipeline: usize) {
    let name = answer.name;
    let whole = dropped_after(usize::MAX, answer, pipeline).await;
    let result = whole.result.unwrap();
    assert!(result.starts_with("Ok"), "{name}: {result}");
    assert_eq!(whole.again, None, "{name}");
    // It settles nothing: not known to be done, it is to be done again.
    let keeps_open = name == "ClientRequest::pending";
    let came_again = Cell::new(0);
    at_every_poll(name, |polls| {
        let (whole, result, came_again) = (&whole.written, &result, &came_again);
        async move {
            let Outcome { result: told, written, again } =
                dropped_after(polls, answer, pipeline).await;
            let what = format!("{name} after {polls} polls: {written:?}");
            if polls == 0 {
                // It counts as no answer.
                assert!(written.is_empty() && again.is_none(), "{what}");
                return false;
            }
            match again {
                Some(again) => {
                    came_again.set(came_again.get() + 1);
                    assert_eq!(&again, result, "{what}");
                    let sent = written.len().checked_sub(whole.len()).expect(&what);
                    assert!(
                        written.ends_with(whole) && whole.starts_with(&written[..sent]),
                        "{what}"
                    );
                    assert!(sent < whole.len() || keeps_open, "twice: {what}");
                    assert_eq!(told, None, "{what}");
                }
                None => assert!(&written == whole && (!keeps_open || told.is_some()), "{what}"),
            }
            told.inspect(|told| assert_eq!(told, result, "{what}")).is_some()
        }
    })
    .await;
    assert!(came_again.get() > 0, "{name} was never dropped before it was sent");
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_prompt_is_sent_whole_once_or_asked_for_again() {
    for answer in PROMPTS {
        hold(answer, 1).await;
        hold(answer, 8).await;
    }
}

#[tokio::test(start_paused = true)]
async fn so_is_one_about_a_client_and_one_that_declines() {
    for answer in CLIENTS.iter().chain(DECLINED) {
        hold(answer, 1).await;
        hold(answer, 8).await;
    }
}

/// Waiting for it takes nothing of a request.
#[tokio::test(start_paused = true)]
async fn what_waits_for_a_withdrawal_can_be_dropped_and_waits_again() {
    for wait in WAITS {
        for polls in 0..5 {
            let mut world = World::of(wait.asked.daemon(), &Builder::new()).await;
            let request = wait.asked.request(&mut world, wait.is_asked).await;
            for _ in 0..3 {
                assert!(polled(polls, (wait.call)(&request)).await.is_none(), "{}", wait.name);
            }
            world.fake.with(openvpn_mgmt_test::Daemon::hangs_up);
            let withdrawn = timeout(MINUTE, (wait.call)(&request)).await;
            assert!(withdrawn.is_ok(), "{} after {polls}", wait.name);
            assert!(polled(1, (wait.call)(&request)).await.is_some(), "{}", wait.name);
            drop(request);
            world.ends(wait.name).await;
        }
    }
}
