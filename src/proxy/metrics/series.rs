//! Which series a rule counts into.

use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::{config::RuleMeta, proxy::record::SeriesId};

/// Most series, the two without a rule included; further rules share [`SeriesId::OVERFLOW`].
pub(super) const MAX_SERIES: usize = 32_768;

/// What sets a series apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Labels {
    pub(super) namespace: Arc<str>,
    pub(super) ingress: Arc<str>,
    pub(super) service: Arc<str>,
}

/// Numbers for series. They are never used for anything else, so a number that a rule of an old
/// snapshot holds stays right.
#[derive(Debug)]
pub(super) struct SeriesRegistry {
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    by_labels: HashMap<Labels, SeriesId, RandomState>,
    /// Labels by number.
    labels: Vec<Labels>,
}

impl SeriesRegistry {
    pub(super) fn new() -> Self {
        let (nothing, overflow): (Arc<str>, Arc<str>) = ("".into(), "overflow".into());
        let all = |text: &Arc<str>| Labels {
            namespace: Arc::clone(text),
            ingress: Arc::clone(text),
            service: Arc::clone(text),
        };
        // At the places of `SeriesId::UNMATCHED` and `SeriesId::OVERFLOW`.
        let labels = vec![all(&nothing), all(&overflow)];
        Self {
            known: Mutex::new(Known {
                by_labels: HashMap::default(),
                labels,
            }),
        }
    }

    /// The series of a rule, a new one if there is none yet.
    pub(super) fn id(&self, rule: &RuleMeta) -> SeriesId {
        let labels = Labels {
            namespace: Arc::clone(&rule.object.namespace),
            ingress: Arc::clone(&rule.object.name),
            service: Arc::clone(&rule.service),
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = known.by_labels.get(&labels) {
            return *id;
        }
        if known.labels.len() == MAX_SERIES {
            return SeriesId::OVERFLOW;
        }
        let id = SeriesId(u32::try_from(known.labels.len()).expect("at most MAX_SERIES"));
        known.labels.push(labels.clone());
        known.by_labels.insert(labels, id);
        id
    }

    /// Labels by number.
    pub(super) fn labels(&self) -> Vec<Labels> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .labels
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ObjectKind, ObjectRef};

    fn rule(ingress: &str, service: &str, path: &str) -> RuleMeta {
        RuleMeta {
            object: ObjectRef {
                kind: ObjectKind::Ingress,
                namespace: "default".into(),
                name: ingress.into(),
            },
            service: service.into(),
            service_port: "80".into(),
            host: "".into(),
            path: path.into(),
        }
    }

    #[test]
    fn rules_of_one_ingress_and_service_share_a_series_and_keep_it() {
        let registry = SeriesRegistry::new();
        let first = registry.id(&rule("a", "x", "/one"));
        assert_eq!(registry.id(&rule("a", "x", "/two")), first);
        assert_ne!(registry.id(&rule("a", "y", "/one")), first);
        assert_ne!(registry.id(&rule("b", "x", "/one")), first);
        assert_eq!(registry.id(&rule("a", "x", "/three")), first);
        assert!(![SeriesId::UNMATCHED, SeriesId::OVERFLOW].contains(&first));
    }

    #[test]
    fn beyond_the_bound_rules_share_one_series() {
        let registry = SeriesRegistry::new();
        for index in 2..MAX_SERIES {
            let id = registry.id(&rule(&index.to_string(), "x", "/"));
            assert_eq!(id.0 as usize, index);
        }
        assert_eq!(registry.id(&rule("one more", "x", "/")), SeriesId::OVERFLOW);
        assert_eq!(
            registry.id(&rule("2", "x", "/")),
            SeriesId(2),
            "known ones keep theirs"
        );
        assert_eq!(registry.labels().len(), MAX_SERIES);
    }
}
