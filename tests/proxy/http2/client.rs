//! A client that speaks HTTP/2.

use std::{future::poll_fn, net::SocketAddr};

use bytes::Bytes;
use h2::{
    RecvStream, SendStream,
    client::{self, SendRequest},
};
use http::{HeaderMap, Request, Response};
use tokio::{net::TcpStream, task::LocalSet, time::timeout};

use crate::support::PATIENCE;

/// Runs a test's own side; what it waits for comes in time, or the test has failed.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new()
        .block_on(&runtime, async { timeout(PATIENCE, test).await })
        .unwrap()
}

/// One connection of a client.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) sender: SendRequest<Bytes>,
}

/// An answer that has come whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Response<()>,
    pub(crate) body: String,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.status().as_u16()
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        self.head
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Client {
    /// A connection with prior knowledge.
    pub(crate) async fn to(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap()).await
    }

    pub(crate) async fn over(
        stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'static,
    ) -> Self {
        // One stream that is not read leaves room for others.
        let mut builder = client::Builder::new();
        builder.initial_connection_window_size(1 << 20);
        let (sender, connection) = builder.handshake(stream).await.unwrap();
        tokio::task::spawn_local(async move {
            let _ = connection.await;
        });
        Self { sender }
    }

    /// A request without a body and its answer.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(uri(path)).body(()).unwrap(), &[])
            .await
            .unwrap()
    }

    /// A request with these pieces as its body, and its answer.
    pub(crate) async fn ask(
        &self,
        request: Request<()>,
        body: &[&str],
    ) -> Result<Answer, h2::Error> {
        let mut sender = self.sender.clone().ready().await?;
        let (answer, mut stream) = sender.send_request(request, body.is_empty())?;
        for (place, piece) in body.iter().enumerate() {
            let last = place + 1 == body.len();
            stream.send_data(Bytes::copy_from_slice(piece.as_bytes()), last)?;
        }
        whole(answer.await?).await
    }

    /// Begins a request whose body is sent later.
    pub(crate) async fn begin(
        &self,
        request: Request<()>,
    ) -> (client::ResponseFuture, SendStream<Bytes>) {
        let mut sender = self.sender.clone().ready().await.unwrap();
        sender.send_request(request, false).unwrap()
    }
}

pub(crate) fn uri(path: &str) -> String {
    format!("http://a.example{path}")
}

pub(crate) fn post(path: &str) -> Request<()> {
    Request::post(uri(path)).body(()).unwrap()
}

/// Reads an answer to its end.
pub(crate) async fn whole(answer: Response<RecvStream>) -> Result<Answer, h2::Error> {
    let (parts, mut stream) = answer.into_parts();
    let mut body = Vec::new();
    while let Some(piece) = piece(&mut stream).await {
        body.extend_from_slice(&piece?);
    }
    let trailers = poll_fn(|cx| stream.poll_trailers(cx)).await?;
    Ok(Answer {
        head: Response::from_parts(parts, ()),
        body: String::from_utf8(body).unwrap(),
        trailers,
    })
}

/// The next piece of a body.
pub(crate) async fn piece(stream: &mut RecvStream) -> Option<Result<Bytes, h2::Error>> {
    let piece = poll_fn(|cx| stream.poll_data(cx)).await?;
    if let Ok(piece) = &piece {
        stream.flow_control().release_capacity(piece.len()).unwrap();
    }
    Some(piece)
}
