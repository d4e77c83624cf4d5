#[path = "../../tests/sso_server/chromium.rs"]
mod chromium;
mod clicked;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::*;
use crate::asking::Asking;
use crate::links::Limits;

/// A site that runs, and how to reach it.
struct Running {
    links: Arc<Links>,
    address: SocketAddr,
    origin: String,
    _tasks: JoinSet<Result<()>>,
}

impl Running {
    async fn new(origin: Option<&str>) -> Self {
        let links = Arc::new(Links::new(Limits { all: 9, per_address: 9 }));
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
        // What is refused need not be read to its end: the connection is reset then.
        stream.write_all(request.as_bytes()).await.ok();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.ok();
        String::from_utf8(response).unwrap()
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
        let link = site.links.open(Asking::default(), None).unwrap();
        for host in ["vpn.example.org", "vpn.example.org:443"] {
            let page = site.get(&format!("/{}", link.id()), host).await;
            assert!(page.starts_with("HTTP/1.1 200 OK"), "{given}: {page}");
        }
        for host in ["example.org", "vpn.example.org\r\nHost: vpn.example.org", ""] {
            let page = site.get("/style.css", host).await;
            assert!(page.starts_with("HTTP/1.1 4") && !page.contains(" 200 "), "{host}: {page}");
        }
    }
}

impl Running {
    /// A link, and what its form sends to approve.
    fn link(&self) -> (crate::links::Link, String) {
        let link = self.links.open(Asking::default(), None).unwrap();
        let Some(View::Open { token, .. }) = self.links.view(link.id()) else { panic!("closed") };
        let form = format!("token={}&answer=approve", token.expose_str().unwrap());
        (link, form)
    }

    async fn post(&self, path: &str, headers: &str, body: &str) -> String {
        let host = self.origin.split_once("://").unwrap().1;
        let form = "Content-Type: application/x-www-form-urlencoded";
        let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n{form}{headers}");
        self.send(&head, body).await
    }
}

#[tokio::test]
async fn no_answer_tells_the_link_to_anybody() {
    let site = Running::new(None).await;
    let (link, form) = site.link();
    let (host, path) = (site.address.to_string(), format!("/{}", link.id()));
    let open = site.get(&path, &host).await;
    let elsewhere = site.get(&path, "example.org").await;
    let odd = site.post(&path, "", "token=x&answer=perhaps").await;
    let answered = site.post(&path, "", &form).await;
    let over = site.get(&path, &host).await;
    let none = site.get("/none", &host).await;
    for (page, status) in [
        (open, "200"),
        (elsewhere, "421"),
        (odd, "403"),
        (answered, "200"),
        (over, "410"),
        (none, "404"),
        (site.get("/style.css", &host).await, "200"),
        (site.send(&format!("DELETE {path} HTTP/1.1\r\nHost: {host}"), "").await, "405"),
    ] {
        assert!(page.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {page}");
        for header in ["cache-control: no-store", "referrer-policy: no-referrer"] {
            assert!(page.contains(header), "{header}: {page}");
        }
        assert!(!page.contains(link.id()), "{page}");
    }
}

#[tokio::test]
async fn a_link_that_is_over_does_not_tell_who_asked() {
    let site = Running::new(None).await;
    let asking = Asking { username: "alice".to_owned(), ..Asking::default() };
    let link = site.links.open(asking, None).unwrap();
    let (host, path) = (site.address.to_string(), format!("/{}", link.id()));
    assert!(site.get(&path, &host).await.contains("alice"));
    drop(link);
    let page = site.get(&path, &host).await;
    assert!(page.contains("410 Gone") && !page.contains("alice"), "{page}");
}

#[tokio::test]
async fn answers_of_other_sites_do_not_count() {
    let site = Running::new(None).await;
    let (link, form) = site.link();
    let path = format!("/{}", link.id());
    let own = format!("\r\nOrigin: {}", site.origin);
    for (headers, body, status) in [
        ("\r\nOrigin: https://example.org", form.as_str(), 421),
        (&format!("{own}{}", "\r\nOrigin: https://example.org"), &form, 421),
        ("\r\nOrigin: null\r\nSec-Fetch-Site: cross-site", &form, 421),
        (&format!("{own}\r\nSec-Fetch-Site: same-site"), &form, 421),
        (&own, "token=guess&answer=approve", 403),
        (&own, "answer=approve", 422),
        (&own, &format!("{form}&padding={}", "x".repeat(5000)), 413),
    ] {
        let page = site.post(&path, headers, body).await;
        assert!(page.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}: {page}");
    }
    let host = site.origin.split_once("://").unwrap().1;
    let by_get = format!("GET {path}?{form} HTTP/1.1\r\nHost: {host}");
    assert!(site.send(&by_get, "").await.contains("name=\"token\""), "it is open still");
    let elsewhere = format!("GET http://example.org{path} HTTP/1.1\r\nHost: {host}");
    assert!(site.send(&elsewhere, "").await.starts_with("HTTP/1.1 421 "));
    let as_browsers_do = "\r\nOrigin: null\r\nSec-Fetch-Site: same-origin";
    let page = site.post(&path, as_browsers_do, &form).await;
    assert!(page.contains("Approved"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_come_is_not_waited_for() {
    let site = Running::new(None).await;
    let path = format!("/{}", site.link().0.id());
    let host = site.origin.split_once("://").unwrap().1;
    let body = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\n";
    for begun in [
        String::new(),
        "GET / HTTP/1.1\r\nHost: ".to_owned(),
        format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n{body}token="),
    ] {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let mut end = std::pin::pin!(stream.read_to_end(&mut answer));
        let mut ended = false;
        // Time jumps on as long as the site has not seen that somebody is there.
        for _ in 0..1000 {
            // Reset, where it had more to read.
            ended =
                tokio::time::timeout(std::time::Duration::from_secs(60), &mut end).await.is_ok();
            if ended {
                break;
            }
        }
        assert!(ended, "{begun:?} is waited for");
    }
}

#[tokio::test]
async fn lines_without_end_are_refused() {
    let site = Running::new(None).await;
    let host = site.address.to_string();
    let page = site.get(&format!("/{}", "x".repeat(64 * 1024)), &host).await;
    assert!(page.is_empty() || page.starts_with("HTTP/1.1 4"), "{page}");
}
