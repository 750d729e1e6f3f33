//! The balancers against what they promise.
#![allow(clippy::unwrap_used)]

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use proptest::prelude::*;
use tokio::{
    runtime::Builder,
    task::LocalSet,
    time::{Instant, advance},
};

use super::KeyHasher;
use crate::upstream::{
    Balancer, ClusterSettings, Outcome, Upstreams,
    health::FAILURES_TO_EJECT,
    tests::fixture::{clusters, id, on_worker, settings, upstreams},
};

const MILLISECOND: Duration = Duration::from_millis(1);

fn address(number: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, (number >> 8) as u8, number as u8], 80))
}

fn addresses(numbers: impl IntoIterator<Item = u16>) -> Vec<SocketAddr> {
    numbers.into_iter().map(address).collect()
}

fn cluster_of(balancer: Balancer, addresses: &[SocketAddr]) -> ClusterSettings {
    ClusterSettings {
        balancer,
        ..settings("a", addresses)
    }
}

fn with(balancer: Balancer, numbers: impl IntoIterator<Item = u16>) -> Upstreams {
    let upstreams = upstreams();
    upstreams.update(&clusters([cluster_of(balancer, &addresses(numbers))]));
    upstreams
}

fn pick(upstreams: &Upstreams, hash: Option<u64>, tried: &[SocketAddr]) -> Option<SocketAddr> {
    upstreams
        .cluster(&id("a"))
        .unwrap()
        .pick(hash, tried)
        .map(|lease| lease.address())
}

fn hash_of(key: usize) -> Option<u64> {
    let mut hasher = KeyHasher::new();
    hasher.write(key.to_string().as_bytes());
    Some(hasher.finish())
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, test)
}

fn balancers() -> [Balancer; 3] {
    [
        Balancer::RoundRobin,
        Balancer::Ewma,
        Balancer::Hash(Vec::new()),
    ]
}

#[tokio::test]
async fn an_endpoint_that_was_tried_is_not_picked_again() {
    on_worker(async {
        for balancer in balancers() {
            let upstreams = with(balancer, 1..=5);
            let mut tried = Vec::new();
            while let Some(next) = pick(&upstreams, Some(3), &tried) {
                assert!(!tried.contains(&next));
                tried.push(next);
            }
            tried.sort();
            assert_eq!(tried, addresses(1..=5));
        }
    })
    .await;
}

#[tokio::test]
async fn a_cluster_without_endpoints_gives_none() {
    on_worker(async {
        for balancer in balancers() {
            assert_eq!(pick(&with(balancer, []), Some(3), &[]), None);
        }
    })
    .await;
}

#[tokio::test]
async fn round_robin_starts_anywhere_and_gives_each_its_turn() {
    on_worker(async {
        let upstreams = upstreams();
        let mut starts = Vec::new();
        for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            let wanted = clusters([settings(name, &addresses(1..=100))]);
            upstreams.update(&wanted);
            let cluster = upstreams.cluster(&id(name)).unwrap();
            let turns: Vec<_> = (0..300)
                .map(|_| cluster.pick(None, &[]).unwrap().address())
                .collect();
            starts.push(turns[0]);
            for endpoint in addresses(1..=100) {
                assert_eq!(turns.iter().filter(|it| **it == endpoint).count(), 3);
            }
        }
        starts.sort();
        starts.dedup();
        assert!(starts.len() > 4, "{starts:?}");
    })
    .await;
}

#[test]
fn round_robin_goes_on_where_it_was_over_any_reloads() {
    proptest!(|(steps in prop::collection::vec(
        prop_oneof![
            4 => Just(None),
            1 => prop::collection::btree_set(0_u16..12, 1..12).prop_map(Some),
        ],
        1..80,
    ))| {
        run(async {
            let upstreams = with(Balancer::RoundRobin, 0..6);
            let mut members = addresses(0..6);
            let mut last = None;
            for step in steps {
                let Some(numbers) = step else {
                    let picked = pick(&upstreams, None, &[]).unwrap();
                    // The naive model: the next address, or the first one after the last.
                    if let Some(last) = last {
                        let next = members.iter().find(|it| **it > last).unwrap_or(&members[0]);
                        assert_eq!(picked, *next);
                    }
                    last = Some(picked);
                    continue;
                };
                members = addresses(numbers);
                upstreams.update(&clusters([cluster_of(Balancer::RoundRobin, &members)]));
            }
        });
    });
}

