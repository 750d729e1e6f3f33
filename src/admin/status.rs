//! What is served at the moment, for those who look.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::SystemTime,
};

use arc_swap::ArcSwapOption;

use crate::{
    config::{Config, Problem},
    snapshot::FirewallStates,
};

/// What was published last.
#[derive(Clone, Debug)]
pub struct Published {
    /// The snapshot's number.
    pub generation: u64,
    /// When.
    pub at: SystemTime,
    /// What it was compiled from.
    pub config: Arc<Config>,
    /// What is wrong with the objects of the moment.
    pub problems: Arc<[Problem]>,
    /// How its firewalls came by their rules.
    pub firewalls: FirewallStates,
    /// It is what an earlier run knew, and knew to be true at this time: the source of objects does not
    /// answer yet.
    pub stale: Option<SystemTime>,
}

/// The process as its listeners show it. Written by whoever publishes, read by everyone else.
#[derive(Debug, Default)]
pub struct Status {
    published: ArcSwapOption<Published>,
    draining: AtomicBool,
    reloads: AtomicU64,
    failures: AtomicU64,
    last_failed: AtomicBool,
}

/// Whether requests should be sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// They should.
    Ready,
    /// They should, although nothing newer is known than what an earlier run knew at this time.
    Stale(SystemTime),
    /// Nothing has been published yet.
    Starting,
    /// The process is on its way down.
    Draining,
}

impl Status {
    /// Shows what is served from now on. One generation may be shown again, with other problems.
    pub fn publish(&self, published: Published) {
        let before = self.published.swap(Some(Arc::new(published.clone())));
        if before.is_none_or(|before| before.generation != published.generation) {
            self.reloads.fetch_add(1, Ordering::Relaxed);
        }
        self.last_failed.store(false, Ordering::Relaxed);
    }

    /// Shows that a configuration could not be published, for a fault of ours, and the last one stays.
    pub fn publish_failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.last_failed.store(true, Ordering::Relaxed);
    }

    /// Shows that the process is on its way down.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether requests should be sent here.
    pub fn readiness(&self) -> Readiness {
        if self.draining.load(Ordering::Relaxed) {
            Readiness::Draining
        } else {
            match self.published.load().as_deref() {
                None => Readiness::Starting,
                Some(published) => published.stale.map_or(Readiness::Ready, Readiness::Stale),
            }
        }
    }

    /// What was published last.
    pub fn published(&self) -> Option<Arc<Published>> {
        self.published.load_full()
    }

    /// How many configurations were published and how many could not be.
    pub(super) fn reloads(&self) -> (u64, u64) {
        (
            self.reloads.load(Ordering::Relaxed),
            self.failures.load(Ordering::Relaxed),
        )
    }

    /// Whether the last attempt to publish failed.
    pub(super) fn last_failed(&self) -> bool {
        self.last_failed.load(Ordering::Relaxed)
    }
}
