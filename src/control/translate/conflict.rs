//! Two owners of one path: the oldest Ingress has it.

use std::{cmp::Reverse, hash::BuildHasher as _, sync::Arc};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use k8s_openapi::{api::networking::v1::Ingress, apimachinery::pkg::apis::meta::v1::Time};

use super::{
    host,
    ingress::{CompiledIngress, DEFAULT, EXPLICIT, LAST},
    names,
};
use crate::{control::Key, message::HostMatch, routing::PathMatch};

/// The order of Ingresses: by age, the oldest first, and at the same second by `namespace/name`, the
/// last first, as ingress-nginx has it. No time at all is older than any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Precedence {
    created: Option<Time>,
    name: Reverse<Box<str>>,
}

impl Precedence {
    pub(super) fn of(key: &Key, ingress: &Ingress) -> Self {
        Self {
            created: ingress.metadata.creation_timestamp.clone(),
            name: Reverse(names::spelled(key).into()),
        }
    }
}

/// What one rule claims: a host and a path, of one type.
#[derive(Debug)]
pub(super) struct Claim {
    fingerprint: u64,
    /// Route and rule among those of the same rank.
    at: (usize, usize),
    place: Place,
}

/// Where in an Ingress a rule was written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// A path of a rule.
    Path {
        /// Index in `spec.rules`.
        rule: usize,
        /// Index in its paths.
        path: usize,
    },
    /// A rule without paths.
    Host {
        /// Index in `spec.rules`.
        rule: usize,
    },
    /// The default backend.
    DefaultBackend,
}

impl Place {
    pub(super) fn field(self) -> String {
        match self {
            Self::Path { rule, path } => format!("spec.rules[{rule}].http.paths[{path}]"),
            Self::Host { rule } => format!("spec.rules[{rule}]"),
            Self::DefaultBackend => "spec.defaultBackend".to_owned(),
        }
    }
}

impl Claim {
    pub(super) fn new(
        host: &HostMatch,
        path: &PathMatch,
        at: (usize, usize),
        place: Place,
    ) -> Self {
        Self {
            fingerprint: FixedState::default().hash_one((host, path)),
            at,
            place,
        }
    }
}

/// A claim that lost.
#[derive(Debug)]
pub(super) struct Loss {
    pub(super) loser: Arc<CompiledIngress>,
    pub(super) field: String,
    pub(super) message: String,
}

/// Finds claims that lose to an earlier one of the same rank. `ingresses` are in order of precedence.
/// Across ranks nobody loses: a rule is meant to go before a default backend.
pub(super) fn losses(ingresses: &[&Arc<CompiledIngress>]) -> Vec<Loss> {
    let mut losses = Vec::new();
    let count = |rank: usize| -> usize {
        ingresses
            .iter()
            .map(|it| it.claims.get(rank).map_or(0, Vec::len))
            .sum()
    };
    for rank in [EXPLICIT, DEFAULT, LAST] {
        let mut owners: HashTable<Owned<'_>> = HashTable::with_capacity(count(rank));
        for ingress in ingresses {
            for claim in ingress.claims.get(rank).into_iter().flatten() {
                let new = Owned {
                    rank,
                    ingress,
                    claim,
                };
                let same = |old: &Owned<'_>| old.key() == new.key();
                match owners.find(claim.fingerprint, same) {
                    Some(owner) => losses.extend(new.lost_to(owner)),
                    None => {
                        owners.insert_unique(claim.fingerprint, new, |it| it.claim.fingerprint);
                    }
                }
            }
        }
    }
    losses
}

struct Owned<'a> {
    rank: usize,
    ingress: &'a Arc<CompiledIngress>,
    claim: &'a Claim,
}

impl Owned<'_> {
    fn key(&self) -> Option<(&HostMatch, &PathMatch)> {
        let (route, rule) = self.claim.at;
        let route = self.ingress.ranks.get(self.rank)?.get(route)?;
        Some((
            route.hosts.first()?,
            &route.rules.get(rule)?.matches.first()?.path,
        ))
    }

    fn lost_to(&self, owner: &Self) -> Option<Loss> {
        let (host, path) = self.key()?;
        let what = match (self.claim.place, path) {
            // 404 for a host without backends takes nothing from anybody.
            (Place::Host { .. }, _) => return None,
            (Place::DefaultBackend, _) => "the default backend".to_owned(),
            (Place::Path { .. }, PathMatch::Exact(path)) => format!("Exact path {path}"),
            (Place::Path { .. }, PathMatch::Prefix(path)) => format!("Prefix path {path}"),
            (Place::Path { .. }, PathMatch::Regex { pattern, .. }) => format!("path {pattern}"),
        };
        if matches!(owner.claim.place, Place::Host { .. }) {
            return None;
        }
        let host = host::described(host);
        let message = if Arc::ptr_eq(self.ingress, owner.ingress) {
            format!(
                "{what} of {host} was claimed before, at {}",
                owner.claim.place.field()
            )
        } else {
            format!(
                "{what} of {host} belongs to {}, which goes first",
                owner.ingress.object
            )
        };
        Some(Loss {
            loser: Arc::clone(self.ingress),
            field: self.claim.place.field(),
            message,
        })
    }
}
