//! From what a watch says to edits of the store.

use std::{collections::BTreeSet, sync::Arc};

use kube::{Resource, ResourceExt, core::DeserializeGuard};

use super::{kinds::Watched, scope::Scope, source::Shared, statuses::Status};
use crate::{
    config::{Cause, ObjectKind, ObjectRef, Problem, Severity},
    control::{Edit, Key, Object},
};

/// Longest message of a parser that is passed on, in characters.
const MESSAGE: usize = 200;

/// Puts what one watch says into the store.
pub(super) struct Receiver {
    kind: ObjectKind,
    scope: Scope,
    shared: Arc<Shared>,
    /// Objects that cannot be understood.
    invalid: BTreeSet<Key>,
}

/// An object as it came.
enum Came {
    Good(Key, Object, Option<Status>),
    Bad(Key, Problem),
}

impl Receiver {
    pub(super) fn new(kind: ObjectKind, scope: Scope, shared: Arc<Shared>) -> Self {
        Self {
            kind,
            scope,
            shared,
            invalid: BTreeSet::new(),
        }
    }

    /// Makes what a list gave all that there is in the scope. `first` marks what has to be said of the
    /// kind when this was the first list.
    pub(super) fn list<K: Watched>(
        &mut self,
        objects: Vec<DeserializeGuard<K>>,
        first: impl FnOnce(&mut Edit<'_>),
    ) {
        let came: Vec<Came> = objects.into_iter().map(|it| self.understand(it)).collect();
        let shared = Arc::clone(&self.shared);
        shared.store.edit(|edit| {
            let there: BTreeSet<&Key> = came.iter().map(Came::key).collect();
            let gone: Vec<Key> = self
                .scope
                .of(self.kind, edit.objects())
                .into_iter()
                .chain(self.invalid.iter().cloned())
                .filter(|key| !there.contains(key))
                .collect();
            for key in gone {
                self.take(&key, edit);
            }
            for came in came {
                self.put(came, edit);
            }
            first(edit);
        });
    }

    /// An object came or changed.
    pub(super) fn apply<K: Watched>(&mut self, object: DeserializeGuard<K>) {
        let came = self.understand(object);
        let shared = Arc::clone(&self.shared);
        shared.store.edit(|edit| self.put(came, edit));
    }

    /// An object went.
    pub(super) fn delete<K: Watched>(&mut self, object: &DeserializeGuard<K>) {
        let key = key_of(object);
        let shared = Arc::clone(&self.shared);
        shared.store.edit(|edit| {
            if self.scope.has(&key, self.kind, edit.objects()) {
                self.take(&key, edit);
            }
        });
    }

    fn put(&mut self, came: Came, edit: &mut Edit<'_>) {
        match came {
            Came::Good(key, object, status) => {
                if !self.scope.covers(&key, &object) {
                    return;
                }
                if self.invalid.remove(&key) {
                    edit.report_object(&self.object_ref(&key), None);
                }
                if let Some(status) = status {
                    self.shared.statuses.see(self.kind, &key, status);
                }
                let object = self.shared.ending.apply(&key, object);
                edit.upsert(key, object, None);
            }
            Came::Bad(key, problem) => {
                edit.report_object(&self.object_ref(&key), Some(problem));
                self.invalid.insert(key);
            }
        }
    }

    fn take(&mut self, key: &Key, edit: &mut Edit<'_>) {
        if self.invalid.remove(key) {
            edit.report_object(&self.object_ref(key), None);
        }
        self.shared.statuses.forget(self.kind, key);
        edit.remove(self.kind, key);
    }

    fn understand<K: Watched>(&self, object: DeserializeGuard<K>) -> Came {
        let key = key_of(&object);
        match object.0 {
            Ok(object) => {
                let (object, status) = object.split();
                Came::Good(key, object, status)
            }
            Err(invalid) => {
                // A parser's words may quote what it read.
                let words = match self.kind {
                    ObjectKind::Secret => "",
                    _ => &invalid.error,
                };
                let message: String = words.chars().take(MESSAGE).collect();
                let problem = Problem {
                    object: self.object_ref(&key),
                    field: String::new(),
                    message: match message.as_str() {
                        "" => "the object cannot be understood".to_owned(),
                        message => format!("the object cannot be understood: {message}"),
                    },
                    consequence: "its last good version stays in force, if there is one".to_owned(),
                    severity: Severity::Error,
                    cause: Cause::Object,
                    location: None,
                };
                Came::Bad(key, problem)
            }
        }
    }

    fn object_ref(&self, key: &Key) -> ObjectRef {
        ObjectRef {
            kind: self.kind,
            namespace: Arc::clone(&key.namespace),
            name: Arc::clone(&key.name),
        }
    }
}

impl Came {
    fn key(&self) -> &Key {
        match self {
            Self::Good(key, ..) | Self::Bad(key, _) => key,
        }
    }
}

fn key_of<K: Watched>(object: &DeserializeGuard<K>) -> Key {
    let name = object.name_any();
    Key::new(
        object.meta().namespace.as_deref().unwrap_or_default(),
        &name,
    )
}
