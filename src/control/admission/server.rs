//! The webhook's listener: HTTP/1.1 over TLS, `POST /validate`.
//!
//! Bounds: [`CONNECTIONS`] connections, of which each may live for a minute; heads of 16 KiB and 64 fields;
//! bodies of [`BODY`] bytes and [`VALUES`] values within ten seconds, [`BODIES`] bytes of them together.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderMap, HeaderValue},
};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Body as _, Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Desk, NoRuling, Review, ShownCertificate};
use crate::tls::ServerAcceptor;

/// Bytes of a review. An object has at most 1.5 MiB, and an update brings two.
pub const BODY: usize = 3 << 20;
const BODIES: usize = 8 * BODY;
/// Values of a review, at least: each may take some hundred bytes of memory once it is read.
const VALUES: usize = 100_000;
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
    match review(request, shared).await {
        Ok(body) => respond(StatusCode::OK, "application/json", body),
        Err((status, reason)) => {
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
    request: Request<Incoming>,
    shared: &Shared,
) -> Result<String, (StatusCode, String)> {
    let refuse = |status, reason: &str| Err((status, reason.to_owned()));
    if request.uri().path() != PATH {
        return refuse(StatusCode::NOT_FOUND, "reviews are made at /validate");
    }
    if request.method() != Method::POST {
        return refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "reviews are asked for by POST",
        );
    }
    if !is_json(request.headers()) {
        let reason = "a review is application/json";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason);
    }
    let read = timeout(BODY_TIMEOUT, read(request.into_body(), &shared.bodies)).await;
    let (body, _room) = match read {
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

/// Reads a body, and keeps its room for as long as what it gives is kept. Room is taken for all of it at
/// once: whoever waited for more would keep what others wait for.
async fn read(
    mut body: Incoming,
    bodies: &Semaphore,
) -> Result<(Bytes, impl Sized), (StatusCode, String)> {
    let refuse = |status, reason: String| Err((status, reason));
    let Some(length) = body.size_hint().exact() else {
        let reason = "a review says how long it is".to_owned();
        return refuse(StatusCode::LENGTH_REQUIRED, reason);
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let Some(permits) = u32::try_from(length).ok().filter(|_| length <= BODY) else {
        let reason = format!("a review has at most {BODY} bytes");
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, reason);
    };
    let Ok(room) = bodies.try_acquire_many(permits) else {
        let reason = "too many reviews come at a time".to_owned();
        return refuse(StatusCode::SERVICE_UNAVAILABLE, reason);
    };
    let mut all = BytesMut::with_capacity(length);
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => all.extend_from_slice(&data),
            Ok(Err(_)) => {}
            Err(error) => return refuse(StatusCode::BAD_REQUEST, error.to_string()),
        }
    }
    // What each value but the first follows on.
    let values = all.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{'));
    if values.count() > VALUES {
        let reason = format!("a review has at most {VALUES} values");
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, reason);
    }
    Ok((all.freeze(), room))
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
