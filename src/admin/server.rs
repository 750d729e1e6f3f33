//! A small HTTP/1.1 server for endpoints that are read.
//!
//! Bounds: 64 connections, of which each may live for five minutes; heads of 16 KiB and 64 fields
//! within ten seconds, idle time included; four answers in the making.

use std::{convert::Infallible, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinSet, spawn_blocking},
    time::{sleep, timeout},
};

use super::endpoints::{Answer, Endpoints};

const CONNECTIONS: usize = 64;
const ANSWERS: usize = 4;
const HEAD: usize = 16 << 10;
const FIELDS: usize = 64;
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const LIFETIME: Duration = Duration::from_secs(300);
const LAST_ANSWER: Duration = Duration::from_secs(30);
/// How long accepting rests when it fails, for want of descriptors for example.
const REST: Duration = Duration::from_millis(100);

/// What is the same for every connection of a listener.
struct Shared {
    endpoints: Arc<dyn Endpoints>,
    answers: Semaphore,
    /// The listener is reached from this machine alone.
    loopback: bool,
}

/// Serves until it is dropped; then every connection ends.
///
/// A listener on a loopback address answers only to hosts that are addresses or `localhost`, so that
/// no web page can read it through a name of its own (DNS rebinding).
pub async fn serve(listener: TcpListener, endpoints: Arc<dyn Endpoints>) -> Infallible {
    let loopback = listener
        .local_addr()
        .is_ok_and(|address| address.ip().is_loopback());
    let shared = Arc::new(Shared {
        endpoints,
        answers: Semaphore::new(ANSWERS),
        loopback,
    });
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve_connection(stream, Arc::clone(&shared)));
            }
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                sleep(REST).await;
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(&request, shared).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD)
            .max_headers(FIELDS)
            .serve_connection(TokioIo::new(stream), service)
    );
    let result = match timeout(LIFETIME, connection.as_mut()).await {
        Ok(result) => result,
        Err(_) => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_ANSWER, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a status or admin connection ended early");
    }
}

async fn answer(request: &Request<Incoming>, shared: Arc<Shared>) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response = respond(Answer::text(
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET and HEAD are answered\n",
        ));
        response
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if shared.loopback && !names_this_machine(request.headers()) {
        return respond(Answer::text(
            StatusCode::MISDIRECTED_REQUEST,
            "this listener answers to `localhost` and addresses only\n",
        ));
    }
    let path = request.uri().path().to_owned();
    // Never closed, so never an error.
    let _permit = shared.answers.acquire().await;
    let endpoints = Arc::clone(&shared.endpoints);
    let answer = spawn_blocking(move || endpoints.answer(&path)).await;
    respond(match answer {
        Ok(Some(answer)) => answer,
        Ok(None) => Answer::text(StatusCode::NOT_FOUND, "not found\n"),
        Err(error) => {
            tracing::error!(%error, "a status or admin answer could not be made");
            Answer::text(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n")
        }
    })
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else {
        return true;
    };
    let Ok(authority) = http::uri::Authority::try_from(host.as_bytes()) else {
        return false;
    };
    let host = authority.host();
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

fn respond(answer: Answer) -> Response<Full<Bytes>> {
    let Answer {
        status,
        content_type,
        body,
    } = answer;
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

#[cfg(test)]
mod tests;
