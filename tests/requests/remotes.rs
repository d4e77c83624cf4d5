//! Where a client connects to: remotes and proxies.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result, bail};
use openvpn_mgmt::events::{ProxyProtocol, Realm, RemotePort};
use openvpn_mgmt::{Request, StateName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::daemon::{Daemon, serving};
use lab::{ClientOptions, Lab, Port, Proto, ServerOptions, skip, within};

/// The next request about a remote; holds are released.
async fn remote(client: &mut Daemon) -> Result<openvpn_mgmt::RemoteRequest> {
    match client.past_holds().await? {
        Request::Remote(ask) => Ok(ask),
        other => bail!("not a remote: {other:?}"),
    }
}

#[tokio::test]
async fn a_remote_is_accepted_skipped_or_another() -> Result<()> {
    let lab = serving!("a_remote_is_accepted_skipped_or_another");
    let server = Daemon::server(&lab, ServerOptions::new().without_client_auth()).await?;
    let (port, nobody) = (server.process.port().context("no port")?, Port::reserve()?);
    let options = ClientOptions::new().without_auth_user_pass().query_remote();
    let options = options.remote("127.0.0.1", nobody.number(), Proto::Udp);
    // Where the name is ::1 first, a client that may use both would wait there for two minutes.
    let options = options.line(&format!("remote localhost {port} udp4"));
    let mut client = Daemon::client(&lab, options).await?;

    let ask = remote(&mut client).await?;
    assert_eq!(ask.remote().host, "127.0.0.1");
    assert_eq!(ask.remote().port, RemotePort::Number(nobody.number()));
    assert!(ask.remote().is_udp());
    ask.skip().await?;
    let ask = remote(&mut client).await?;
    assert_eq!(ask.remote().host, "localhost");
    ask.accept().await?;
    client.connected().await?;

    client.client.signal(openvpn_mgmt::Signal::Sigusr1).await?;
    let mut ask = remote(&mut client).await?;
    while ask.remote().port != RemotePort::Number(nobody.number()) {
        ask.skip().await?;
        ask = remote(&mut client).await?;
    }
    ask.modify("127.0.0.1", port).await?;
    client.connected().await?;
    Ok(())
}

/// What a client asked of a proxy.
#[derive(Debug, PartialEq)]
struct Wanted {
    target: SocketAddr,
    /// What followed `Proxy-Authorization: `.
    authorization: Option<String>,
}

/// A proxy that serves until the test ends.
struct Proxy {
    port: u16,
    wanted: mpsc::UnboundedReceiver<Wanted>,
}

impl Proxy {
    /// An HTTP proxy that knows CONNECT, and wants a name and password or does not.
    async fn http(wants_password: bool) -> Result<Self> {
        Self::serve(move |stream, log| http(stream, log, wants_password)).await
    }

    /// A SOCKS 5 proxy that knows CONNECT.
    async fn socks() -> Result<Self> {
        Self::serve(socks).await
    }

    async fn serve<F>(
        handle: impl Fn(TcpStream, mpsc::UnboundedSender<Wanted>) -> F + Send + 'static,
    ) -> Result<Self>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (log, wanted) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(handle(stream, log.clone()));
            }
        });
        Ok(Self { port, wanted })
    }

    async fn wanted(&mut self) -> Result<Wanted> {
        within("use of the proxy", self.wanted.recv()).await?.context("the proxy ended")
    }
}

async fn http(
    mut stream: TcpStream,
    log: mpsc::UnboundedSender<Wanted>,
    wants_password: bool,
) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head)?;
    let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    let target: SocketAddr = target.context("not CONNECT")?.parse()?;
    let authorization = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
    let refused = wants_password && authorization.is_none();
    log.send(Wanted { target, authorization: authorization.map(str::to_owned) })?;
    if refused {
        let answer = "HTTP/1.0 407 Who?\r\nProxy-Authenticate: Basic realm=\"lab\"\r\n\r\n";
        return Ok(stream.write_all(answer.as_bytes()).await?);
    }
    let mut server = TcpStream::connect(target).await?;
    stream.write_all(b"HTTP/1.0 200 Go\r\n\r\n").await?;
    copy_bidirectional(&mut stream, &mut server).await?;
    Ok(())
}

async fn socks(mut stream: TcpStream, log: mpsc::UnboundedSender<Wanted>) -> Result<()> {
    let mut hello = [0; 2];
    stream.read_exact(&mut hello).await?;
    let mut methods = vec![0; hello[1].into()];
    stream.read_exact(&mut methods).await?;
    stream.write_all(&[5, 0]).await?;
    // The daemon sends the host as a name, also where it is an address.
    let mut request = [0; 5];
    stream.read_exact(&mut request).await?;
    let [5, 1, 0, 3, length] = request else { bail!("not CONNECT to a name: {request:?}") };
    let mut host = vec![0; length.into()];
    stream.read_exact(&mut host).await?;
    let port = stream.read_u16().await?;
    let target = SocketAddr::new(String::from_utf8(host)?.parse()?, port);
    log.send(Wanted { target, authorization: None })?;
    let mut server = TcpStream::connect(target).await?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    copy_bidirectional(&mut stream, &mut server).await?;
    Ok(())
}

