//! How a connection begins, and what is told where none does.

use std::time::Duration;

use openvpn_mgmt::{Builder, CloseReason, Error, Result, Session};
use tokio::io::{AsyncRead, AsyncWrite};

use openvpn_mgmt_test::scripted::{PROMPT, beside, client, pipe};

/// Connects without collecting requests, which would send a `state on` of its own.
async fn attach<S: AsyncRead + AsyncWrite + Send + 'static>(stream: S) -> Result<Session> {
    Builder::new().requests(false).attach(stream).await
}

#[tokio::test(start_paused = true)]
async fn a_greeting_needs_a_number_and_nothing_behind_it() {
    let (ours, mut daemon) = pipe();
    daemon.says(">INFO:OpenVPN Management Interface Version 5\r\n").await;
    assert_eq!(attach(ours).await.unwrap().client().management_version(), 5);
    let start = tokio::time::Instant::now();
    let greeting = "INFO:OpenVPN Management Interface Version -- type 'help' for more info";
    let (ours, mut daemon) = pipe();
    daemon.says(format!(">{greeting}\r\n")).await;
    let error = attach(ours).await.unwrap_err();
    assert!(matches!(&error, Error::NotOpenVpn { line } if *line == greeting), "{error}");
    assert_eq!(start.elapsed(), Duration::ZERO, "it is told at once");
}

#[tokio::test(start_paused = true)]
async fn what_came_in_place_of_a_greeting_is_named() {
    for (says, named) in [
        (">INFO:hello\r\n>INFO:again\r\n", "INFO:hello"),
        ("220 mail.example.com", "220 mail.example.com"),
        (">INFO:OpenVPN Management Inter", "INFO:OpenVPN Management Inter"),
    ] {
        let (ours, mut daemon) = pipe();
        daemon.says(says).await;
        let error = attach(ours).await.unwrap_err();
        assert!(matches!(&error, Error::NotOpenVpn { line } if *line == named), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_manager_learns_why_there_is_no_greeting() {
    let (ours, _daemon) = pipe();
    let error = attach(ours).await.unwrap_err();
    assert!(matches!(error, Error::NoGreeting { .. }));
    assert!(error.to_string().contains("another management client may hold the session"));
}

#[tokio::test]
async fn a_socket_that_is_not_openvpn() {
    let (ours, mut other) = pipe();
    other.says("220 mail.example.com ESMTP\r\n").await;
    let error = attach(ours).await.unwrap_err();
    assert!(
        matches!(error, Error::NotOpenVpn { ref line } if *line == "220 mail.example.com ESMTP")
    );
    let (ours, mut other) = pipe();
    other.says("* OK no line end").await;
    drop(other);
    assert!(matches!(attach(ours).await, Err(Error::NotOpenVpn { .. })));
    let (ours, other) = pipe();
    drop(other);
    assert!(matches!(attach(ours).await, Err(Error::Closed(CloseReason::Remote))));
}

#[tokio::test]
async fn an_unreachable_address() {
    let error = openvpn_mgmt::connect("/nonexistent/openvpn.sock").await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }));
    assert!(error.to_string().starts_with("cannot connect to /nonexistent/openvpn.sock: "));
    // Bound, so that nobody else takes it, and not listening.
    let silent = tokio::net::TcpSocket::new_v4().unwrap();
    silent.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = silent.local_addr().unwrap();
    assert!(matches!(openvpn_mgmt::connect(address).await, Err(Error::Connect { .. })));
}

#[tokio::test]
async fn the_management_password() {
    let builder = Builder::new().requests(false);
    let (ours, mut daemon) = pipe();
    let right = builder.clone().password("s3cret pass");
    let session = beside(right.attach(ours), async {
        daemon.asks_password("s3cret pass").await.greets(5).await;
    });
    assert_eq!(session.await.unwrap().client().management_version(), 5);

    let (ours, mut daemon) = pipe();
    let wrong = builder.clone().password("wrong");
    let result = beside(wrong.attach(ours), async {
        daemon.says(PROMPT).await.hears("wrong").await.says(PROMPT).await;
    });
    assert!(matches!(result.await, Err(Error::PasswordRejected)));

    let (ours, mut daemon) = pipe();
    daemon.says(PROMPT).await;
    assert!(matches!(attach(ours).await, Err(Error::PasswordRequired)));
    assert!(daemon.is_closed().await, "and nothing was sent");

    let (ours, mut silent) = pipe();
    let result = Builder::new().password("two\nlines").attach(ours).await;
    assert!(matches!(result, Err(Error::InvalidArgument { argument: "password", .. })));
    assert!(silent.is_closed().await, "and nothing was sent");
}

#[tokio::test]
async fn settings_at_their_extremes_still_connect() {
    type Set = fn(Builder) -> Builder;
    let settings: [(&str, Set); 10] = [
        ("event_capacity", |builder| builder.event_capacity(usize::MAX)),
        ("event_capacity", |builder| builder.event_capacity(0)),
        ("pipeline", |builder| builder.pipeline(usize::MAX).pipeline(0)),
        ("pipeline", |builder| builder.pipeline(usize::MAX)),
        ("line_limit", |builder| builder.line_limit(usize::MAX)),
        ("reply_limit", |builder| builder.reply_limit(usize::MAX)),
        ("command_timeout", |builder| builder.command_timeout(Duration::MAX)),
        ("greeting_timeout", |builder| builder.greeting_timeout(Duration::MAX)),
        ("connect_timeout", |builder| builder.connect_timeout(Duration::MAX)),
        ("request_limit", |builder| {
            builder.request_limit(usize::MAX).request_limit_per_address(usize::MAX)
        }),
    ];
    for (name, set) in settings {
        let (client, _events, mut daemon) = client(set(Builder::new())).await;
        let pid = beside(client.pid(), async {
            daemon.hears("pid").await.says("SUCCESS: pid=7\r\n").await;
        });
        assert_eq!(pid.await.unwrap(), 7, "{name}");
    }
}
