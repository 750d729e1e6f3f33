//! The clusters by name, and what a new configuration changes in them.
//!
//! Invariant: a cluster is built when a request first asks for it, so ten thousand that nobody uses
//! cost a worker a map entry each. Non-goal: what a cluster takes over from its predecessor.

use std::{
    cell::{OnceCell, RefCell},
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    iter::Peekable,
    mem,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
};

use hashbrown::HashMap;

use super::{
    cluster::Cluster,
    names::{NameResolver, NameWatch, Resolution},
    settings::{ClusterId, ClusterSettings, UpstreamSource},
    transport::Transport,
    worker::WorkerState,
};
use crate::tls::ClientConfigs;

/// One worker's clusters by name.
#[derive(Debug)]
pub(super) struct Clusters {
    slots: HashMap<ClusterId, Slot, foldhash::fast::RandomState>,
    /// The configuration that the slots are for, sorted by name.
    applied: Vec<Arc<ClusterSettings>>,
    /// The slots whose addresses are behind names.
    named: BTreeSet<ClusterId>,
    names: NameResolver,
    tls: RefCell<ClientConfigs>,
    worker: Rc<WorkerState>,
}

#[derive(Debug)]
struct Slot {
    settings: Arc<ClusterSettings>,
    cluster: OnceCell<Rc<Cluster>>,
    watch: Option<NameWatch>,
    /// Where the cluster is while its name has not been looked up.
    meanwhile: Vec<SocketAddr>,
}

impl Clusters {
    pub(super) fn new(names: NameResolver, worker: Rc<WorkerState>) -> Self {
        Self {
            slots: HashMap::default(),
            applied: Vec::new(),
            named: BTreeSet::new(),
            names,
            tls: RefCell::default(),
            worker,
        }
    }

    #[inline]
    pub(super) fn cluster(&self, id: &ClusterId) -> Option<Rc<Cluster>> {
        let slot = self.slots.get(id)?;
        Some(Rc::clone(
            slot.cluster.get_or_init(|| self.build(slot, None)),
        ))
    }

    pub(super) fn for_each(&self, mut visit: impl FnMut(&Cluster)) {
        for cluster in self.slots.values().filter_map(|slot| slot.cluster.get()) {
            visit(cluster);
        }
    }

    pub(super) fn update(&mut self, wanted: &BTreeMap<ClusterId, Arc<ClusterSettings>>) {
        let mut old = mem::take(&mut self.applied).into_iter().peekable();
        let mut applied = Vec::with_capacity(wanted.len());
        for (id, settings) in wanted {
            applied.push(match self.take_old(&mut old, id, settings) {
                Some(same) if Arc::ptr_eq(&same, settings) || same == *settings => same,
                _ => {
                    self.replace(settings);
                    Arc::clone(settings)
                }
            });
        }
        for gone in old {
            self.remove(&gone.id);
        }
        self.applied = applied;
        self.tls.get_mut().prune();
    }

