//! Namespaces that are being deleted, and what that makes of their Ingresses.
//!
//! A namespace goes in an order: first its pods, and only when they have ended, its Ingresses. Until then
//! these would keep hosts and paths from other namespaces that take their place, and answer with nothing.
//! So they count as deleted from the moment that the namespace is.
//!
//! Invariant: an Ingress that was made after its namespace was deleted is one of another namespace of that
//! name. Non-goal: being needed; where namespaces may not be read, their Ingresses are served until they go.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::StreamExt;
use k8s_openapi::{
    api::{core::v1::Namespace, networking::v1::Ingress},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
};
use kube::{
    Api,
    core::PartialObjectMeta,
    runtime::watcher::{self, Event, watcher},
};

use super::{Backoff, Client, client::of_one_watch, source::Shared, watch};
use crate::control::{Key, Object};

/// Namespaces that are being deleted, and since when: one entry each.
#[derive(Debug, Default)]
pub(super) struct Ending {
    since: Mutex<BTreeMap<Arc<str>, Time>>,
}

impl Ending {
    /// The object as it counts.
    pub(super) fn apply(&self, key: &Key, object: Object) -> Object {
        let Object::Ingress(ingress) = &object else {
            return object;
        };
        let since = self.lock().get(&key.namespace).cloned();
        match since.and_then(|since| ended(ingress, since)) {
            Some(ended) => Object::Ingress(Arc::new(ended)),
            None => object,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Time>> {
        // Every change is one insertion or removal.
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The Ingress as one that is being deleted, unless it is that already, or is of a later namespace.
fn ended(ingress: &Ingress, since: Time) -> Option<Ingress> {
    let ObjectMeta {
        creation_timestamp: made,
        deletion_timestamp: deleted,
        ..
    } = &ingress.metadata;
    // Times are to the second: what was made in the same one may be of either.
    let is_later = made.as_ref().is_some_and(|made| *made >= since);
    if deleted.is_some() || is_later {
        return None;
    }
    let mut ended = ingress.clone();
    ended.metadata.deletion_timestamp = Some(since);
    Some(ended)
}

/// Follows which namespaces are being deleted, for as long as it is polled.
pub(super) async fn follow_namespaces(client: Client, shared: Arc<Shared>) -> Infallible {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(of_one_watch(&client));
    let mut backoff = Backoff::new();
    let mut has_failed = false;
    loop {
        let mut events = pin!(watcher(api.clone(), watch::config()));
        while let Some(event) = events.next().await {
            let error = match event {
                Ok(event) => {
                    has_failed = false;
                    backoff.reset();
                    see(event, &shared);
                    continue;
                }
                Err(error) => error,
            };
            if !std::mem::replace(&mut has_failed, true) {
                tracing::warn!(
                    %error,
                    "namespaces cannot be read; Ingresses of those that are deleted are served until they go"
                );
            }
            tokio::time::sleep(watch::pause(&error, &mut backoff)).await;
            if matches!(error, watcher::Error::WatchFailed(_)) {
                break;
            }
        }
    }
}

fn see(event: Event<PartialObjectMeta<Namespace>>, shared: &Shared) {
    let ending = &shared.ending;
    match event {
        // Those that there still are come again.
        Event::Init => ending.lock().clear(),
        Event::InitDone => {}
        Event::InitApply(namespace) | Event::Apply(namespace) => {
            let Some(name) = name(&namespace) else { return };
            match namespace.metadata.deletion_timestamp {
                Some(since) => {
                    ending.lock().insert(Arc::clone(&name), since);
                    end_ingresses(&name, shared);
                }
                None => drop(ending.lock().remove(&name)),
            }
        }
        Event::Delete(namespace) => {
            if let Some(name) = name(&namespace) {
                ending.lock().remove(&name);
            }
        }
    }
}

fn name(namespace: &PartialObjectMeta<Namespace>) -> Option<Arc<str>> {
    namespace.metadata.name.as_deref().map(Arc::from)
}

fn end_ingresses(namespace: &Arc<str>, shared: &Shared) {
    shared.store.edit(|edit| {
        let first = Key {
            namespace: Arc::clone(namespace),
            name: "".into(),
        };
        let of_it: Vec<(Key, Object)> = edit
            .objects()
            .ingresses
            .range(first..)
            .take_while(|(key, _)| key.namespace == *namespace)
            .map(|(key, stored)| {
                let object = Object::Ingress(Arc::clone(&stored.object));
                (key.clone(), shared.ending.apply(key, object))
            })
            .collect();
        for (key, object) in of_it {
            edit.upsert(key, object, None);
        }
    });
}