/// A TCP server and a client of it that asks for a proxy.
async fn asks_for_proxy(lab: &Lab) -> Result<(Daemon, Daemon)> {
    let server = ServerOptions::new().without_client_auth().tcp();
    let server = Daemon::server(lab, server).await?;
    let options = ClientOptions::to_tcp(&server.process).without_auth_user_pass().query_proxy();
    let client = Daemon::client(lab, options).await?;
    Ok((server, client))
}

/// The proxies of these tests are in the system's network.
fn reaches_us(lab: &Lab, test: &str) -> bool {
    let reaches = lab.network() == "the system's network";
    if !reaches {
        skip(test, &"the daemons are in a network of their own");
    }
    reaches
}

async fn proxy(client: &mut Daemon) -> Result<openvpn_mgmt::ProxyRequest> {
    match client.past_holds().await? {
        Request::Proxy(ask) => Ok(ask),
        other => bail!("not a proxy: {other:?}"),
    }
}

fn at(server: &Daemon) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, server.process.port().unwrap()).into()
}

#[tokio::test]
async fn no_proxy_is_used() -> Result<()> {
    let lab = serving!("no_proxy_is_used");
    let (_server, mut client) = asks_for_proxy(&lab).await?;
    let ask = proxy(&mut client).await?;
    assert_eq!((ask.connection().index, ask.host()), (1, &"127.0.0.1".into()));
    assert_eq!(ask.connection().protocol, ProxyProtocol::Tcp);
    ask.none().await?;
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn an_http_proxy_is_used() -> Result<()> {
    let lab = serving!("an_http_proxy_is_used");
    if !reaches_us(&lab, "an_http_proxy_is_used") {
        return Ok(());
    }
    let (server, mut client) = asks_for_proxy(&lab).await?;
    let mut http = Proxy::http(false).await?;
    proxy(&mut client).await?.http("127.0.0.1", http.port, true).await?;
    assert_eq!(http.wanted().await?, Wanted { target: at(&server), authorization: None });
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn an_http_proxy_gets_its_own_credentials() -> Result<()> {
    let lab = serving!("an_http_proxy_gets_its_own_credentials");
    if !reaches_us(&lab, "an_http_proxy_gets_its_own_credentials") {
        return Ok(());
    }
    let (server, mut client) = asks_for_proxy(&lab).await?;
    let mut http = Proxy::http(true).await?;
    proxy(&mut client).await?.http("127.0.0.1", http.port, false).await?;
    // Its refusal may restart the client, which then asks for the proxy again.
    let ask = loop {
        match client.past_holds().await? {
            Request::Proxy(ask) => ask.http("127.0.0.1", http.port, false).await?,
            Request::Credentials(ask) => break ask,
            other => bail!("not credentials: {other:?}"),
        }
    };
    assert_eq!(ask.realm(), &Realm::HttpProxy);
    ask.answer("prox", "y:pass").await?;
    let authorization = loop {
        tokio::select! {
            wanted = http.wanted() => if let Some(authorization) = wanted?.authorization {
                break authorization;
            },
            // A hold is released here, where nothing cuts that short.
            request = client.request() => match request? {
                Request::Hold(hold) => hold.release().await?,
                Request::Proxy(ask) => ask.http("127.0.0.1", http.port, false).await?,
                other => bail!("{other:?}"),
            },
        }
    };
    assert_eq!(authorization, "Basic cHJveDp5OnBhc3M=");
    assert_eq!(at(&server).ip(), Ipv4Addr::LOCALHOST);
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn a_socks_proxy_is_used() -> Result<()> {
    let lab = serving!("a_socks_proxy_is_used");
    if !reaches_us(&lab, "a_socks_proxy_is_used") {
        return Ok(());
    }
    let (server, mut client) = asks_for_proxy(&lab).await?;
    let mut socks = Proxy::socks().await?;
    proxy(&mut client).await?.socks("127.0.0.1", socks.port).await?;
    assert_eq!(socks.wanted().await?, Wanted { target: at(&server), authorization: None });
    client.connected().await?;
    Ok(())
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_asked_for_again() -> Result<()> {
    let lab = serving!("a_proxy_that_is_not_there_is_asked_for_again");
    let (_server, mut client) = asks_for_proxy(&lab).await?;
    let nobody = Port::reserve()?;
    proxy(&mut client).await?.http("127.0.0.1", nobody.number(), false).await?;
    client.state(&StateName::Reconnecting).await?;
    proxy(&mut client).await?.none().await?;
    client.connected().await?;
    Ok(())
}
