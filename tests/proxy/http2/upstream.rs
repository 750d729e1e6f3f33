//! An upstream that speaks HTTP/2.

use std::{future::Future, net::SocketAddr, pin::Pin, sync::Arc, thread};

use bytes::Bytes;
use h2::{
    RecvStream,
    server::{self, SendResponse},
};
use http::{Request, Response};
use tokio::task::LocalSet;

use super::client::piece;

type Script = dyn Fn(Request<RecvStream>, SendResponse<Bytes>) -> Pin<Box<dyn Future<Output = ()>>>
    + Send
    + Sync;

/// Starts an upstream on a thread of its own; `script` is given each stream.
pub(crate) fn scripted<F>(
    script: impl Fn(Request<RecvStream>, SendResponse<Bytes>) -> F + Send + Sync + 'static,
) -> SocketAddr
where
    F: Future<Output = ()> + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let script: Arc<Script> = Arc::new(move |request, respond| Box::pin(script(request, respond)));
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        LocalSet::new().block_on(&runtime, async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let script = Arc::clone(&script);
                tokio::task::spawn_local(async move {
                    let mut connection = server::handshake(stream).await.unwrap();
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        tokio::task::spawn_local(script(request, respond));
                    }
                });
            }
        });
    });
    address
}

/// Takes requests and says nothing.
pub(crate) fn never_answering() -> SocketAddr {
    scripted(|request, respond| async move {
        let _kept = (request, respond);
        std::future::pending::<()>().await;
    })
}

/// Answers every request with 200 and an account of what came: the head as HTTP/1.1 would have it,
/// then the body, then the trailers.
pub(crate) fn mirror() -> SocketAddr {
    scripted(|request, mut respond| async move {
        let (parts, mut body) = request.into_parts();
        let mut account = format!("{} {}\n", parts.method, parts.uri);
        for (name, value) in &parts.headers {
            account += &format!("{name}: {}\n", value.to_str().unwrap());
        }
        account += "\n";
        while let Some(Ok(data)) = piece(&mut body).await {
            account += std::str::from_utf8(&data).unwrap();
        }
        let trailers = std::future::poll_fn(|cx| body.poll_trailers(cx)).await;
        for (name, value) in trailers.unwrap().unwrap_or_default().iter() {
            account += &format!("\n{name}: {}", value.to_str().unwrap());
        }
        let response = Response::builder()
            .header("x-upstream", "two")
            .body(())
            .unwrap();
        let mut stream = respond.send_response(response, false).unwrap();
        stream.send_data(account.into(), true).unwrap();
    })
}
