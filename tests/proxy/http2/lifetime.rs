//! How connections and streams end.

use std::time::Duration;

use super::client::{Client, piece, post, run};
use crate::support::{Plan, TestProxy, Upstream};

#[test]
fn streams_in_flight_end_in_order_at_shutdown_and_new_ones_are_turned_away() {
    let upstream = Upstream::scripted(|mut connection, _| {
        connection.until("\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbefore");
        connection.until("\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        connection.send("5\r\nfirst\r\n");
        connection.until("go on");
        connection.send("4\r\nlast\r\n0\r\n\r\n");
    });
    let proxy = TestProxy::start(Plan::to(&upstream));
    run(async {
        let client = Client::to(proxy.address).await;
        assert_eq!(client.get("/").await.body, "before");
        let (answer, mut body) = client.begin(post("/")).await;
        let mut answer = answer.await.unwrap().into_body();
        assert_eq!(piece(&mut answer).await.unwrap().unwrap(), "first");
        let ending = tokio::task::spawn_blocking(move || {
            proxy.shut_down(Duration::ZERO, Duration::from_secs(5))
        });
        while client.sender.clone().ready().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        body.send_data("go on".into(), true).unwrap();
        assert_eq!(piece(&mut answer).await.unwrap().unwrap(), "last");
        assert!(piece(&mut answer).await.is_none());
        drop((client, answer, body));
        ending.await.unwrap();
    });
}
