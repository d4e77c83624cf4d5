//! Where a client connects to: `>REMOTE:`, `>PROXY:`, `remote-entry-*`.

use anyhow::Result;
use openvpn_mgmt::events::{Event, ProxyProtocol, ProxyQuery, RemoteQuery};
use openvpn_mgmt::{ProxyAction, RemoteAction, StateName};

use crate::support::{Connection, Fixture, matchers};
use lab::{ClientOptions, Port, Proto, ServerOptions};

async fn remote_query(client: &mut Connection) -> RemoteQuery {
    let asked = client.until("the query for a remote", |event| match event {
        Event::Remote(remote) => Some(remote.clone()),
        _ => None,
    });
    asked.await
}

#[tokio::test]
async fn remotes_are_skipped_changed_and_taken() -> Result<()> {
    let name = "remotes_are_skipped_changed_and_taken";
    let Some(fixture) = Fixture::serving(name)? else { return Ok(()) };
    let server = fixture.serving_server(ServerOptions::new().without_client_auth()).await?;
    let port = server.daemon.port().unwrap();
    let options = ClientOptions::new()
        .remote("vpn.example.com", 443, Proto::Tcp)
        .remote("::1", 1194, Proto::Udp)
        .remote("127.0.0.1", 9, Proto::Udp)
        // Where the name is ::1 first, a client that may use both would wait there.
        .line(&format!("remote localhost {port} udp4"));
    let options = options.query_remote().without_auth_user_pass();
    let mut client = fixture.client(options).await?;
    client.answered("hold off", client.client.hold_off()).await;
    client.release().await;

    let asked = remote_query(&mut client).await;
    assert_eq!((&asked.host, asked.port.number()), (&"vpn.example.com".into(), Some(443)));
    assert!(asked.is_tcp());
    list_entries(&mut client).await;
    client.answered("remote SKIP", client.client.remote(&RemoteAction::Skip)).await;
    assert_eq!(remote_query(&mut client).await.host, "::1");
    skip_one_more(&mut client).await;
    let asked = remote_query(&mut client).await;
    assert_eq!((&asked.host, asked.port.number()), (&"localhost".into(), Some(port)));
    client.answered("remote ACCEPT", client.client.remote(&RemoteAction::Accept)).await;
    client.until("a name to be resolved", matchers::state(StateName::Resolve)).await;
    client.connected().await;
    let text = client.refused("remote ACCEPT", client.client.remote(&RemoteAction::Accept)).await;
    assert!(text.contains("remote command failed"), "{text}");
    Ok(())
}

/// From `::1` past the dead port to `localhost`.
async fn skip_one_more(client: &mut Connection) {
    if client.client.management_version() >= 4 {
        let two = RemoteAction::SkipBy(2);
        client.answered("remote SKIP N", client.client.remote(&two)).await;
        return;
    }
    client.answered("remote SKIP", client.client.remote(&RemoteAction::Skip)).await;
    assert_eq!(remote_query(client).await.port.number(), Some(9));
    client.answered("remote SKIP", client.client.remote(&RemoteAction::Skip)).await;
}

async fn list_entries(client: &mut Connection) {
    if client.client.management_version() < 4 {
        return;
    }
    let count = client.answered("remote-entry-count", client.client.remote_entry_count()).await;
    assert_eq!(count, 4);
    let all = client.answered("remote-entry-get all", client.client.remote_entries()).await;
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!(all.len(), 4);
    assert_eq!((&all[1].host, all[1].port_number()), (&"::1".into(), Some(1194)));
    assert!(all[0].enabled && all[0].protocol.is_tcp());
    let some = client.answered("remote-entry-get N M", client.client.remote_entry_get(1, 3)).await;
    assert_eq!(some.into_iter().map(Result::unwrap).collect::<Vec<_>>(), all[1..3]);
    let none = client.client.remote_entry_get(7, 9);
    assert_eq!(client.answered("remote-entry-get N M", none).await, []);
}

#[tokio::test]
async fn a_remote_is_replaced() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_remote_is_replaced")? else { return Ok(()) };
    let server = fixture.serving_server(ServerOptions::new().without_client_auth()).await?;
    let port = server.daemon.port().unwrap();
    let options = ClientOptions::new().remote("vpn.example.com", 1194, Proto::Udp);
    let mut client = fixture.client(options.query_remote().without_auth_user_pass()).await?;
    client.answered("hold off", client.client.hold_off()).await;
    client.release().await;
    remote_query(&mut client).await;
    let here = RemoteAction::Modify { host: "127.0.0.1".into(), port };
    client.answered("remote MOD", client.client.remote(&here)).await;
    let connected = client.connected().await;
    assert_eq!(connected.remote_port(), Some(port));
    Ok(())
}

async fn proxy_query(client: &mut Connection) -> ProxyQuery {
    let asked = client.until("the query for a proxy", |event| match event {
        Event::Proxy(proxy) => Some(proxy.clone()),
        _ => None,
    });
    asked.await
}

#[tokio::test]
async fn a_proxy_is_chosen() -> Result<()> {
    let Some(fixture) = Fixture::serving("a_proxy_is_chosen")? else { return Ok(()) };
    let server = ServerOptions::new().without_client_auth().tcp();
    let server = fixture.serving_server(server).await?;
    // Nothing listens there: both proxies fail, and the query comes again.
    let nobody = Port::reserve()?;
    let options = ClientOptions::to_tcp(&server.daemon).without_auth_user_pass().query_proxy();
    let mut client = fixture.client(options).await?;
    client.answered("hold off", client.client.hold_off()).await;
    client.release().await;
    let asked = proxy_query(&mut client).await;
    assert_eq!((asked.index, asked.protocol), (1, ProxyProtocol::Tcp));
    let (host, port) = ("127.0.0.1".to_owned(), nobody.number());
    let http = ProxyAction::Http { host: host.clone(), port, no_clear_text: true };
    client.answered("proxy HTTP", client.client.proxy(&http)).await;
    proxy_query(&mut client).await;
    let socks = ProxyAction::Socks { host, port };
    client.answered("proxy SOCKS", client.client.proxy(&socks)).await;
    proxy_query(&mut client).await;
    client.answered("proxy NONE", client.client.proxy(&ProxyAction::None)).await;
    client.connected().await;
    Ok(())
}
