//! The latest version of every object, by key, and what the sources had to say about them.
//!
//! Invariant: a view is consistent; an edit is seen whole or not at all, and an object that did not
//! change keeps its revision. Non-goal: understanding objects, which is `translate`'s.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use k8s_openapi::api::{
    core::v1::{ConfigMap, Secret, Service},
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass},
};
use tokio::sync::watch;

use super::{Key, Objects, Places, Stored, WafPolicy};
use crate::config::{ObjectKind, ObjectRef, Problem};

/// Every kind that has to be synced before the objects mean anything.
const KINDS: [ObjectKind; 8] = [
    ObjectKind::Ingress,
    ObjectKind::IngressClass,
    ObjectKind::Service,
    ObjectKind::EndpointSlice,
    ObjectKind::Secret,
    ObjectKind::ConfigMap,
    ObjectKind::WafPolicy,
    ObjectKind::ClusterWafPolicy,
];

/// An object of any kind that is understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// An Ingress, its legacy form already converted.
    Ingress(Arc<Ingress>),
    /// An IngressClass.
    IngressClass(Arc<IngressClass>),
    /// A Service.
    Service(Arc<Service>),
    /// An EndpointSlice.
    EndpointSlice(Arc<EndpointSlice>),
    /// A Secret, `stringData` merged into `data`.
    Secret(Arc<Secret>),
    /// A ConfigMap.
    ConfigMap(Arc<ConfigMap>),
    /// A WafPolicy.
    WafPolicy(Arc<WafPolicy>),
    /// A ClusterWafPolicy.
    ClusterWafPolicy(Arc<WafPolicy>),
}

impl Object {
    /// Its kind.
    pub const fn kind(&self) -> ObjectKind {
        match self {
            Self::Ingress(_) => ObjectKind::Ingress,
            Self::IngressClass(_) => ObjectKind::IngressClass,
            Self::Service(_) => ObjectKind::Service,
            Self::EndpointSlice(_) => ObjectKind::EndpointSlice,
            Self::Secret(_) => ObjectKind::Secret,
            Self::ConfigMap(_) => ObjectKind::ConfigMap,
            Self::WafPolicy(_) => ObjectKind::WafPolicy,
            Self::ClusterWafPolicy(_) => ObjectKind::ClusterWafPolicy,
        }
    }

    /// Whether both are one, without a look at what they hold.
    pub(super) fn is_shared_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ingress(one), Self::Ingress(other)) => Arc::ptr_eq(one, other),
            (Self::IngressClass(one), Self::IngressClass(other)) => Arc::ptr_eq(one, other),
            (Self::Service(one), Self::Service(other)) => Arc::ptr_eq(one, other),
            (Self::EndpointSlice(one), Self::EndpointSlice(other)) => Arc::ptr_eq(one, other),
            (Self::Secret(one), Self::Secret(other)) => Arc::ptr_eq(one, other),
            (Self::ConfigMap(one), Self::ConfigMap(other)) => Arc::ptr_eq(one, other),
            (Self::WafPolicy(one), Self::WafPolicy(other))
            | (Self::ClusterWafPolicy(one), Self::ClusterWafPolicy(other)) => {
                Arc::ptr_eq(one, other)
            }
            _ => false,
        }
    }
}

/// What the sources fill and the reconcile loop reads. Shared between threads.
///
/// It holds no more than its sources do: their bounds are its bounds.
#[derive(Debug)]
pub struct Store {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    objects: Objects,
    problems: Arc<BTreeMap<Arc<PathBuf>, Vec<Problem>>>,
    of_objects: Arc<BTreeMap<ObjectRef, Problem>>,
    synced: BTreeSet<ObjectKind>,
    /// What an earlier run knew, until every kind has been read.
    earlier: Option<(Objects, SystemTime)>,
    revisions: u64,
}

impl State {
    fn is_synced(&self) -> bool {
        KINDS.iter().all(|kind| self.synced.contains(kind))
    }
}

/// A consistent view of a store.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The objects.
    pub objects: Objects,
    /// What the sources found wrong, by file.
    pub problems: Arc<BTreeMap<Arc<PathBuf>, Vec<Problem>>>,
    /// Objects that could not be understood, whose last good version is in force if there is one.
    pub of_objects: Arc<BTreeMap<ObjectRef, Problem>>,
    /// Whether there is something to serve: every kind has been read at least once, or the objects are
    /// those of an earlier run.
    pub synced: bool,
    /// The objects are those of an earlier run, which knew them to be true at this time.
    pub stale: Option<SystemTime>,
}

