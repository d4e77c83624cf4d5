use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::*;
use crate::asking::Asking;

/// A site that runs, and how to reach it.
struct Running {
    links: Arc<Links>,
    address: SocketAddr,
    origin: String,
    _tasks: JoinSet<Result<()>>,
}

impl Running {
    async fn new(origin: Option<&str>) -> Self {
        let links = Arc::new(Links::default());
        let origin = origin.map(|origin| origin.parse().unwrap());
        let listen = "127.0.0.1:0".parse().unwrap();
        let site = Site::new(Arc::clone(&links), listen, origin).await.unwrap();
        let address = site.listener.local_addr().unwrap();
        let origin = site.origin().as_str().to_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(site.run());
        Self { links, address, origin, _tasks: tasks }
    }

    /// What comes back for these lines and this body.
    async fn send(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let request =
            format!("{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }

    async fn get(&self, path: &str, host: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}"), "").await
    }
}

#[tokio::test]
async fn pages_are_there_however_the_origin_is_written() {
    for given in
        ["https://VPN.Example.ORG:443", "https://vpn.example.org/", "HTTPS://vpn.example.org"]
    {
        let site = Running::new(Some(given)).await;
        assert_eq!(site.origin, "https://vpn.example.org");
        let (id, _answer) = site.links.open(Asking::default());
        for host in ["vpn.example.org", "vpn.example.org:443"] {
            let page = site.get(&format!("/{id}"), host).await;
            assert!(page.starts_with("HTTP/1.1 200 OK"), "{given}: {page}");
        }
        for host in ["example.org", "vpn.example.org\r\nHost: vpn.example.org", ""] {
            let page = site.get("/style.css", host).await;
            assert!(page.starts_with("HTTP/1.1 4") && !page.contains(" 200 "), "{host}: {page}");
        }
    }
}