#[tokio::test(start_paused = true)]
async fn ewma_prefers_the_fast_endpoint() {
    on_worker(async {
        let upstreams = with(Balancer::Ewma, 1..=4);
        let latency = |of: SocketAddr| {
            if of == address(1) {
                MILLISECOND
            } else {
                20 * MILLISECOND
            }
        };
        let mut picks: HashMap<SocketAddr, u32> = HashMap::new();
        for _ in 0..1_000 {
            let lease = upstreams
                .cluster(&id("a"))
                .unwrap()
                .pick(None, &[])
                .unwrap();
            let latency = latency(lease.address());
            *picks.entry(lease.address()).or_default() += 1;
            advance(MILLISECOND).await;
            lease.report(Outcome::Answered {
                latency,
                status: 200,
            });
        }
        // Of two random ones out of four it is one half of the time, and then it always wins.
        assert!((450..600).contains(&picks[&address(1)]), "{picks:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ewma_counts_requests_in_flight() {
    on_worker(async {
        let upstreams = with(Balancer::Ewma, 1..=2);
        let cluster = upstreams.cluster(&id("a")).unwrap();
        for endpoint in addresses(1..=2) {
            let other = if endpoint == address(1) {
                address(2)
            } else {
                address(1)
            };
            let lease = cluster.pick(None, &[other]).unwrap();
            lease.report(Outcome::Answered {
                latency: 10 * MILLISECOND,
                status: 200,
            });
        }
        let mut leases: Vec<_> = (0..20).map(|_| cluster.pick(None, &[]).unwrap()).collect();
        let first = leases
            .iter()
            .filter(|lease| lease.address() == address(1))
            .count();
        assert_eq!(first, 10);
        leases.retain(|lease| lease.address() == address(1));
        assert_eq!(pick(&upstreams, None, &[]), Some(address(2)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ewma_does_not_fall_for_quick_errors() {
    on_worker(async {
        for status in [500, 503] {
            let upstreams = with(Balancer::Ewma, 1..=2);
            let cluster = upstreams.cluster(&id("a")).unwrap();
            let answer = |from: u16, latency, status| {
                let lease = cluster.pick(None, &[address(3 - from)]).unwrap();
                assert_eq!(lease.address(), address(from));
                lease.report(Outcome::Answered { latency, status });
            };
            answer(1, 10 * MILLISECOND, 200);
            answer(2, 9 * MILLISECOND, 200);
            for _ in 0..3 {
                advance(MILLISECOND).await;
                answer(1, MILLISECOND, status);
                assert_eq!(pick(&upstreams, None, &[]), Some(address(2)));
            }
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ewma_does_not_fall_for_quick_refusals() {
    on_worker(async {
        let upstreams = with(Balancer::Ewma, 1..=2);
        let cluster = upstreams.cluster(&id("a")).unwrap();
        let lease = cluster.pick(None, &[address(2)]).unwrap();
        lease.report(Outcome::Answered {
            latency: 10 * MILLISECOND,
            status: 200,
        });
        drop(lease);
        // It has never answered.
        cluster
            .pick(None, &[address(1)])
            .unwrap()
            .report(Outcome::ConnectFailed);
        assert_eq!(pick(&upstreams, None, &[]), Some(address(1)));
        // And gets another chance later.
        upstreams.sweep(Instant::now() + Duration::from_secs(60));
        let held: Vec<_> = (0..20).map(|_| cluster.pick(None, &[]).unwrap()).collect();
        assert!(held.iter().any(|lease| lease.address() == address(2)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ewma_gives_a_new_endpoint_one_request_at_a_time() {
    on_worker(async {
        let upstreams = with(Balancer::Ewma, [1]);
        let cluster = upstreams.cluster(&id("a")).unwrap();
        let lease = cluster.pick(None, &[]).unwrap();
        lease.report(Outcome::Answered {
            latency: 10 * MILLISECOND,
            status: 200,
        });
        drop(lease);
        upstreams.update(&clusters([cluster_of(Balancer::Ewma, &addresses(1..=2))]));
        let cluster = upstreams.cluster(&id("a")).unwrap();
        let first = cluster.pick(None, &[]).unwrap();
        assert_eq!(first.address(), address(2));
        let others: Vec<_> = (0..20).map(|_| cluster.pick(None, &[]).unwrap()).collect();
        assert!(others.iter().all(|lease| lease.address() == address(1)));
    })
    .await;
}

#[test]
fn a_change_of_endpoints_moves_only_the_keys_that_it_must() {
    let balancer = Balancer::Hash(Vec::new());
    proptest!(ProptestConfig::with_cases(40), |(
        numbers in prop::collection::btree_set(0_u16..500, 2..20),
        gone in any::<prop::sample::Index>(),
    )| {
        run(async {
            let all = addresses(numbers);
            let gone = all[gone.index(all.len())];
            let rest: Vec<_> = all.iter().copied().filter(|it| *it != gone).collect();
            let upstreams = upstreams();
            let assign = |members: &[SocketAddr]| -> Vec<_> {
                upstreams.update(&clusters([cluster_of(balancer.clone(), members)]));
                (0..300).map(|key| pick(&upstreams, hash_of(key), &[]).unwrap()).collect()
            };
            let (before, after, again) = (assign(&all), assign(&rest), assign(&all));
            for (before, after) in before.iter().zip(&after) {
                assert!(before == after || *before == gone);
            }
            assert_eq!(before, again);
        });
    });
}

#[tokio::test]
async fn keys_spread_evenly_also_those_of_an_ejected_endpoint() {
    on_worker(async {
        let upstreams = with(Balancer::Hash(Vec::new()), 1..=10);
        let assign = || (0..20_000).map(|key| pick(&upstreams, hash_of(key), &[]).unwrap());
        let before: Vec<_> = assign().collect();
        for endpoint in addresses(1..=10) {
            let keys = before.iter().filter(|it| **it == endpoint).count();
            assert!((1_800..2_200).contains(&keys), "{keys}");
        }
        let others = addresses(2..=10);
        for _ in 0..FAILURES_TO_EJECT {
            let lease = upstreams
                .cluster(&id("a"))
                .unwrap()
                .pick(None, &others)
                .unwrap();
            lease.report(Outcome::Broken);
        }
        let mut moved: HashMap<SocketAddr, u32> = HashMap::new();
        for (before, after) in before.iter().zip(assign()) {
            assert_ne!(after, address(1));
            if *before != after {
                assert_eq!(*before, address(1));
                *moved.entry(after).or_default() += 1;
            }
        }
        assert!(
            moved.len() == 9 && moved.values().all(|keys| (150..300).contains(keys)),
            "{moved:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_request_without_a_key_goes_anywhere() {
    on_worker(async {
        let upstreams = with(Balancer::Hash(Vec::new()), 1..=4);
        let mut seen: Vec<_> = (0..100)
            .map(|_| pick(&upstreams, None, &[]).unwrap())
            .collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen, addresses(1..=4));
    })
    .await;
}

#[test]
fn replicas_of_any_version_agree_on_a_hash() {
    for (parts, hash) in [
        (&[][..], 0xefd0_1f60_ba99_2926),
        (&[&b"/blog"[..]], 0xc4b6_f0ed_9d1c_6350),
        (&[&b"/b"[..], b"log"], 0xc4b6_f0ed_9d1c_6350),
    ] {
        let mut hasher = KeyHasher::new();
        for part in parts {
            hasher.write(part);
        }
        assert_eq!(hasher.finish(), hash, "{parts:?}: {:#x}", hasher.finish());
    }
}
