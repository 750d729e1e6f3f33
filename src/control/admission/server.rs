//! The webhook's listener: HTTP/1.1 over TLS, `POST /validate`.
//!
//! Bounds: [`CONNECTIONS`] connections, of which each may live for a minute; heads of 16 KiB and 64 fields;
//! bodies (`body`) within ten seconds.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderMap, HeaderValue},
    request::Parts,
};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    Desk, NoRuling, Review, ShownCertificate,
    body::{BODIES, discard, read},
};
use crate::tls::ServerAcceptor;

const CONNECTIONS: usize = 64;
const HEAD: usize = 16 << 10;
const FIELDS: usize = 64;
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Idle time included.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// The API server waits for thirty seconds at the most.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(25);
const LIFETIME: Duration = Duration::from_secs(60);
const LAST_ANSWER: Duration = Duration::from_secs(30);
/// How long accepting rests when it fails, for want of descriptors for example.
const REST: Duration = Duration::from_millis(100);
/// The path at which reviews are taken.
const PATH: &str = "/validate";

struct Shared {
    desk: Desk,
    acceptor: ServerAcceptor,
    /// A permit a byte.
    bodies: Semaphore,
}

/// Serves until it is dropped; then every connection ends.
///
/// # Errors
/// TLS cannot be had.
pub async fn serve(
    listener: TcpListener,
    shown: &ShownCertificate,
    desk: Desk,
) -> io::Result<Infallible> {
    let shared = Arc::new(Shared {
        desk,
        acceptor: shown.acceptor().map_err(io::Error::other)?,
        bodies: Semaphore::new(BODIES),
    });
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, peer)) => {
                connections.spawn(serve_connection(stream, peer, Arc::clone(&shared)));
            }
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                sleep(REST).await;
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    let accepted = match timeout(HANDSHAKE, shared.acceptor.accept(stream, false)).await {
        Ok(Ok(accepted)) => accepted,
        Ok(Err(error)) => {
            tracing::debug!(%error, %peer, "a handshake with the webhook has failed");
            return;
        }
        Err(_) => return,
    };
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(request, &shared).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD)
        .max_headers(FIELDS)
        .serve_connection(TokioIo::new(accepted.stream), service);
    let mut connection = std::pin::pin!(connection);
    let result = match timeout(LIFETIME, connection.as_mut()).await {
        Ok(result) => result,
        Err(_) => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_ANSWER, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, %peer, "a connection to the webhook ended early");
    }
}

async fn answer(request: Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    let until = Instant::now() + BODY_TIMEOUT;
    let (head, mut body) = request.into_parts();
    match review(&head, &mut body, until, shared).await {
        Ok(body) => respond(StatusCode::OK, "application/json", body),
        Err((status, reason)) => {
            // Who expects a word before the body has not sent it, and this is the word.
            if !head.headers.contains_key(header::EXPECT) {
                discard(&mut body, until).await;
            }
            tracing::debug!(status = status.as_u16(), reason, "no review");
            let mut response = respond(status, "text/plain; charset=utf-8", format!("{reason}\n"));
            if status == StatusCode::METHOD_NOT_ALLOWED {
                let allowed = HeaderValue::from_static("POST");
                response.headers_mut().insert(header::ALLOW, allowed);
            }
            response
        }
    }
}

async fn review(
    head: &Parts,
    body: &mut Incoming,
    until: Instant,
    shared: &Shared,
) -> Result<String, (StatusCode, String)> {
    let refuse = |status, reason: &str| Err((status, reason.to_owned()));
    if head.uri.path() != PATH {
        return refuse(StatusCode::NOT_FOUND, "reviews are made at /validate");
    }
    if head.method != Method::POST {
        return refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "reviews are asked for by POST",
        );
    }
    if !is_json(&head.headers) {
        let reason = "a review is application/json";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason);
    }
    let (body, _room) = match timeout_at(until, read(body, &shared.bodies)).await {
        Ok(read) => read?,
        Err(_) => {
            return refuse(
                StatusCode::REQUEST_TIMEOUT,
                "the review took too long to come",
            );
        }
    };
    let review = Review::parse(&body).map_err(|it| (StatusCode::BAD_REQUEST, it.to_string()))?;
    drop(body);
    let uid = review.uid.clone();
    match timeout(ANSWER_TIMEOUT, shared.desk.ask(review)).await {
        Ok(Ok(ruling)) => Ok(ruling.to_review(&uid).to_string()),
        Ok(Err(reason)) => {
            let status = match reason {
                NoRuling::NotReady(_) | NoRuling::TooMany => StatusCode::SERVICE_UNAVAILABLE,
                NoRuling::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            };
            refuse(status, &reason.to_string())
        }
        Err(_) => refuse(StatusCode::SERVICE_UNAVAILABLE, "the review took too long"),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
