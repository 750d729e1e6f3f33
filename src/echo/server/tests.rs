//! The backend over real sockets.
#![allow(clippy::unwrap_used)]

use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

async fn listen() -> (SocketAddr, JoinSet<Infallible>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut task = JoinSet::new();
    task.spawn(serve(listener, "blog".into()));
    (address, task)
}

#[tokio::test]
async fn requests_on_one_connection_are_told_about_in_turn() {
    let (address, _task) = listen().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let client = stream.local_addr().unwrap();
    let requests: &[u8] =
        b"POST /a%20b?q=%2F HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nx-twice: \xff\r\n\
        Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n\
        GET / HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n";
    stream.write_all(requests).await.unwrap();
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).await.unwrap();
    let answers = String::from_utf8(answers).unwrap();
    assert_eq!(
        answers.matches("HTTP/1.1 200 OK\r\n").count(),
        2,
        "{answers}"
    );
    assert_eq!(
        answers
            .matches("content-type: application/json\r\n")
            .count(),
        2,
        "{answers}"
    );
    let accounts: Vec<Value> = answers
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        accounts[0],
        json!({
            "name": "blog",
            "client": client.to_string(),
            "method": "POST",
            "target": "/a%20b?q=%2F",
            "version": "HTTP/1.1",
            "headers": [
                ["host", "x"],
                ["x-twice", "1"],
                ["x-twice", "\u{ff}"],
                ["transfer-encoding", "chunked"],
            ],
            "body": {
                "length": 5,
                "sha256": "36bbe50ed96841d10443bcb670d6554f0a34b761be67ec9c4a8ad2c0c44ca42c",
                "start": "abcde",
            },
            "trailers": [["x-trailer", "t"]],
        })
    );
    assert_eq!(accounts[1]["headers"][0], json!(["host", "y"]));
}

#[tokio::test]
async fn http2_is_spoken_to_those_who_begin_with_its_preface() {
    let (address, _task) = listen().await;
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = Request::get(format!("http://{address}/h2")).body(Full::<Bytes>::default());
    let response = sender.send_request(request.unwrap()).await.unwrap();
    let frame = response.into_body().frame().await.unwrap().unwrap();
    let account: Value = serde_json::from_slice(frame.data_ref().unwrap()).unwrap();
    assert_eq!(account["version"], "HTTP/2.0");
}

#[tokio::test]
async fn an_upgraded_connection_echoes_frames() {
    let (address, _task) = listen().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let handshake =
        b"GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let frames = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i', 0x88, 0x80, 0, 0, 0, 0];
    stream.write_all(handshake).await.unwrap();
    stream.write_all(&frames).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
    assert!(text.starts_with("http/1.1 101 "), "{text}");
    assert!(
        text.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"),
        "{text}"
    );
    assert!(
        answer.ends_with(&[0x81, 2, b'h', b'i', 0x88, 0]),
        "{answer:?}"
    );
}