/// Changes under way: nobody sees them before the edit is over.
#[derive(Debug)]
pub struct Edit<'a> {
    state: &'a mut State,
    changed: bool,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }
}

impl Store {
    /// The objects of the moment.
    pub fn objects(&self) -> Objects {
        self.lock().objects.clone()
    }

    /// The objects and problems of the moment.
    pub fn view(&self) -> View {
        let state = self.lock();
        let synced = state.is_synced();
        match &state.earlier {
            Some((earlier, at)) if !synced => View {
                objects: earlier.clone(),
                problems: Arc::default(),
                of_objects: Arc::default(),
                synced: true,
                stale: Some(*at),
            },
            _ => View {
                objects: state.objects.clone(),
                problems: Arc::clone(&state.problems),
                of_objects: Arc::clone(&state.of_objects),
                synced,
                stale: None,
            },
        }
    }

    /// Wakes whenever an edit changed something; edits in between are seen as one.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Changes any number of objects at once.
    pub fn edit<R>(&self, change: impl FnOnce(&mut Edit<'_>) -> R) -> R {
        let (result, changed) = {
            let mut state = self.lock();
            let mut edit = Edit {
                state: &mut state,
                changed: false,
            };
            let result = change(&mut edit);
            (result, edit.changed)
        };
        if changed {
            self.wake();
        }
        result
    }

    /// Wakes whoever waits for changes although no object changed: what the objects mean may have.
    pub fn wake(&self) {
        self.changes
            .send_modify(|version| *version = version.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every single change leaves the maps whole, so they are good even if an edit panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Edit<'_> {
    /// The objects as this edit has left them so far.
    pub fn objects(&self) -> &Objects {
        &self.state.objects
    }

    /// Adds an object or replaces the one under its key.
    pub fn upsert(&mut self, key: Key, object: Object, places: Option<Arc<dyn Places>>) {
        let State {
            objects, revisions, ..
        } = &mut *self.state;
        self.changed |= put_object(objects, (key, object), places, revisions);
    }

    /// Removes the object of a kind under a key, if it is there.
    pub fn remove(&mut self, kind: ObjectKind, key: &Key) {
        let objects = &mut self.state.objects;
        self.changed |= match kind {
            ObjectKind::Ingress => take(&mut objects.ingresses, key),
            ObjectKind::IngressClass => take(&mut objects.ingress_classes, key),
            ObjectKind::Service => take(&mut objects.services, key),
            ObjectKind::EndpointSlice => take(&mut objects.endpoint_slices, key),
            ObjectKind::Secret => take(&mut objects.secrets, key),
            ObjectKind::ConfigMap => take(&mut objects.config_maps, key),
            ObjectKind::WafPolicy => take(&mut objects.waf_policies, key),
            ObjectKind::ClusterWafPolicy => take(&mut objects.cluster_waf_policies, key),
            ObjectKind::File => false,
        };
    }

    /// Makes `objects` all that there is of a kind, and the kind synced: what a list call gives.
    /// Objects of other kinds among them are added as they are.
    pub fn replace_all(&mut self, kind: ObjectKind, objects: Vec<(Key, Object)>) {
        let keys: BTreeSet<Key> = objects
            .iter()
            .filter(|(_, object)| object.kind() == kind)
            .map(|(key, _)| key.clone())
            .collect();
        self.retain(kind, |there| keys.contains(there));
        for (key, object) in objects {
            self.upsert(key, object, None);
        }
        self.mark_synced(kind);
    }

    /// Says that everything there is of a kind has been read.
    pub fn mark_synced(&mut self, kind: ObjectKind) {
        self.changed |= self.state.synced.insert(kind);
        if self.state.is_synced() {
            self.state.earlier = None;
        }
    }

    /// Serves what an earlier run knew to be true `at` some time, until every kind has been read. No
    /// effect once every kind has been.
    pub fn fall_back(&mut self, earlier: Vec<(Key, Object)>, at: SystemTime) {
        if self.state.is_synced() {
            return;
        }
        let mut objects = Objects::default();
        for earlier in earlier {
            put_object(&mut objects, earlier, None, &mut self.state.revisions);
        }
        self.state.earlier = Some((objects, at));
        self.changed = true;
    }

    /// Says that the endpoints which an earlier run knew are too old by now.
    pub fn give_up_earlier_endpoints(&mut self) {
        if let Some((objects, _)) = &mut self.state.earlier {
            self.changed |= !std::mem::replace(&mut objects.old_endpoints, true);
        }
    }

    /// Says that everything there is of every kind has been read.
    pub fn mark_all_synced(&mut self) {
        for kind in KINDS {
            self.mark_synced(kind);
        }
    }

    /// Says that something which the objects name has changed, and not the objects themselves.
    pub fn touch(&mut self) {
        self.changed = true;
    }

    /// Makes `problems` all that is wrong with what a source read from a file.
    pub fn report(&mut self, file: &Arc<PathBuf>, problems: Vec<Problem>) {
        let there = self.state.problems.get(file);
        if there.map_or(&[][..], Vec::as_slice) == problems.as_slice() {
            return;
        }
        let all = Arc::make_mut(&mut self.state.problems);
        if problems.is_empty() {
            all.remove(file);
        } else {
            all.insert(Arc::clone(file), problems);
        }
        self.changed = true;
    }

    /// Says what keeps an object from being understood, if anything does.
    pub fn report_object(&mut self, object: &ObjectRef, problem: Option<Problem>) {
        if self.state.of_objects.get(object) == problem.as_ref() {
            return;
        }
        let all = Arc::make_mut(&mut self.state.of_objects);
        match problem {
            Some(problem) => all.insert(object.clone(), problem),
            None => all.remove(object),
        };
        self.changed = true;
    }

    fn retain(&mut self, kind: ObjectKind, keep: impl Fn(&Key) -> bool) {
        let objects = &mut self.state.objects;
        self.changed |= match kind {
            ObjectKind::Ingress => keep_only(&mut objects.ingresses, keep),
            ObjectKind::IngressClass => keep_only(&mut objects.ingress_classes, keep),
            ObjectKind::Service => keep_only(&mut objects.services, keep),
            ObjectKind::EndpointSlice => keep_only(&mut objects.endpoint_slices, keep),
            ObjectKind::Secret => keep_only(&mut objects.secrets, keep),
            ObjectKind::ConfigMap => keep_only(&mut objects.config_maps, keep),
            ObjectKind::WafPolicy => keep_only(&mut objects.waf_policies, keep),
            ObjectKind::ClusterWafPolicy => keep_only(&mut objects.cluster_waf_policies, keep),
            ObjectKind::File => false,
        };
    }
}

type Map<T> = Arc<BTreeMap<Key, Stored<T>>>;

/// Puts an object in the map of its kind. Says whether anything changed.
fn put_object(
    objects: &mut Objects,
    (key, object): (Key, Object),
    places: Option<Arc<dyn Places>>,
    revisions: &mut u64,
) -> bool {
    match object {
        Object::Ingress(new) => put(&mut objects.ingresses, key, new, places, revisions),
        Object::IngressClass(new) => put(&mut objects.ingress_classes, key, new, places, revisions),
        Object::Service(new) => put(&mut objects.services, key, new, places, revisions),
        Object::EndpointSlice(new) => {
            put(&mut objects.endpoint_slices, key, new, places, revisions)
        }
        Object::Secret(new) => put(&mut objects.secrets, key, new, places, revisions),
        Object::ConfigMap(new) => put(&mut objects.config_maps, key, new, places, revisions),
        Object::WafPolicy(new) => put(&mut objects.waf_policies, key, new, places, revisions),
        Object::ClusterWafPolicy(new) => put(
            &mut objects.cluster_waf_policies,
            key,
            new,
            places,
            revisions,
        ),
    }
}

/// Puts an object in its map. An equal one that is there stays, so that its revision does, and only
/// learns where it stands now. Says whether anything changed.
fn put<T: PartialEq>(
    map: &mut Map<T>,
    key: Key,
    object: Arc<T>,
    places: Option<Arc<dyn Places>>,
    revisions: &mut u64,
) -> bool {
    let map = Arc::make_mut(map);
    if let Some(there) = map.get_mut(&key)
        && (Arc::ptr_eq(&there.object, &object) || *there.object == *object)
    {
        let moved = match (&there.places, &places) {
            (Some(before), Some(now)) => !Arc::ptr_eq(before, now),
            (before, now) => before.is_some() != now.is_some(),
        };
        there.places = places;
        return moved;
    }
    *revisions += 1;
    let revision = *revisions;
    map.insert(
        key,
        Stored {
            object,
            revision,
            places,
        },
    );
    true
}

fn take<T>(map: &mut Map<T>, key: &Key) -> bool {
    map.contains_key(key) && Arc::make_mut(map).remove(key).is_some()
}

fn keep_only<T>(map: &mut Map<T>, keep: impl Fn(&Key) -> bool) -> bool {
    if map.keys().all(&keep) {
        return false;
    }
    Arc::make_mut(map).retain(|key, _| keep(key));
    true
}

#[cfg(test)]
mod tests;
