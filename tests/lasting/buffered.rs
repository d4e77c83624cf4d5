//! Streams that hold back what is written until they are flushed.

use std::sync::Arc;

use openvpn_mgmt::Builder;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, BufStream,
    duplex,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::stage::GREETING;

/// Asks for the password, greets, answers two commands, and sees the end.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let says = async |stream: &mut BufReader<_>, text: &str| {
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    };
    says(&mut stream, "ENTER PASSWORD:").await;
    stream.read_line(&mut line).await.unwrap();
    assert_eq!(line, "hunter2\n");
    says(&mut stream, &format!("SUCCESS: password is correct\r\n{GREETING}")).await;
    for (command, reply) in [("pid\n", "SUCCESS: pid=7\r\n"), ("verb\n", "SUCCESS: verb=3\r\n")] {
        line.clear();
        stream.read_line(&mut line).await.unwrap();
        assert_eq!(line, command);
        says(&mut stream, reply).await;
    }
    // A clean end: TLS without a close notification would be an error here.
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
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
    let (ours, theirs) = duplex(64);
    let flood = async {
        let mut stream = BufReader::new(theirs);
        stream.write_all(GREETING.as_bytes()).await.unwrap();
        for _ in 0..1000 {
            stream.write_all(b">BYTECOUNT:1,2\r\n").await.unwrap();
        }
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        assert!(line.starts_with("client-deny 0 1 "));
        stream.write_all(b"SUCCESS: client-deny command succeeded\r\n").await.unwrap();
        stream.read_to_string(&mut line).await.unwrap();
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
