//! Pooled HTTP/1.1 connections.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use super::fixture::{
    SECOND, closed, clusters, exchange, heard, id, is_open, listen, on_worker, options, resolver,
    settings, until, upstreams,
};
use crate::{
    tls::ClientTls,
    upstream::{
        Balancer, ClusterSettings, Http1Connection, IdleLimit, Lease, Protocol, UpstreamOptions,
        Upstreams,
    },
};

fn pick(upstreams: &Upstreams) -> Lease {
    upstreams
        .cluster(&id("a"))
        .unwrap()
        .pick(None, &[])
        .unwrap()
}

fn idle(upstreams: &Upstreams) -> usize {
    upstreams
        .cluster(&id("a"))
        .unwrap()
        .gauges()
        .idle_connections
}

fn with(settings: ClusterSettings) -> Upstreams {
    let upstreams = upstreams();
    upstreams.update(&clusters([settings]));
    upstreams
}

/// A new connection and the server's end of it, after one exchange.
async fn connect(lease: &Lease, listener: &TcpListener) -> (Http1Connection, TcpStream) {
    let mut connection = lease.connect(SECOND).await.unwrap();
    let (mut peer, _) = listener.accept().await.unwrap();
    exchange(&mut connection, &mut peer).await;
    (connection, peer)
}

