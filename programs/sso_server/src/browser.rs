//! A browser without a window: opens the page, and presses one of its buttons.

use anyhow::{Context, Result, ensure};
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use axum::http::{Method, Request, StatusCode, request};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use url::Url;

/// The longest page, in bytes.
const PAGE: usize = 64 * 1024;

/// What a site answered.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) html: String,
}

/// Opens a page.
pub(crate) async fn open(url: &str) -> Result<Page> {
    exchange(Request::get(url), Body::empty()).await
}

/// Presses a button (`approve`, `deny`) of the form on a page.
pub(crate) async fn press(url: &str, page: &Page, button: &str) -> Result<Page> {
    let token = between(&page.html, "name=\"token\" value=\"", "\"");
    let token = token.context("there is no form on the page")?;
    let origin = Url::parse(url)?.origin().ascii_serialization();
    let request = Request::builder().method(Method::POST).uri(url).header(ORIGIN, origin);
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    exchange(request, Body::from(format!("token={token}&answer={button}"))).await
}

async fn exchange(request: request::Builder, body: Body) -> Result<Page> {
    let request = request.body(body)?;
    ensure!(request.uri().scheme_str() == Some("http"), "this browser opens http:// alone");
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await?;
    let status = response.status();
    let html = to_bytes(Body::new(response.into_body()), PAGE).await?;
    Ok(Page { status, html: String::from_utf8(html.into())? })
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
