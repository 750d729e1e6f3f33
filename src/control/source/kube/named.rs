//! Watches of single objects, as long as others name them.
//!
//! Invariant: Secrets and ConfigMaps are synced only when everything that the first objects name has been
//! looked for. Non-goal: following what nobody names.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, core::DeserializeGuard, core::NamespaceResourceScope};
use tokio::task::{AbortHandle, JoinSet};

use super::{
    Client, WatchSettings,
    client::of_one_watch,
    kinds::Watched,
    scope::{Scope, is_tls},
    source::Shared,
    watch::{Optional, follow},
};
use crate::{
    config::{ObjectKind, ObjectRef},
    control::{
        Edit, Key, Objects,
        translate::{NamespaceReferences, References, references},
    },
};

/// Most objects that are watched one by one: each takes a connection.
const MOST: usize = 256;
/// Most namespaces, and most objects, that a line of the log tells of.
const TOLD: usize = 16;

type Name = (ObjectKind, Key);

struct Named {
    task: AbortHandle,
    /// Whether it is known if the object is there.
    has_arrived: Arc<AtomicBool>,
}

/// Follows what the objects of the moment name, for as long as it is polled.
pub(super) async fn follow_references(
    client: Client,
    settings: WatchSettings,
    shared: Arc<Shared>,
) -> Infallible {
    let mut changes = shared.store.subscribe();
    let mut progress = shared.progress.subscribe();
    let mut tasks = JoinSet::new();
    let mut watches: BTreeMap<Name, Named> = BTreeMap::new();
    let mut seen: Option<Objects> = None;
    let mut complaint = Complaint::default();
    let mut is_synced = false;
    loop {
        changes.borrow_and_update();
        progress.borrow_and_update();
        let objects = shared.store.objects();
        if shared.progress.is_complete() {
            if seen.as_ref().is_none_or(|seen| differ(seen, &objects)) {
                let mut wanted = wanted(&objects, &settings);
                complaint.about(wanted.get(MOST..).unwrap_or_default());
                wanted.truncate(MOST);
                watches.retain(|name, watch| {
                    let is_wanted = wanted.contains(name);
                    if !is_wanted {
                        watch.task.abort();
                        let_go(name, &settings, &shared);
                    }
                    is_wanted
                });
                for name in wanted {
                    if let Entry::Vacant(vacant) = watches.entry(name) {
                        let watch = start(vacant.key(), (&client, &settings), &shared, &mut tasks);
                        vacant.insert(watch);
                    }
                }
                seen = Some(objects);
            }
            if !is_synced
                && watches
                    .values()
                    .all(|it| it.has_arrived.load(Ordering::Acquire))
            {
                is_synced = true;
                shared.store.edit(|edit| {
                    edit.mark_synced(ObjectKind::Secret);
                    edit.mark_synced(ObjectKind::ConfigMap);
                });
            }
        }
        tokio::select! {
            // Both senders are held here.
            _ = changes.changed() => {}
            _ = progress.changed() => {}
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// Whether something that may name or be named differs.
fn differ(before: &Objects, now: &Objects) -> bool {
    !(Arc::ptr_eq(&before.ingresses, &now.ingresses)
        && Arc::ptr_eq(&before.ingress_classes, &now.ingress_classes)
        && Arc::ptr_eq(&before.secrets, &now.secrets)
        && Arc::ptr_eq(&before.waf_policies, &now.waf_policies)
        && Arc::ptr_eq(&before.cluster_waf_policies, &now.cluster_waf_policies))
}

/// What to watch by name, what matters most first: the operator's own, then what is named by objects in no
/// namespace, then by each namespace in turn, so that none takes what others need. Certificates that the
/// base watches have are theirs.
fn wanted(objects: &Objects, settings: &WatchSettings) -> Vec<Name> {
    let References {
        cluster,
        namespaces,
    } = references(objects, &settings.class);
    let is_read = |(kind, key): &Name| {
        let stored = objects.secrets.get(key);
        *kind == ObjectKind::Secret
            && settings.covers(&key.namespace)
            && stored.is_some_and(|stored| is_tls(&stored.object))
    };
    let maps = settings.config_maps.iter().cloned();
    let secrets = settings.secrets.iter().cloned();
    let operator = maps
        .map(|key| (ObjectKind::ConfigMap, key))
        .chain(secrets.map(|key| (ObjectKind::Secret, key)));
    let mut known = BTreeSet::new();
    let mut wanted: Vec<Name> = operator
        .chain(cluster)
        .filter(|name| !is_read(name) && known.insert(name.clone()))
        .collect();
    let mut rows: Vec<_> = namespaces
        .into_values()
        .map(|of| {
            let NamespaceReferences {
                access,
                certificates,
            } = of;
            let others: Vec<Name> = certificates.difference(&access).cloned().collect();
            access
                .into_iter()
                .chain(others)
                .filter(|name| !is_read(name) && !known.contains(name))
        })
        .collect();
    while !rows.is_empty() {
        rows.retain_mut(|row| {
            let next = row.next();
            let has_one = next.is_some();
            wanted.extend(next);
            has_one
        });
    }
    wanted
}

/// Says what is not read, whenever other namespaces are affected than before.
#[derive(Debug, Default)]
struct Complaint {
    namespaces: BTreeSet<Arc<str>>,
}

impl Complaint {
    fn about(&mut self, cut: &[Name]) {
        let of = cut.iter().map(|(_, key)| Arc::clone(&key.namespace));
        let namespaces: BTreeSet<Arc<str>> = of.collect();
        if namespaces == self.namespaces {
            return;
        }
        if cut.is_empty() {
            tracing::info!("every Secret and ConfigMap that is named is read again");
        } else {
            let told: Vec<&str> = namespaces.iter().take(TOLD).map(|it| &**it).collect();
            let first: Vec<String> = cut
                .iter()
                .take(TOLD)
                .map(|(kind, key)| format!("{} {}/{}", kind.as_str(), key.namespace, key.name))
                .collect();
            tracing::error!(
                watched = MOST,
                not_read = cut.len(),
                namespaces = told.join(", "),
                first = first.join(", "),
                "too many Secrets and ConfigMaps are named; some are not read and count as absent"
            );
        }
        self.namespaces = namespaces;
    }
}

/// Removes what nobody watches any more.
fn let_go((kind, key): &Name, settings: &WatchSettings, shared: &Shared) {
    let scope = scope(key, settings);
    shared.store.edit(|edit| {
        if scope.has(key, *kind, edit.objects()) {
            edit.remove(*kind, key);
        }
        let object = ObjectRef {
            kind: *kind,
            namespace: Arc::clone(&key.namespace),
            name: Arc::clone(&key.name),
        };
        edit.report_object(&object, None);
    });
}

fn scope(key: &Key, settings: &WatchSettings) -> Scope {
    Scope::Named {
        key: key.clone(),
        is_in_base: settings.covers(&key.namespace),
    }
}

fn start(
    (kind, key): &Name,
    (client, settings): (&Client, &WatchSettings),
    shared: &Arc<Shared>,
    tasks: &mut JoinSet<Infallible>,
) -> Named {
    match kind {
        ObjectKind::ConfigMap => start_one::<ConfigMap>(key, (client, settings), shared, tasks),
        _ => start_one::<Secret>(key, (client, settings), shared, tasks),
    }
}

fn start_one<K: Watched<Scope = NamespaceResourceScope>>(
    key: &Key,
    (client, settings): (&Client, &WatchSettings),
    shared: &Arc<Shared>,
    tasks: &mut JoinSet<Infallible>,
) -> Named {
    let api: Api<DeserializeGuard<K>> = Api::namespaced(of_one_watch(client), &key.namespace);
    let has_arrived = Arc::new(AtomicBool::new(false));
    let arrived = Arc::clone(&has_arrived);
    let first = move |_: &mut Edit<'_>| arrived.store(true, Ordering::Release);
    let what = (
        scope(key, settings),
        Some(format!("metadata.name={}", key.name)),
    );
    // Whoever may not read it is as one for whom it is not there, and so is a name that no object can have.
    let task = tasks.spawn(follow(
        api,
        what,
        Optional::WhereRefused,
        Arc::clone(shared),
        first,
    ));
    Named { task, has_arrived }
}
