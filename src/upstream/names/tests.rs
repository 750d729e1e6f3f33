//! Names whose addresses change, fail, or may not be used.
#![allow(clippy::unwrap_used)]

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, time::sleep};
use tokio_util::task::TaskTracker;

use super::NameResolver;
use crate::upstream::{
    Balancer, ClusterSettings, NameTarget, NameTrust, UpstreamSource, Upstreams,
    tests::fixture::{clusters, id, on_worker, options, settings},
};

/// Stands in for DNS, which a test cannot have.
#[derive(Clone, Default)]
struct Zone {
    records: Arc<Mutex<HashMap<String, Vec<IpAddr>>>>,
    lookups: Arc<AtomicUsize>,
}

impl Zone {
    fn set(&self, name: &str, ips: &[&str]) {
        let ips = ips.iter().map(|ip| ip.parse().unwrap()).collect();
        self.records.lock().unwrap().insert(name.to_owned(), ips);
    }

    fn fail(&self, name: &str) {
        self.records.lock().unwrap().remove(name);
    }

    fn resolver(&self) -> NameResolver {
        let zone = self.clone();
        NameResolver::with_lookup(
            Handle::current(),
            TaskTracker::new(),
            Vec::new(),
            fastrand::Rng::with_seed(1),
            Box::new(move |name| {
                zone.lookups.fetch_add(1, Ordering::Relaxed);
                let found = zone.records.lock().unwrap().get(name).cloned();
                Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
            }),
        )
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::Relaxed)
    }
}

fn named(name: &str, trust: NameTrust) -> ClusterSettings {
    let target = NameTarget {
        name: name.into(),
        port: 80,
        trust,
    };
    ClusterSettings {
        source: UpstreamSource::Name(target),
        ..settings("a", &[])
    }
}

fn outside(name: &str) -> ClusterSettings {
    named(name, NameTrust::Untrusted)
}

/// Where requests go, sorted.
fn addresses(upstreams: &Upstreams) -> Vec<String> {
    let cluster = upstreams.cluster(&id("a")).unwrap();
    let mut tried: Vec<SocketAddr> = Vec::new();
    while let Some(lease) = cluster.pick(None, &tried) {
        tried.push(lease.address());
    }
    tried.sort();
    tried.iter().map(ToString::to_string).collect()
}

const AGAIN: Duration = Duration::from_secs(31);

