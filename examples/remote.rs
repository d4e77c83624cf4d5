//! Says where a client connects to: each server of its configuration is taken, passed over or replaced, by a proxy or not.
//!
//! ```text
//! cargo run --example remote                               # with a server and a client of its own
//! cargo run --example remote -- /run/openvpn/client.sock   # with a client of yours; --help says how to start one
//! ```

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use lab::{ClientOptions, Lab, Proto, ServerOptions};
use openvpn_mgmt::{Endpoint, Event, Item, ProxyRequest, RemoteRequest, Request, connect};
use program_common::screen::show;
use program_common::stop::until_stopped;

/// Says where a client connects to: each server of its configuration is taken, passed over or replaced.
#[derive(Parser)]
#[command(name = "remote", after_help = YOUR_OPENVPN)]
struct Args {
    /// The management interface of your client: the path of its socket, or host:port. Without it a server and a client
    /// are started on loopback
    address: Option<String>,

    #[command(flatten)]
    route: Route,
}

#[derive(clap::Args)]
struct Route {
    /// Pass over servers that are not reached by TCP (`remote SKIP`)
    #[arg(long)]
    tcp: bool,

    /// Connect here, whatever server the configuration names (`remote MOD`)
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    to: Option<(String, u16)>,

    /// Go through this HTTP proxy (`proxy HTTP`), which takes TCP only
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    proxy: Option<(String, u16)>,
}

const YOUR_OPENVPN: &str = "\
A client of yours, which asks before it connects:
  openvpn --config client.ovpn --management /run/openvpn/client.sock unix \\
      --management-hold --management-query-remote

or with --management-query-proxy; where both are set, it asks for the remote alone.
What OpenVPN asks: Request::Remote, Request::Proxy";

#[tokio::main]
async fn main() -> ExitCode {
    until_stopped(async || {
        let Args { address, route } = Args::parse();
        match address {
            Some(address) => answer(address, &route).await,
            None => alone().await,
        }
    })
    .await
}

async fn answer(address: impl Into<Endpoint>, route: &Route) -> Result<()> {
    let mut session = connect(address).await?;
    session.client().state_on().await?;
    while let Some(item) = session.next().await {
        let answered = match item {
            Ok(Item::Request(Request::Hold(hold))) => hold.release().await,
            Ok(Item::Request(Request::Remote(ask))) => choose(ask, route).await,
            Ok(Item::Request(Request::Proxy(ask))) => choose_proxy(ask, route).await,
            Ok(Item::Request(other)) => other.decline().await,
            Ok(Item::Event(Event::State(state))) => {
                show(state);
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(lagged) => {
                show(lagged);
                Ok(())
            }
        };
        // An answer that came too late ends nothing: the daemon asks anew.
        if let Err(error) = answered {
            show(error);
        }
    }
    show(format!("the connection ended: {}", session.client().closed().await));
    Ok(())
}

async fn choose(ask: RemoteRequest, route: &Route) -> openvpn_mgmt::Result<()> {
    let remote = ask.remote();
    let said = format!("{} port {}, {}", remote.host, remote.port, remote.protocol);
    if route.tcp && !remote.is_tcp() {
        show(format!("{said}: passed over"));
        return ask.skip().await;
    }
    if let Some((host, port)) = &route.to {
        show(format!("{said}: {host} port {port} instead"));
        return ask.modify(host, *port).await;
    }
    show(format!("{said}: taken"));
    ask.accept().await
}

async fn choose_proxy(ask: ProxyRequest, route: &Route) -> openvpn_mgmt::Result<()> {
    if let Some((host, port)) = &route.proxy {
        show(format!("{}: by the proxy {host} port {port}", ask.host()));
        // No password in clear text for the proxy; it asks for one by `Request::Credentials`.
        return ask.http(host, *port, true).await;
    }
    show(format!("{}: without a proxy", ask.host()));
    ask.none().await
}

fn host_and_port(text: &str) -> Result<(String, u16)> {
    let (host, port) = text.rsplit_once(':').context("not HOST:PORT")?;
    Ok((host.to_owned(), port.parse()?))
}

/// A server and two clients: one knows it by a name of another place, the other one might go by a proxy.
async fn alone() -> Result<()> {
    let lab = Lab::new()?;
    let server =
        lab.server(ServerOptions::new().without_client_auth().without_hold().tcp()).await?;
    let asks_for_remote = ClientOptions::new()
        .query_remote()
        .remote("vpn.example.com", 1194, Proto::Udp)
        .remote("vpn.example.com", 443, Proto::Tcp);
    let asks_for_proxy = ClientOptions::to_tcp(&server).query_proxy();
    let here = Some(("127.0.0.1".to_owned(), server.port().context("no port")?));
    let route = Route { tcp: true, to: here, proxy: None };
    for options in [asks_for_remote, asks_for_proxy] {
        let mut client = lab.client(options.without_auth_user_pass()).await?;
        let socket = client.socket().to_owned();
        tokio::try_join!(answer(socket, &route), client.stop_when_up())?;
    }
    Ok(())
}
