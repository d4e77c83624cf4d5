//! Pages to open and tokens to keep, which nobody waits for.

use crate::events::{InfoMsg, Password, WebAuthFlag};
use crate::requests::{AuthTokenRequest, WebAuthRequest};
use crate::session::tests::*;

async fn page(requests: &mut Requests) -> WebAuthRequest {
    match requests.next().await {
        Some(Request::WebAuth(page)) => page,
        other => panic!("not a page: {other:?}"),
    }
}

async fn token(requests: &mut Requests) -> AuthTokenRequest {
    match requests.next().await {
        Some(Request::AuthToken(token)) => token,
        other => panic!("not a token: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_newest_of_each_kind_is_kept() {
    let (session, mut d) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    d.says(">INFOMSG:WEB_AUTH::https://a/\r\n>PASSWORD:Auth-Token:one\r\n").await;
    d.says(">INFOMSG:OPEN_URL:https://b/\r\n>PASSWORD:Auth-Token:two\r\n").await;
    exchange(client.pid(), &mut d, "pid\n", "SUCCESS: pid=1\r\n").await.unwrap();
    let old = page(&mut requests).await;
    assert_eq!((old.url(), old.flags().len()), (&Secret::from("https://b/"), 0));
    assert_eq!(token(&mut requests).await.token(), &Secret::from("two"));
    // Also where the older one is in somebody's hands.
    d.says(">INFOMSG:WEB_AUTH:external:https://c/\r\n").await;
    let new = page(&mut requests).await;
    assert_eq!(
        (new.url(), new.flags()),
        (&Secret::from("https://c/"), &[WebAuthFlag::External][..])
    );
    old.withdrawn().await;
    assert!(new.handle().state().is_open());
}

#[tokio::test(start_paused = true)]
async fn a_restart_takes_them_back() {
    let (session, mut d) = start(Builder::new()).await;
    let (_client, _, mut requests) = session.split();
    d.says(">INFOMSG:OPEN_URL:https://a/\r\n>PASSWORD:Auth-Token:one\r\n").await;
    let (page, token) = (page(&mut requests).await, token(&mut requests).await);
    // One that nobody has taken is gone as well.
    d.says(">INFOMSG:OPEN_URL:https://b/\r\n>STATE:1,RECONNECTING,SIGUSR1,,,,,\r\n").await;
    d.says(">HOLD:Waiting for hold release:0\r\n").await;
    assert!(matches!(requests.next().await, Some(Request::Hold(_))));
    page.withdrawn().await;
    token.withdrawn().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_for_them() {
    let (session, mut d) = start(Builder::new()).await;
    let (client, _, mut requests) = session.split();
    for decline in [true, false] {
        d.says(">INFOMSG:OPEN_URL:https://a/\r\n>PASSWORD:Auth-Token:one\r\n").await;
        for _ in 0..2 {
            let request = requests.next().await.unwrap();
            assert!(!request.needs_answer() && !request.is_again());
            if decline {
                request.decline().await.unwrap();
            }
        }
    }
    exchange(client.pid(), &mut d, "pid\n", "SUCCESS: pid=1\r\n").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn events_tell_only_that_there_was_one() {
    let (session, mut d) = start(Builder::new()).await;
    let (_client, mut events, requests) = session.split();
    // Nor where nobody takes requests any more.
    drop(requests);
    d.says(">INFOMSG:OPEN_URL:https://a/\r\n>PASSWORD:Auth-Token:one\r\n").await;
    assert!(matches!(events.next().await, Some(Ok(Event::Info(_)))));
    let Some(Ok(Event::InfoMsg(InfoMsg::OpenUrl(url)))) = events.next().await else { panic!() };
    assert_eq!((url.expose(), url.len()), (None, 10));
    let Some(Ok(Event::Password(Password::AuthToken(token)))) = events.next().await else {
        panic!()
    };
    assert_eq!((token.expose(), token.len()), (None, 3));
}

#[tokio::test(start_paused = true)]
async fn fields_that_nobody_knows_are_in_the_clients_request() {
    let (session, mut d) = start(Builder::new()).await;
    let (_client, mut events, mut requests) = session.split();
    d.says(">CLIENT:CONNECT,0,1,new\r\n>CLIENT:ENV,END\r\n").await;
    let peer = next_client(&mut requests).await;
    assert_eq!(peer.extra().and_then(|extra| extra.expose_str()), Some("new"));
    assert!(matches!(events.next().await, Some(Ok(Event::Info(_)))));
    let Some(Ok(Event::Client(connect))) = events.next().await else { panic!() };
    assert!(connect.extra().is_some_and(|extra| extra.is_withheld() && extra.len() == 3));
    drop(peer);
}