#[tokio::test]
async fn the_connection_used_last_is_used_again_first() {
    on_worker(async {
        let (listener, address) = listen().await;
        let upstreams = with(settings("a", &[address]));
        let lease = pick(&upstreams);
        assert!(lease.checkout().is_none());
        let (one, mut one_peer) = connect(&lease, &listener).await;
        let (other, mut other_peer) = connect(&lease, &listener).await;
        assert!(!one.is_reused());
        lease.give_back(one);
        lease.give_back(other);
        for peer in [&mut other_peer, &mut one_peer] {
            let mut connection = lease.checkout().unwrap();
            assert!(connection.is_reused());
            exchange(&mut connection, peer).await;
        }
        assert!(lease.checkout().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_skipped() {
    on_worker(async {
        let (listener, address) = listen().await;
        let upstreams = with(settings("a", &[address]));
        let lease = pick(&upstreams);
        let (good, mut good_peer) = connect(&lease, &listener).await;
        let (mut stale, stale_peer) = connect(&lease, &listener).await;
        lease.give_back(good);
        drop(stale_peer);
        heard(&mut stale).await;
        lease.give_back(stale);
        exchange(&mut lease.checkout().unwrap(), &mut good_peer).await;
        assert!(lease.checkout().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_connection_with_bytes_that_belong_to_no_response_is_skipped() {
    on_worker(async {
        let (listener, address) = listen().await;
        let upstreams = with(settings("a", &[address]));
        let lease = pick(&upstreams);
        let (mut connection, mut peer) = connect(&lease, &listener).await;
        peer.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        heard(&mut connection).await;
        lease.give_back(connection);
        assert!(lease.checkout().is_none());
        closed(&mut peer).await;
    })
    .await;
}

#[tokio::test]
async fn readiness_that_the_last_read_used_up_does_not_make_it_stale() {
    on_worker(async {
        let (listener, address) = listen().await;
        let upstreams = with(settings("a", &[address]));
        let lease = pick(&upstreams);
        let (mut connection, mut peer) = connect(&lease, &listener).await;
        peer.write_all(b"pong").await.unwrap();
        // A read that fills its buffer leaves the reactor believing in more.
        let mut word = [0; 4];
        connection.stream().read_exact(&mut word).await.unwrap();
        lease.give_back(connection);
        exchange(&mut lease.checkout().unwrap(), &mut peer).await;
    })
    .await;
}

#[tokio::test]
async fn idle_connections_are_bounded_by_endpoint_and_by_process() {
    on_worker(async {
        for (per_endpoint, process, kept) in [(2, 1_024, 2), (32, 3, 3)] {
            let (listener, address) = listen().await;
            let options = UpstreamOptions {
                idle_per_endpoint: per_endpoint,
                idle_limit: IdleLimit::new(process).into(),
                ..options()
            };
            let upstreams = Upstreams::new(options, resolver());
            upstreams.update(&clusters([settings("a", &[address])]));
            let lease = pick(&upstreams);
            let mut connections = Vec::new();
            for _ in 0..5 {
                connections.push(connect(&lease, &listener).await);
            }
            let mut peers = Vec::new();
            for (connection, peer) in connections {
                lease.give_back(connection);
                peers.push(peer);
            }
            assert_eq!(idle(&upstreams), kept);
            for (index, peer) in peers.iter_mut().enumerate() {
                if index < kept {
                    assert!(is_open(peer).await);
                } else {
                    closed(peer).await;
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_sweep_closes_what_is_idle_too_long_or_closed_already() {
    on_worker(async {
        let (listener, address) = listen().await;
        let upstreams = with(ClusterSettings {
            idle_timeout: 10 * SECOND,
            ..settings("a", &[address])
        });
        let start = Instant::now();
        let lease = pick(&upstreams);
        let (old, mut old_peer) = connect(&lease, &listener).await;
        let (young, mut young_peer) = connect(&lease, &listener).await;
        let (stale, stale_peer) = connect(&lease, &listener).await;
        lease.give_back(old);
        upstreams.sweep(start + 5 * SECOND);
        lease.give_back(young);
        lease.give_back(stale);
        assert_eq!(idle(&upstreams), 3);
        drop(stale_peer);
        until(|| {
            upstreams.sweep(start + 5 * SECOND);
            idle(&upstreams) == 2
        })
        .await;
        upstreams.sweep(start + 10 * SECOND);
        assert_eq!(idle(&upstreams), 1);
        closed(&mut old_peer).await;
        upstreams.sweep(start + 15 * SECOND);
        assert_eq!(idle(&upstreams), 0);
        closed(&mut young_peer).await;
        // And is there for the next one that falls idle.
        let (again, _peer) = connect(&lease, &listener).await;
        lease.give_back(again);
        upstreams.sweep(start + 25 * SECOND);
        assert_eq!(idle(&upstreams), 0);
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_leaves_is_drained() {
    on_worker(async {
        let (listener, address) = listen().await;
        let (stays, stays_address) = listen().await;
        let upstreams = with(settings("a", &[address, stays_address]));
        let cluster = upstreams.cluster(&id("a")).unwrap();
        let lease = cluster.pick(None, &[stays_address]).unwrap();
        let other = cluster.pick(None, &[address]).unwrap();
        let (idle, mut idle_peer) = connect(&lease, &listener).await;
        let (mut busy, mut busy_peer) = connect(&lease, &listener).await;
        let (kept, mut kept_peer) = connect(&other, &stays).await;
        lease.give_back(idle);
        other.give_back(kept);

        upstreams.update(&clusters([settings("a", &[stays_address])]));
        closed(&mut idle_peer).await;
        exchange(&mut busy, &mut busy_peer).await;
        lease.give_back(busy);
        assert!(lease.checkout().is_none());
        closed(&mut busy_peer).await;
        for _ in 0..4 {
            assert_eq!(pick(&upstreams).address(), stays_address);
        }
        exchange(&mut pick(&upstreams).checkout().unwrap(), &mut kept_peer).await;
        // A request that still holds the old cluster goes where there is an endpoint.
        for _ in 0..4 {
            assert_eq!(cluster.pick(None, &[]).unwrap().address(), stays_address);
        }
    })
    .await;
}

#[tokio::test]
async fn a_cluster_that_leaves_is_drained_and_serves_the_requests_that_hold_it() {
    on_worker(async {
        let (listener, address) = listen().await;
        let upstreams = with(settings("a", &[address]));
        let cluster = upstreams.cluster(&id("a")).unwrap();
        let lease = cluster.pick(None, &[]).unwrap();
        let (connection, mut peer) = connect(&lease, &listener).await;
        lease.give_back(connection);
        upstreams.update(&clusters([]));
        assert!(upstreams.cluster(&id("a")).is_none());
        closed(&mut peer).await;
        let lease = cluster.pick(None, &[]).unwrap();
        let (connection, mut peer) = connect(&lease, &listener).await;
        lease.give_back(connection);
        closed(&mut peer).await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_serves_on_only_while_protocol_and_tls_are_the_same() {
    on_worker(async {
        let (listener, address) = listen().await;
        let base = settings("a", &[address]);
        for (changed, is_kept) in [
            (
                ClusterSettings {
                    balancer: Balancer::Ewma,
                    ..base.clone()
                },
                true,
            ),
            (
                ClusterSettings {
                    idle_timeout: SECOND,
                    ..base.clone()
                },
                true,
            ),
            (settings("a", &[address, ([127, 0, 0, 9], 9).into()]), true),
            (
                ClusterSettings {
                    protocol: Protocol::Http2,
                    ..base.clone()
                },
                false,
            ),
            (
                ClusterSettings {
                    tls: Some(ClientTls::default()),
                    ..base.clone()
                },
                false,
            ),
        ] {
            let upstreams = with(base.clone());
            let lease = pick(&upstreams);
            let (connection, mut peer) = connect(&lease, &listener).await;
            lease.give_back(connection);
            upstreams.update(&clusters([changed.clone()]));
            assert_eq!(idle(&upstreams), usize::from(is_kept), "{changed:?}");
            if is_kept {
                assert!(is_open(&mut peer).await, "{changed:?}");
            } else {
                closed(&mut peer).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_is_not_kept_for_another_endpoint() {
    on_worker(async {
        let (listener, address) = listen().await;
        let (_other, other_address) = listen().await;
        let upstreams = with(settings("a", &[address, other_address]));
        let cluster = upstreams.cluster(&id("a")).unwrap();
        let (connection, mut peer) =
            connect(&cluster.pick(None, &[other_address]).unwrap(), &listener).await;
        cluster
            .pick(None, &[address])
            .unwrap()
            .give_back(connection);
        assert_eq!(idle(&upstreams), 0);
        closed(&mut peer).await;
    })
    .await;
}

#[tokio::test]
async fn idle_connections_are_closed_when_asked_for_and_at_the_end() {
    on_worker(async {
        let (listener, address) = listen().await;
        let upstreams = with(settings("a", &[address]));
        let lease = pick(&upstreams);
        let (connection, mut peer) = connect(&lease, &listener).await;
        lease.give_back(connection);
        upstreams.close_idle();
        closed(&mut peer).await;
        let (connection, mut peer) = connect(&lease, &listener).await;
        lease.give_back(connection);
        drop((lease, upstreams));
        closed(&mut peer).await;
    })
    .await;
}

#[tokio::test]
async fn load_is_counted_until_the_lease_is_dropped() {
    on_worker(async {
        let address = SocketAddr::from(([127, 0, 0, 9], 9));
        let upstreams = with(settings("a", &[address]));
        let leases = [pick(&upstreams), pick(&upstreams)];
        let in_flight = || upstreams.cluster(&id("a")).unwrap().gauges().in_flight;
        assert_eq!(in_flight(), 2);
        drop(leases);
        assert_eq!(in_flight(), 0);
    })
    .await;
}

#[tokio::test]
async fn sockets_are_set_up_for_requests_and_for_dead_peers() {
    on_worker(async {
        let (_listener, address) = listen().await;
        let upstreams = with(settings("a", &[address]));
        let connection = pick(&upstreams).connect(SECOND).await.unwrap();
        let crate::upstream::UpstreamStream::Tcp(stream) = connection.into_stream() else {
            panic!("TLS was not asked for");
        };
        assert!(stream.nodelay().unwrap());
        let socket = socket2::SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(
            socket.tcp_keepalive_time().unwrap(),
            Duration::from_secs(60)
        );
    })
    .await;
}