#[tokio::test(start_paused = true)]
async fn a_name_is_looked_up_again_and_again() {
    on_worker(async {
        let zone = Zone::default();
        zone.set("db.example", &["10.0.0.2", "10.0.0.1"]);
        let upstreams = Upstreams::new(options(), zone.resolver());
        upstreams.update(&clusters([outside("db.example")]));
        assert!(addresses(&upstreams).is_empty());
        sleep(Duration::from_millis(1)).await;
        assert_eq!(addresses(&upstreams), ["10.0.0.1:80", "10.0.0.2:80"]);
        zone.set("db.example", &["10.0.0.3"]);
        sleep(AGAIN).await;
        assert_eq!(addresses(&upstreams), ["10.0.0.3:80"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn look_ups_are_ten_to_thirty_seconds_apart() {
    on_worker(async {
        let zone = Zone::default();
        zone.set("db.example", &["10.0.0.2"]);
        let upstreams = Upstreams::new(options(), zone.resolver());
        upstreams.update(&clusters([outside("db.example")]));
        sleep(Duration::from_secs(3_000)).await;
        assert!((100..=300).contains(&zone.lookups()), "{}", zone.lookups());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_last_good_addresses_serve_on_when_a_look_up_fails() {
    on_worker(async {
        let zone = Zone::default();
        zone.set("db.example", &["10.0.0.1"]);
        let upstreams = Upstreams::new(options(), zone.resolver());
        upstreams.update(&clusters([outside("db.example")]));
        sleep(AGAIN).await;
        zone.fail("db.example");
        sleep(10 * AGAIN).await;
        assert_eq!(addresses(&upstreams), ["10.0.0.1:80"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_cannot_be_looked_up_yet_is_tried_again_soon() {
    on_worker(async {
        let zone = Zone::default();
        let upstreams = Upstreams::new(options(), zone.resolver());
        upstreams.update(&clusters([outside("db.example")]));
        sleep(Duration::from_millis(2_500)).await;
        assert!(addresses(&upstreams).is_empty());
        zone.set("db.example", &["10.0.0.1"]);
        sleep(Duration::from_secs(1)).await;
        assert_eq!(addresses(&upstreams), ["10.0.0.1:80"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_resolution_is_checked() {
    on_worker(async {
        let zone = Zone::default();
        zone.set("db.example", &["10.0.0.1"]);
        let upstreams = Upstreams::new(options(), zone.resolver());
        upstreams.update(&clusters([outside("db.example")]));
        sleep(AGAIN).await;
        // The name is bound anew, first in part, then as a whole.
        zone.set(
            "db.example",
            &["127.0.0.1", "10.0.0.1", "::ffff:169.254.169.254"],
        );
        sleep(AGAIN).await;
        assert_eq!(addresses(&upstreams), ["10.0.0.1:80"]);
        zone.set("db.example", &["127.0.0.1"]);
        sleep(AGAIN).await;
        assert!(addresses(&upstreams).is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_trusted_name_may_lead_to_loopback() {
    on_worker(async {
        let zone = Zone::default();
        zone.set("db.example", &["127.0.0.1"]);
        let upstreams = Upstreams::new(options(), zone.resolver());
        upstreams.update(&clusters([named("db.example", NameTrust::Trusted)]));
        sleep(AGAIN).await;
        assert_eq!(addresses(&upstreams), ["127.0.0.1:80"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_number_of_addresses_is_bounded() {
    on_worker(async {
        let zone = Zone::default();
        let many: Vec<_> = (0..200).map(|number| format!("10.0.1.{number}")).collect();
        zone.set(
            "db.example",
            &many.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let upstreams = Upstreams::new(options(), zone.resolver());
        upstreams.update(&clusters([outside("db.example")]));
        sleep(AGAIN).await;
        assert_eq!(addresses(&upstreams).len(), 64);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_old_addresses_serve_until_another_name_is_looked_up() {
    on_worker(async {
        let zone = Zone::default();
        zone.set("old.example", &["10.0.0.1"]);
        zone.set("new.example", &["10.0.0.2"]);
        let upstreams = Upstreams::new(options(), zone.resolver());
        upstreams.update(&clusters([outside("old.example")]));
        sleep(AGAIN).await;
        upstreams.update(&clusters([outside("new.example")]));
        assert_eq!(addresses(&upstreams), ["10.0.0.1:80"]);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(addresses(&upstreams), ["10.0.0.2:80"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn addresses_of_a_trusted_name_do_not_serve_an_untrusted_one() {
    on_worker(async {
        let zone = Zone::default();
        zone.set("old.example", &["127.0.0.1"]);
        let upstreams = Upstreams::new(options(), zone.resolver());
        upstreams.update(&clusters([named("old.example", NameTrust::Trusted)]));
        sleep(AGAIN).await;
        upstreams.update(&clusters([outside("new.example")]));
        assert!(addresses(&upstreams).is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_look_up_serves_every_worker_and_ends_with_the_last() {
    on_worker(async {
        let zone = Zone::default();
        zone.set("db.example", &["10.0.0.1"]);
        let resolver = zone.resolver();
        let workers = [(); 4].map(|()| Upstreams::new(options(), resolver.clone()));
        for upstreams in &workers {
            upstreams.update(&clusters([outside("db.example")]));
        }
        sleep(Duration::from_millis(1)).await;
        for upstreams in &workers {
            assert_eq!(addresses(upstreams), ["10.0.0.1:80"]);
        }
        assert_eq!(zone.lookups(), 1);
        for upstreams in &workers {
            upstreams.update(&clusters([]));
        }
        sleep(10 * AGAIN).await;
        assert_eq!(zone.lookups(), 1);
        // And begins anew when a worker follows the name again.
        workers[2].update(&clusters([outside("db.example")]));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(addresses(&workers[2]), ["10.0.0.1:80"]);
        assert_eq!(zone.lookups(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn other_settings_do_not_start_the_look_ups_anew() {
    on_worker(async {
        let zone = Zone::default();
        zone.set("db.example", &["10.0.0.1"]);
        let upstreams = Upstreams::new(options(), zone.resolver());
        upstreams.update(&clusters([outside("db.example")]));
        sleep(Duration::from_millis(1)).await;
        let balancer = Balancer::Ewma;
        let other = ClusterSettings {
            balancer,
            ..outside("db.example")
        };
        upstreams.update(&clusters([other]));
        assert_eq!(addresses(&upstreams), ["10.0.0.1:80"]);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(zone.lookups(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_system_knows_localhost_and_numbers() {
    on_worker(async {
        let resolver = NameResolver::new(
            Handle::current(),
            TaskTracker::new(),
            Vec::new(),
            fastrand::Rng::with_seed(1),
        );
        let mut epochs = resolver.epochs();
        for (name, expected) in [("localhost", "127.0.0.1:80"), ("127.1", "127.0.0.1:80")] {
            let upstreams = Upstreams::new(options(), resolver.clone());
            upstreams.update(&clusters([named(name, NameTrust::Trusted)]));
            epochs.changed().await.unwrap();
            assert!(
                addresses(&upstreams).contains(&expected.to_owned()),
                "{name}"
            );
            // What an untrusted one finds there is refused.
            upstreams.update(&clusters([outside(name)]));
            epochs.changed().await.unwrap();
            assert!(addresses(&upstreams).is_empty(), "{name}");
        }
    })
    .await;
}
