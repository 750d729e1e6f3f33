//! What differs between two views of the objects.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::control::{Key, Objects, Stored};

/// Keys of objects that came, went or changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) ingresses: BTreeSet<Key>,
    pub(super) ingress_classes: bool,
    pub(super) services: BTreeSet<Key>,
    pub(super) endpoint_slices: BTreeSet<Key>,
    pub(super) secrets: BTreeSet<Key>,
}

impl Changes {
    pub(super) fn between(old: &Objects, new: &Objects) -> Self {
        let Objects {
            ingresses,
            ingress_classes,
            services,
            endpoint_slices,
            secrets,
            config_maps: _,
            waf_policies: _,
            cluster_waf_policies: _,
            // Looked at by whoever keeps clusters.
            old_endpoints: _,
        } = new;
        Self {
            ingresses: changed(&old.ingresses, ingresses),
            ingress_classes: !changed(&old.ingress_classes, ingress_classes).is_empty(),
            services: changed(&old.services, services),
            endpoint_slices: changed(&old.endpoint_slices, endpoint_slices),
            secrets: changed(&old.secrets, secrets),
        }
    }
}

type Map<T> = Arc<BTreeMap<Key, Stored<T>>>;

/// Walks both maps once, in order; maps that are shared cost nothing.
fn changed<T>(old: &Map<T>, new: &Map<T>) -> BTreeSet<Key> {
    let mut changed = BTreeSet::new();
    if Arc::ptr_eq(old, new) {
        return changed;
    }
    let (mut olds, mut news) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let order = match (olds.peek(), news.peek()) {
            (None, None) => return changed,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((old, _)), Some((new, _))) => compare(old, new),
        };
        let old = if order.is_le() { olds.next() } else { None };
        let new = if order.is_ge() { news.next() } else { None };
        match (old, new) {
            (Some((key, old)), Some((_, new))) if differs(old, new) => {
                changed.insert(key.clone());
            }
            (Some((key, _)), None) | (None, Some((key, _))) => {
                changed.insert(key.clone());
            }
            _ => {}
        }
    }
}

/// Keys of one object mostly share their texts, and then need not be read.
fn compare(a: &Key, b: &Key) -> Ordering {
    if Arc::ptr_eq(&a.namespace, &b.namespace) && Arc::ptr_eq(&a.name, &b.name) {
        return Ordering::Equal;
    }
    a.cmp(b)
}

/// An object that only moved in its file counts, since problems name places.
fn differs<T>(old: &Stored<T>, new: &Stored<T>) -> bool {
    old.revision != new.revision
        || match (&old.places, &new.places) {
            (None, None) => false,
            (Some(old), Some(new)) => !Arc::ptr_eq(old, new),
            (Some(_), None) | (None, Some(_)) => true,
        }
}
