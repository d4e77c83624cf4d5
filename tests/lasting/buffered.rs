//! Streams that hold back what is written until they are flushed.

use std::sync::Arc;

use openvpn_mgmt::Builder;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite, BufStream, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use openvpn_mgmt_test::scripted::{Daemon, pipe_of};

/// Asks for the password, greets, answers two commands, and sees the end.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut daemon = Daemon::on(stream);
    daemon.asks_password("hunter2").await.greets(5).await;
    daemon.hears("pid").await.says("SUCCESS: pid=7\r\n").await;
    daemon.hears("verb").await.says("SUCCESS: verb=3\r\n").await;
    // A clean end: TLS without a close notification would be an error here.
    assert!(daemon.is_closed().await);
}

async fn drive(stream: impl AsyncRead + AsyncWrite + Send + 'static) {
    let session = Builder::new().password("hunter2").requests(false).attach(stream).await.unwrap();
    let (client, _events, _) = session.split();
    assert_eq!(client.pid().await.unwrap(), 7);
    assert_eq!(client.verb().await.unwrap(), 3);
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_buffered_stream_is_flushed() {
    let (ours, theirs) = duplex(4096);
    tokio::join!(drive(BufStream::new(ours)), serve(theirs));
}

#[tokio::test(start_paused = true)]
async fn a_buffered_stream_is_flushed_while_it_is_read() {
    // The daemon writes more than the pipe holds before it reads: flushing waits for it, and reading must not.
    let (ours, mut daemon) = pipe_of(64);
    let flood = async {
        daemon.greets(5).await;
        for _ in 0..1000 {
            daemon.says(">BYTECOUNT:1,2\r\n").await;
        }
        assert!(daemon.line().await.starts_with("client-deny 0 1 "));
        daemon.says("SUCCESS: client-deny command succeeded\r\n").await.rest().await;
    };
    let drive = async {
        let stream = BufStream::with_capacity(16, 4096, ours);
        let session = Builder::new().requests(false).attach(stream).await.unwrap();
        let (client, _events, _) = session.split();
        let (cid, kid) = (openvpn_mgmt::Cid(0), openvpn_mgmt::Kid(1));
        client.client_deny(cid, kid, "x".repeat(200), None).await.unwrap();
    };
    tokio::join!(flood, drive);
}

#[tokio::test]
async fn a_tls_stream_is_flushed_and_closed() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = key.cert.der().clone();
    let private = PrivateKeyDer::try_from(key.key_pair.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], private)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (ours, theirs) = duplex(4096);
    let serving = async {
        serve(TlsAcceptor::from(Arc::new(server)).accept(theirs).await.unwrap()).await;
    };
    let driving = async {
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(client));
        // Between TLS and its socket there is one buffer more.
        drive(BufStream::new(connector.connect(name, ours).await.unwrap())).await;
    };
    tokio::join!(serving, driving);
}
