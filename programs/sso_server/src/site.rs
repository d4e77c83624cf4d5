//! The web site: one page for each link.
//!
//! It shows who asks, and takes the answer of whoever opened the link. A real one lets its
//! user sign in first, and looks whether that is the user who asks.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use openvpn_mgmt::Secret;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::links::{Answer, Links, Refusal, View};
use crate::origin::Origin;
use crate::{pages, web};

/// For every response.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // The URL is a secret, also in the log of a proxy that notes where a request came from.
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The site, listening.
pub(crate) struct Site {
    listener: TcpListener,
    shared: Arc<Shared>,
}

struct Shared {
    links: Arc<Links>,
    origin: Origin,
}

/// What the page's form sends.
#[derive(Deserialize)]
struct Given {
    token: String,
    answer: String,
}

type Page = (StatusCode, Html<String>);

impl Site {
    /// Listens. `origin`: how users reach it, where that is not the address it listens at.
    pub(crate) async fn new(
        links: Arc<Links>,
        listen: SocketAddr,
        origin: Option<Origin>,
    ) -> Result<Self> {
        let listener = TcpListener::bind(listen).await;
        let listener = listener.with_context(|| format!("cannot listen at {listen}"))?;
        let address = listener.local_addr()?;
        let is_reachable = origin.is_some() || !address.ip().is_unspecified();
        ensure!(is_reachable, "{address} is every address: --origin URL must say which to use");
        let origin = match origin {
            Some(origin) => origin,
            None => Origin::at(address)
                .with_context(|| format!("--origin URL must say how users reach {address}"))?,
        };
        Ok(Self { listener, shared: Arc::new(Shared { links, origin }) })
    }

    /// How users reach it.
    pub(crate) fn origin(&self) -> &Origin {
        &self.shared.origin
    }

    /// Serves until it is dropped.
    pub(crate) async fn run(self) -> Result<()> {
        let site = Router::new()
            .route("/style.css", get(style))
            .route("/{link}", get(show).post(answer))
            .fallback(async || unknown())
            .layer(DefaultBodyLimit::max(4096))
            .layer(middleware::from_fn_with_state(Arc::clone(&self.shared), filter))
            .with_state(self.shared);
        web::serve(self.listener, site).await
    }
}

/// Lets through what is meant for this site, and adds the headers of every response.
async fn filter(State(site): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = if is_meant(&site, &request) {
        next.run(request).await
    } else {
        let page = pages::error("Not here", "This request is meant for another site.");
        (StatusCode::MISDIRECTED_REQUEST, Html(page)).into_response()
    };
    response.headers_mut().extend(HEADERS);
    response
}

/// Another name for this machine may be another site's, made to point here so that its
/// scripts can read these pages. And only our own pages have forms for us.
fn is_meant(site: &Shared, request: &Request) -> bool {
    let headers = request.headers();
    let all = |name: &HeaderName, known: &[&str]| {
        headers.get_all(name).iter().all(|value| known.iter().any(|known| value == known))
    };
    // A request that names its site twice, in its first line too.
    let authority = request.uri().authority();
    is_host(site, headers)
        && authority.is_none_or(|host| site.origin.is_host(host.as_str()))
        // A page that sends no referrer has its form say `null`, as others can. Who posted then
        // tells `Sec-Fetch-Site`, in browsers since 2023, and in all of them the page's token.
        && all(&header::ORIGIN, &[site.origin.as_str(), "null"])
        && (request.method().is_safe() || all(&FETCH_SITE, &["same-origin"]))
}

/// Whether there is one `Host`, and it is this site.
fn is_host(site: &Shared, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next().map(HeaderValue::to_str), hosts.next()) {
        (Some(Ok(host)), None) => site.origin.is_host(host),
        _ => false,
    }
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], pages::STYLE)
}

/// Looking changes nothing: mail and chat programs open links to preview them.
async fn show(State(site): State<Arc<Shared>>, Path(link): Path<String>) -> Page {
    match site.links.view(&link) {
        Some(View::Open { asking, token }) => {
            (StatusCode::OK, Html(pages::question(&asking, &token)))
        }
        Some(View::Over(end)) => (StatusCode::GONE, Html(pages::over(end))),
        None => unknown(),
    }
}

async fn answer(
    State(site): State<Arc<Shared>>,
    Path(link): Path<String>,
    Form(given): Form<Given>,
) -> Page {
    let answer = match given.answer.as_str() {
        "approve" => Answer::Approve,
        "deny" => Answer::Deny,
        _ => return forged(),
    };
    match site.links.answer(&link, &Secret::from(given.token), answer) {
        Ok(asking) => (StatusCode::OK, Html(pages::answered(&asking, answer))),
        Err(Refusal::Over) => show(State(site), Path(link)).await,
        Err(Refusal::Forged) => forged(),
        Err(Refusal::Unknown) => unknown(),
    }
}

fn unknown() -> Page {
    let page = pages::error("No such link", "It is mistyped, or was used long ago.");
    (StatusCode::NOT_FOUND, Html(page))
}

fn forged() -> Page {
    let page = pages::error("Not accepted", "This answer does not come from the link's own page.");
    (StatusCode::FORBIDDEN, Html(page))
}

#[cfg(test)]
mod tests;
