//! HTTP/2 connections that many streams share.

use std::{cell::Cell, convert::Infallible, net::SocketAddr, rc::Rc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http2::Builder, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    task::spawn_local,
    time::Instant,
};
use tokio_util::task::TaskTracker;

use super::{
    fixture::{SECOND, clusters, id, listen, on_worker, options, resolver, settings},
    tls::Pki,
};
use crate::upstream::{
    ClusterSettings, Http2Stream, Lease, Protocol, RequestBody, Upstreams,
    http2::{LocalTasks, MOST_CONNECTIONS},
};

/// An HTTP/2 server that holds its answers back while it is told to.
#[derive(Default)]
struct Server {
    connections: Cell<usize>,
    streams: Cell<usize>,
    holds: Cell<bool>,
    go: Notify,
    most_streams: Cell<Option<u32>>,
    goodbye: Notify,
}

impl Server {
    async fn serve(self: Rc<Self>, io: impl AsyncRead + AsyncWrite + Unpin + 'static) {
        self.connections.set(self.connections.get() + 1);
        let server = Rc::clone(&self);
        let service = service_fn(move |request: Request<Incoming>| {
            let server = Rc::clone(&server);
            async move {
                server.streams.set(server.streams.get() + 1);
                if server.holds.get() {
                    server.go.notified().await;
                }
                let body = request.into_body().collect().await.unwrap().to_bytes();
                server.streams.set(server.streams.get() - 1);
                Ok::<_, Infallible>(Response::new(Full::new(body)))
            }
        });
        let connection = Builder::new(LocalTasks::new(TaskTracker::new()))
            .max_concurrent_streams(self.most_streams.get())
            .serve_connection(TokioIo::new(io), service);
        let mut connection = std::pin::pin!(connection);
        let goodbye = async {
            self.goodbye.notified().await;
        };
        tokio::select! {
            _ = connection.as_mut() => return,
            () = goodbye => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }

    /// A server and where it is.
    async fn start() -> (Rc<Self>, SocketAddr) {
        let (listener, address) = listen().await;
        let server = Rc::new(Self::default());
        let accepting = Rc::clone(&server);
        spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                spawn_local(Rc::clone(&accepting).serve(stream));
            }
        });
        (server, address)
    }
}

fn body(text: &'static str) -> RequestBody {
    Box::pin(Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}))
}

fn request(text: &'static str) -> Request<RequestBody> {
    Request::post("http://a.example/").body(body(text)).unwrap()
}

async fn exchange(stream: &Http2Stream) {
    let response = stream.send(request("ping")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "ping"
    );
}

fn h2_settings(address: SocketAddr) -> ClusterSettings {
    ClusterSettings {
        protocol: Protocol::Http2,
        idle_timeout: 10 * SECOND,
        ..settings("a", &[address])
    }
}

fn with(settings: ClusterSettings) -> (Upstreams, TaskTracker) {
    let options = options();
    let tasks = options.tasks.clone();
    let upstreams = Upstreams::new(options, resolver());
    upstreams.update(&clusters([settings]));
    (upstreams, tasks)
}

fn lease(upstreams: &Upstreams) -> Lease {
    upstreams
        .cluster(&id("a"))
        .unwrap()
        .pick(None, &[])
        .unwrap()
}

fn connections(upstreams: &Upstreams) -> usize {
    upstreams
        .cluster(&id("a"))
        .unwrap()
        .gauges()
        .http2_connections
}

#[tokio::test]
async fn prior_knowledge_and_one_connection_for_many_streams() {
    on_worker(async {
        let (server, address) = Server::start().await;
        let (upstreams, _) = with(h2_settings(address));
        let exchanges: Vec<_> = (0..50)
            .map(|_| {
                let lease = lease(&upstreams);
                spawn_local(async move {
                    let stream = lease.http2(5 * SECOND).await.unwrap();
                    exchange(&stream).await;
                })
            })
            .collect();
        for exchange in exchanges {
            exchange.await.unwrap();
        }
        assert_eq!(server.connections.get(), 1);
        assert_eq!(connections(&upstreams), 1);
    })
    .await;
}

#[tokio::test]
async fn http2_over_tls() {
    on_worker(async {
        let pki = Pki::new(&["good.example"], &[b"h2"]);
        let (listener, address) = listen().await;
        let tls = Some(pki.trusted("good.example"));
        let (upstreams, _) = with(ClusterSettings {
            tls,
            ..h2_settings(address)
        });
        let lease = lease(&upstreams);
        let (stream, peer) = tokio::join!(lease.http2(5 * SECOND), pki.accept(&listener));
        spawn_local(Rc::new(Server::default()).serve(peer.unwrap()));
        exchange(&stream.unwrap()).await;
    })
    .await;
}

