//! Who uses what.

use std::collections::{BTreeSet, HashMap};

use crate::control::Key;

/// Which Ingresses use an object.
#[derive(Debug, Default)]
pub(super) struct Users {
    users: HashMap<Key, BTreeSet<Key>>,
}

impl Users {
    pub(super) fn add(&mut self, used: &BTreeSet<Key>, user: &Key) {
        for key in used {
            self.users
                .entry(key.clone())
                .or_default()
                .insert(user.clone());
        }
    }

    pub(super) fn remove(&mut self, used: &BTreeSet<Key>, user: &Key) {
        for key in used {
            if let Some(users) = self.users.get_mut(key) {
                users.remove(user);
                if users.is_empty() {
                    self.users.remove(key);
                }
            }
        }
    }

    pub(super) fn of(&self, used: &Key) -> impl Iterator<Item = Key> {
        self.users.get(used).into_iter().flatten().cloned()
    }
}
