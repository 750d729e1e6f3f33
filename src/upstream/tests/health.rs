//! Failed connects and ejection, as a request sees them.

use std::net::SocketAddr;

use tokio::{
    net::TcpSocket,
    time::{Instant, advance},
};

use super::fixture::{SECOND, clusters, id, listen, on_worker, settings, upstreams};
use crate::{
    tls::ClientTls,
    upstream::{
        ClusterSettings, ConnectError, Lease, Outcome, Upstreams,
        health::{FAILURES_TO_EJECT, FIRST_EJECTION},
    },
};

fn address(number: u8) -> SocketAddr {
    ([10, 0, 0, number], 80).into()
}

fn with(numbers: impl IntoIterator<Item = u8>) -> Upstreams {
    let upstreams = upstreams();
    update(&upstreams, numbers);
    upstreams
}

fn update(upstreams: &Upstreams, numbers: impl IntoIterator<Item = u8>) {
    let addresses: Vec<_> = numbers.into_iter().map(address).collect();
    upstreams.update(&clusters([settings("a", &addresses)]));
}

fn lease_of(upstreams: &Upstreams, wanted: u8) -> Lease {
    let cluster = upstreams.cluster(&id("a")).unwrap();
    let others: Vec<_> = (0..=9).filter(|it| *it != wanted).map(address).collect();
    cluster.pick(None, &others).unwrap()
}

fn eject(upstreams: &Upstreams, number: u8) {
    for _ in 0..FAILURES_TO_EJECT {
        lease_of(upstreams, number).report(Outcome::ConnectFailed);
    }
}

/// Who gets requests.
fn in_rotation(upstreams: &Upstreams) -> Vec<SocketAddr> {
    let cluster = upstreams.cluster(&id("a")).unwrap();
    let mut picked: Vec<_> = (0..20)
        .map(|_| cluster.pick(None, &[]).unwrap().address())
        .collect();
    picked.sort();
    picked.dedup();
    picked
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_fails_is_left_out_for_a_while() {
    on_worker(async {
        for failure in [
            Outcome::ConnectFailed,
            Outcome::Broken,
            Outcome::TimedOut,
            Outcome::Answered {
                latency: SECOND,
                status: 502,
            },
            Outcome::Answered {
                latency: SECOND,
                status: 503,
            },
            Outcome::Answered {
                latency: SECOND,
                status: 504,
            },
        ] {
            let upstreams = with(1..=3);
            for _ in 0..FAILURES_TO_EJECT {
                assert_eq!(in_rotation(&upstreams).len(), 3, "{failure:?}");
                lease_of(&upstreams, 2).report(failure);
            }
            assert_eq!(in_rotation(&upstreams), [address(1), address(3)]);
            advance(FIRST_EJECTION).await;
            upstreams.sweep(Instant::now());
            assert_eq!(in_rotation(&upstreams).len(), 3);
        }
    })
    .await;
}

#[tokio::test]
async fn answers_of_any_other_status_are_no_failures() {
    on_worker(async {
        let upstreams = with(1..=2);
        for status in [200, 301, 404, 429, 500, 501, 505] {
            for _ in 0..2 * FAILURES_TO_EJECT {
                lease_of(&upstreams, 1).report(Outcome::Answered {
                    latency: SECOND,
                    status,
                });
            }
            assert_eq!(in_rotation(&upstreams).len(), 2, "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_reload_does_not_end_an_ejection() {
    on_worker(async {
        let upstreams = with(1..=4);
        eject(&upstreams, 2);
        update(&upstreams, [2, 3, 5, 6]);
        assert_eq!(
            in_rotation(&upstreams),
            [address(3), address(5), address(6)]
        );
        // One that has left and comes back is a new one.
        update(&upstreams, [3, 5, 6]);
        update(&upstreams, [2, 3, 5, 6]);
        assert_eq!(in_rotation(&upstreams).len(), 4);
        assert_eq!(upstreams.cluster(&id("a")).unwrap().gauges().ejected, 0);
    })
    .await;
}

#[tokio::test]
async fn an_ejected_endpoint_is_used_when_the_others_were_tried() {
    on_worker(async {
        let upstreams = with(1..=2);
        eject(&upstreams, 1);
        let cluster = upstreams.cluster(&id("a")).unwrap();
        assert_eq!(cluster.pick(None, &[]).unwrap().address(), address(2));
        assert_eq!(
            cluster.pick(None, &[address(2)]).unwrap().address(),
            address(1)
        );
    })
    .await;
}

#[tokio::test]
async fn all_are_used_when_the_few_that_are_left_would_carry_too_much() {
    on_worker(async {
        let upstreams = with(1..=6);
        for number in 1..=6 {
            eject(&upstreams, number);
        }
        assert_eq!(in_rotation(&upstreams), [4, 5, 6].map(address));
        // Two of the good ones leave: three of four are ejected.
        update(&upstreams, 1..=4);
        assert_eq!(in_rotation(&upstreams).len(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    on_worker(async {
        let bound = TcpSocket::new_v4().unwrap();
        bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let upstreams = upstreams();
        upstreams.update(&clusters([settings("a", &[bound.local_addr().unwrap()])]));
        let lease = upstreams
            .cluster(&id("a"))
            .unwrap()
            .pick(None, &[])
            .unwrap();
        let error = lease.connect(5 * SECOND).await.unwrap_err();
        assert!(matches!(error, ConnectError::Refused), "{error}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up() {
    on_worker(async {
        let (_silent, address) = listen().await;
        let upstreams = upstreams();
        let tls = Some(ClientTls::default());
        upstreams.update(&clusters([ClusterSettings {
            tls,
            ..settings("a", &[address])
        }]));
        let lease = upstreams
            .cluster(&id("a"))
            .unwrap()
            .pick(None, &[])
            .unwrap();
        let error = lease.connect(SECOND).await.unwrap_err();
        assert!(matches!(error, ConnectError::TimedOut), "{error}");
    })
    .await;
}