#[tokio::test]
async fn another_connection_is_made_when_the_server_allows_no_more_streams() {
    on_worker(async {
        let (server, address) = Server::start().await;
        server.most_streams.set(Some(3));
        let (upstreams, _) = with(h2_settings(address));
        let lease = lease(&upstreams);
        // The server's settings have come with the first answer.
        exchange(&lease.http2(5 * SECOND).await.unwrap()).await;
        let mut streams = Vec::new();
        for taken in 1..=30 {
            let stream = lease.http2(5 * SECOND).await.unwrap();
            exchange(&stream).await;
            streams.push(stream);
            let expected = usize::div_ceil(taken, 3).min(MOST_CONNECTIONS);
            assert_eq!(connections(&upstreams), expected, "{taken} streams");
        }
        assert_eq!(server.connections.get(), MOST_CONNECTIONS);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_says_goodbye_gets_no_new_stream() {
    on_worker(async {
        let (server, address) = Server::start().await;
        let (upstreams, _) = with(h2_settings(address));
        let lease = lease(&upstreams);
        let first = lease.http2(5 * SECOND).await.unwrap();
        exchange(&first).await;
        server.goodbye.notify_one();
        // Whether or not the farewell has come, nothing of this request was processed: it is sent,
        // or it comes back unsent and goes over a new connection.
        let mut unsent = Some(request("ping"));
        while let Some(request) = unsent.take() {
            let stream = lease.http2(5 * SECOND).await.unwrap();
            match stream.send(request).await {
                Ok(response) => assert_eq!(response.status(), StatusCode::OK),
                Err(error) => unsent = Some(error.unsent.unwrap()),
            }
        }
        assert!(server.connections.get() <= 2);
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_timeout() {
    on_worker(async {
        let (_server, address) = Server::start().await;
        let (upstreams, tasks) = with(h2_settings(address));
        let lease = lease(&upstreams);
        let stream = lease.http2(5 * SECOND).await.unwrap();
        exchange(&stream).await;
        let start = Instant::now();
        upstreams.sweep(start + 9 * SECOND);
        upstreams.sweep(start + 18 * SECOND);
        assert_eq!(connections(&upstreams), 1, "a stream is open");
        drop(stream);
        upstreams.sweep(start + 27 * SECOND);
        assert_eq!(connections(&upstreams), 1, "it is not idle for long enough");
        upstreams.sweep(start + 28 * SECOND);
        assert_eq!(connections(&upstreams), 0);
        drop(upstreams);
        tasks.close();
        tasks.wait().await;
    })
    .await;
}

#[tokio::test]
async fn streams_of_an_endpoint_that_leaves_end_normally() {
    on_worker(async {
        let (server, address) = Server::start().await;
        server.holds.set(true);
        let (upstreams, tasks) = with(h2_settings(address));
        let lease = lease(&upstreams);
        let running = spawn_local(async move {
            let stream = lease.http2(5 * SECOND).await.unwrap();
            exchange(&stream).await;
        });
        while server.streams.get() == 0 {
            tokio::task::yield_now().await;
        }
        upstreams.update(&clusters([]));
        server.go.notify_one();
        running.await.unwrap();
        // The connection went with its last stream.
        drop(upstreams);
        tasks.close();
        tasks.wait().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_costs_every_stream_no_more_than_its_limit() {
    on_worker(async {
        let pki = Pki::new(&["good.example"], &[b"h2"]);
        let (_listener, address) = listen().await;
        let tls = Some(pki.trusted("good.example"));
        let (upstreams, _) = with(ClusterSettings {
            tls,
            ..h2_settings(address)
        });
        let start = Instant::now();
        let waiting: Vec<_> = (0..10)
            .map(|_| {
                let lease = lease(&upstreams);
                spawn_local(async move { lease.http2(SECOND).await.unwrap_err() })
            })
            .collect();
        for waiting in waiting {
            let error = waiting.await.unwrap();
            assert!(
                matches!(error, crate::upstream::ConnectError::TimedOut),
                "{error}"
            );
        }
        assert!(start.elapsed() <= SECOND + Duration::from_millis(50));
    })
    .await;
}

#[tokio::test]
async fn a_body_without_bytes_is_a_body_too() {
    on_worker(async {
        let (_server, address) = Server::start().await;
        let (upstreams, _) = with(h2_settings(address));
        let stream = lease(&upstreams).http2(5 * SECOND).await.unwrap();
        let body: RequestBody = Box::pin(Empty::new().map_err(|never| match never {}));
        let response = stream
            .send(Request::get("http://a.example/").body(body).unwrap())
            .await;
        assert!(
            response
                .unwrap()
                .into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes()
                .is_empty()
        );
    })
    .await;
}
