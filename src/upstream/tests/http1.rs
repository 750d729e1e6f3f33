//! Pooled HTTP/1.1 connections.

use super::fixture::{SECOND, clusters, exchange, id, listen, on_worker, settings, upstreams};

#[tokio::test]
async fn a_connection_that_is_given_back_is_used_again() {
    on_worker(async {
        let (listener, address) = listen().await;
        let upstreams = upstreams();
        upstreams.update(&clusters([settings("a", &[address])]));
        let lease = upstreams
            .cluster(&id("a"))
            .unwrap()
            .pick(None, &[])
            .unwrap();
        assert!(lease.checkout().is_none());
        let mut connection = lease.connect(SECOND).await.unwrap();
        assert!(!connection.is_reused());
        let (mut peer, _) = listener.accept().await.unwrap();
        exchange(&mut connection, &mut peer).await;
        lease.give_back(connection);
        let mut connection = lease.checkout().unwrap();
        assert!(connection.is_reused());
        exchange(&mut connection, &mut peer).await;
    })
    .await;
}
