//! One look-up a name for the whole process, repeated while a worker wants it.

use std::{
    collections::HashMap,
    fmt, io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
    time::sleep,
};
use tokio_util::task::TaskTracker;

use super::address::{Refusal, refusal};
use crate::upstream::settings::NameTarget;

/// The most addresses taken from one look-up, the lowest first.
const MOST_ADDRESSES: usize = 64;

/// The most look-ups at a time: each may block a thread for as long as the system's resolver waits.
const MOST_LOOKUPS: usize = 32;

/// Between two look-ups of a name, in milliseconds; random between these, so that many names do not
/// come at once.
const INTERVAL: std::ops::RangeInclusive<u64> = 10_000..=30_000;

/// Until the second look-up of a name whose first gave no address; then twice as long each time.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// Looks names up for all workers of the process. Clones are the same resolver.
#[derive(Clone)]
pub struct NameResolver {
    shared: Arc<Shared>,
}

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Resolution {
    /// The first look-up is under way.
    Pending,
    /// The addresses that the last good look-up gave and that are acceptable, sorted; none at all
    /// after a first look-up that failed.
    Known(Arc<[SocketAddr]>),
}

/// Says when any name's resolution has changed.
pub(in crate::upstream) type Epochs = watch::Receiver<u64>;

/// One worker's interest in a name; dropping it ends the look-ups if it was the last.
pub(in crate::upstream) type NameWatch = watch::Receiver<Resolution>;

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
type Lookup = Box<dyn Fn(&str) -> Found + Send + Sync>;

struct Shared {
    runtime: Handle,
    tasks: TaskTracker,
    listeners: Box<[SocketAddr]>,
    lookup: Lookup,
    lookups: Semaphore,
    epoch: watch::Sender<u64>,
    names: Mutex<Names>,
}

struct Names {
    watched: HashMap<NameTarget, watch::Sender<Resolution>>,
    random: fastrand::Rng,
}

impl NameResolver {
    /// A resolver that uses the system's (`getaddrinfo`). Its tasks run on `runtime` and are counted
    /// in `tasks`; `listeners` are the addresses that this proxy listens on, which untrusted names
    /// must not lead to.
    #[must_use]
    pub fn new(
        runtime: Handle,
        tasks: TaskTracker,
        listeners: Vec<SocketAddr>,
        random: fastrand::Rng,
    ) -> Self {
        Self::with_lookup(runtime, tasks, listeners, random, Box::new(system_lookup))
    }

    pub(super) fn with_lookup(
        runtime: Handle,
        tasks: TaskTracker,
        listeners: Vec<SocketAddr>,
        random: fastrand::Rng,
        lookup: Lookup,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                runtime,
                tasks,
                listeners: listeners.into(),
                lookup,
                lookups: Semaphore::new(MOST_LOOKUPS),
                epoch: watch::Sender::new(0),
                names: Mutex::new(Names {
                    watched: HashMap::new(),
                    random,
                }),
            }),
        }
    }

    /// Follows a name; the first one to do so starts its look-ups.
    pub(in crate::upstream) fn follow(&self, target: &NameTarget) -> NameWatch {
        let mut names = self.shared.names();
        if let Some(known) = names.watched.get(target) {
            return known.subscribe();
        }
        let (sender, watch) = watch::channel(Resolution::Pending);
        names.watched.insert(target.clone(), sender.clone());
        drop(names);
        let follow = Arc::clone(&self.shared).keep_looking_up(target.clone(), sender);
        self.shared.tasks.spawn_on(follow, &self.shared.runtime);
        watch
    }

    /// Says when any name's resolution has changed.
    pub(in crate::upstream) fn epochs(&self) -> Epochs {
        self.shared.epoch.subscribe()
    }
}

impl fmt::Debug for NameResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameResolver").finish_non_exhaustive()
    }
}

impl Shared {
    async fn keep_looking_up(
        self: Arc<Self>,
        target: NameTarget,
        sender: watch::Sender<Resolution>,
    ) {
        let mut failures = 0;
        loop {
            self.look_up(&target, &sender).await;
            let pause = self.pause(&sender, &mut failures);
            tokio::select! {
                () = sleep(pause) => {}
                () = sender.closed() => {
                    // Under the lock, since a worker may be about to follow the name again.
                    let mut names = self.names();
                    if sender.receiver_count() == 0 {
                        names.watched.remove(&target);
                        return;
                    }
                }
            }
        }
    }

    async fn look_up(&self, target: &NameTarget, sender: &watch::Sender<Resolution>) {
        let permit = self
            .lookups
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let found = (self.lookup)(&target.name).await;
        drop(permit);
        let (known, refused) = match found {
            Ok(found) => self.judge(target, found),
            Err(error) => {
                tracing::debug!(name = &*target.name, %error, "a name could not be looked up");
                if *sender.borrow() != Resolution::Pending {
                    return;
                }
                Default::default()
            }
        };
        let changed = sender.send_if_modified(|last| {
            let new = Resolution::Known(known.into());
            let changed = *last != new;
            *last = new;
            changed
        });
        if changed {
            self.epoch.send_modify(|epoch| *epoch += 1);
            for (address, reason) in refused {
                tracing::warn!(
                    name = &*target.name, %address, %reason,
                    "an address behind a name is refused"
                );
            }
        }
    }

    /// The addresses that are acceptable, sorted and without repetition, and those that are not.
    fn judge(
        &self,
        target: &NameTarget,
        found: Vec<IpAddr>,
    ) -> (Vec<SocketAddr>, Vec<(SocketAddr, Refusal)>) {
        let (mut acceptable, mut refused) = (Vec::new(), Vec::new());
        for address in found.into_iter().map(|ip| SocketAddr::new(ip, target.port)) {
            match refusal(address, target.trust, &self.listeners) {
                None => acceptable.push(address),
                Some(reason) => refused.push((address, reason)),
            }
        }
        acceptable.sort_unstable();
        acceptable.dedup();
        acceptable.truncate(MOST_ADDRESSES);
        (acceptable, refused)
    }

    /// Until the next look-up; a name without addresses is tried again sooner, `failures` times in a
    /// row less and less so.
    fn pause(&self, sender: &watch::Sender<Resolution>, failures: &mut u32) -> Duration {
        let pause = Duration::from_millis(self.names().random.u64(INTERVAL));
        if matches!(&*sender.borrow(), Resolution::Known(known) if !known.is_empty()) {
            *failures = 0;
            return pause;
        }
        *failures = failures.saturating_add(1);
        pause.min(FIRST_RETRY.saturating_mul(1 << (*failures - 1).min(10)))
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        // A panic elsewhere cannot leave the map half changed: every change is one call.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn system_lookup(name: &str) -> Found {
    let name = name.to_owned();
    Box::pin(async move {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    })
}