    /// Gives the clusters whose names have other addresses now their successors.
    pub(super) fn follow_names(&mut self) {
        let mut changed = Vec::new();
        for id in &self.named {
            let slot = self
                .slots
                .get_mut(id)
                .expect("names are followed for slots only");
            let watch = slot.watch.as_mut().expect("a named slot has a watch");
            if watch.has_changed().unwrap_or(false) {
                watch.mark_unchanged();
                changed.push(id.clone());
            }
        }
        for id in changed {
            if let Some(old) = self.slots.get_mut(&id).and_then(|slot| slot.cluster.take()) {
                self.succeed(&id, &old);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.update(&BTreeMap::new());
    }

    /// What was applied for `id`, after removal of what comes before it; both sides are sorted.
    fn take_old(
        &mut self,
        old: &mut Peekable<impl Iterator<Item = Arc<ClusterSettings>>>,
        id: &ClusterId,
        settings: &Arc<ClusterSettings>,
    ) -> Option<Arc<ClusterSettings>> {
        loop {
            let first = old.peek()?;
            // Nearly all are the same `Arc`, and need no look at their names.
            if Arc::ptr_eq(first, settings) {
                return old.next();
            }
            match first.id.cmp(id) {
                Ordering::Less => {
                    let gone = old.next()?;
                    self.remove(&gone.id);
                }
                Ordering::Equal => return old.next(),
                Ordering::Greater => return None,
            }
        }
    }

    fn replace(&mut self, settings: &Arc<ClusterSettings>) {
        let id = &settings.id;
        let old = self.slots.remove(id);
        let watch = match &settings.source {
            UpstreamSource::Endpoints(_) => {
                self.named.remove(id);
                None
            }
            UpstreamSource::Name(target) => {
                self.named.insert(id.clone());
                let kept = old
                    .as_ref()
                    .filter(|old| old.settings.source == settings.source);
                let kept = kept.and_then(|old| old.watch.clone());
                Some(kept.unwrap_or_else(|| self.names.follow(target)))
            }
        };
        let meanwhile = old
            .as_ref()
            .map(|old| old.meanwhile_for(settings))
            .unwrap_or_default();
        let settings = Arc::clone(settings);
        let slot = Slot {
            settings,
            cluster: OnceCell::new(),
            watch,
            meanwhile,
        };
        self.slots.insert(id.clone(), slot);
        if let Some(old) = old.and_then(|old| old.cluster.into_inner()) {
            self.succeed(id, &old);
        }
    }

    /// Puts a successor of `old` in the empty slot.
    fn succeed(&self, id: &ClusterId, old: &Cluster) {
        if let Some(slot) = self.slots.get(id) {
            slot.cluster.get_or_init(|| self.build(slot, Some(old)));
        }
    }

    #[cold]
    fn build(&self, slot: &Slot, predecessor: Option<&Cluster>) -> Rc<Cluster> {
        let settings = &slot.settings;
        let transport = || Transport::new(settings, &mut self.tls.borrow_mut());
        let (addresses, worker) = (slot.addresses(), &self.worker);
        let cluster = Cluster::new(
            Arc::clone(settings),
            &addresses,
            predecessor,
            transport,
            worker,
        );
        if let Some(error) = cluster.settings_error() {
            tracing::warn!(cluster = %settings.id, %error, "no connection to a cluster can be made");
        }
        cluster
    }

    fn remove(&mut self, id: &ClusterId) {
        self.named.remove(id);
        if let Some(cluster) = self
            .slots
            .remove(id)
            .and_then(|gone| gone.cluster.into_inner())
        {
            cluster.drain();
        }
    }
}

impl Slot {
    /// Where the cluster is, sorted and without repetition.
    fn addresses(&self) -> Vec<SocketAddr> {
        match (&self.settings.source, &self.watch) {
            (UpstreamSource::Endpoints(endpoints), _) => {
                let mut addresses: Vec<_> = endpoints.iter().map(|it| it.address).collect();
                addresses.sort_unstable();
                addresses.dedup();
                addresses
            }
            (UpstreamSource::Name(_), Some(watch)) => match &*watch.borrow() {
                Resolution::Known(known) => known.to_vec(),
                Resolution::Pending => self.meanwhile.clone(),
            },
            (UpstreamSource::Name(_), None) => Vec::new(),
        }
    }

    /// The addresses that serve on while a changed name has not been looked up: those of the last
    /// one, if port and trust are the same.
    fn meanwhile_for(&self, settings: &ClusterSettings) -> Vec<SocketAddr> {
        match (&self.settings.source, &settings.source) {
            (UpstreamSource::Name(old), UpstreamSource::Name(new))
                if (old.port, old.trust) == (new.port, new.trust) =>
            {
                self.addresses()
            }
            _ => Vec::new(),
        }
    }
}
