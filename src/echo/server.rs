//! The listener: HTTP/1.1, HTTP/2 with prior knowledge, and upgrades to WebSocket.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
    upgrade::OnUpgrade,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

use super::{account::account, websocket};

/// Most connections; further ones wait.
const CONNECTIONS: usize = 4096;
/// How long a head may take, idle time before it included.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);
/// How long accepting rests when it fails.
const REST: Duration = Duration::from_millis(100);

/// Serves until it is dropped; `name` is what the backend calls itself.
pub async fn serve(listener: TcpListener, name: Arc<str>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, client)) => {
                let name = Arc::clone(&name);
                connections.spawn(async move {
                    if let Err(error) = serve_connection(stream, client, name).await {
                        tracing::debug!(%error, "an echo connection ended early");
                    }
                });
            }
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                sleep(REST).await;
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    client: SocketAddr,
    name: Arc<str>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let http2 = speaks_http2(&stream).await?;
    // The upgrade that the connection was asked for, if any; taken once the connection lets go.
    let upgrade = Arc::new(Mutex::new(None));
    let wanted = Arc::clone(&upgrade);
    let service =
        service_fn(move |request| answer(request, client, Arc::clone(&name), Arc::clone(&wanted)));
    let io = TokioIo::new(stream);
    if http2 {
        http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .serve_connection(io, service)
            .await?;
    } else {
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .half_close(true)
            .serve_connection(io, service)
            .with_upgrades()
            .await?;
    }
    let upgrade = upgrade
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(upgrade) = upgrade {
        websocket::echo(TokioIo::new(upgrade.await?)).await;
    }
    Ok(())
}

/// Whether the connection begins as HTTP/2's preface does, RFC 9113 section 3.4. No method is a
/// beginning of `PRI`, so one byte that differs settles it.
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    const PREFACE: &[u8] = b"PRI * ";
    let mut start = [0; PREFACE.len()];
    loop {
        let read = stream.peek(&mut start).await?;
        if read == 0 || !PREFACE.starts_with(&start[..read]) {
            return Ok(false);
        }
        if read == PREFACE.len() {
            return Ok(true);
        }
        // What is there stays readable, so waiting for more has to be a wait.
        sleep(Duration::from_millis(5)).await;
    }
}

async fn answer(
    mut request: Request<Incoming>,
    client: SocketAddr,
    name: Arc<str>,
    upgrade: Arc<Mutex<Option<OnUpgrade>>>,
) -> hyper::Result<Response<Full<Bytes>>> {
    if let Some(accept) = websocket::accept(request.headers()) {
        let asked = hyper::upgrade::on(&mut request);
        *upgrade.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
        return Ok(switching_protocols(accept));
    }
    let (parts, body) = request.into_parts();
    let mut text = account(&name, client, &parts, body).await?.to_string();
    text.push('\n');
    let mut response = Response::new(Full::new(text.into()));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

fn switching_protocols(accept: HeaderValue) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

#[cfg(test)]
mod tests;
