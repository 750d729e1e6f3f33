//! Which series a rule counts into.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use foldhash::fast::RandomState;
use hashbrown::{Equivalent, HashMap};

use super::total::SeriesTotal;
use crate::{config::RuleMeta, proxy::record::SeriesId};

/// Most series, the two without a rule included; further rules share [`SeriesId::OVERFLOW`].
pub(super) const MAX_SERIES: usize = 32_768;

/// How long a series is shown after its last rule is gone: exchanges may still end for it, and
/// somebody may still want to read what it came to.
pub(super) const LINGER: Duration = Duration::from_secs(3600);

/// What sets a series apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Labels {
    pub(super) namespace: Arc<str>,
    pub(super) ingress: Arc<str>,
    pub(super) service: Arc<str>,
}

/// [`Labels`] of a rule, to look for.
#[derive(Hash)]
struct LabelsOf<'a> {
    namespace: &'a str,
    ingress: &'a str,
    service: &'a str,
}

/// Numbers for series. A number stays with its labels while any rule has them and for [`LINGER`] after
/// that; only then, and only when no other is left, it is given to others.
#[derive(Debug)]
pub(super) struct SeriesRegistry {
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    by_labels: HashMap<Labels, SeriesId, RandomState>,
    /// By number.
    series: Vec<Series>,
    /// Numbers whose labels nobody has had for long.
    free: Vec<SeriesId>,
}

#[derive(Debug)]
struct Series {
    labels: Labels,
    /// Since when no rule has the labels.
    gone: Option<Instant>,
    /// What the number's cells held when it was given to these labels.
    base: Option<Box<SeriesTotal>>,
}

impl SeriesRegistry {
    pub(super) fn new() -> Self {
        let (nothing, overflow): (Arc<str>, Arc<str>) = ("".into(), "overflow".into());
        let all = |text: Arc<str>| {
            let labels = Labels {
                namespace: Arc::clone(&text),
                ingress: Arc::clone(&text),
                service: text,
            };
            Series {
                labels,
                gone: None,
                base: None,
            }
        };
        let known = Known {
            by_labels: HashMap::default(),
            // At the places of `SeriesId::UNMATCHED` and `SeriesId::OVERFLOW`.
            series: vec![all(nothing), all(overflow)],
            free: Vec::new(),
        };
        Self {
            known: Mutex::new(known),
        }
    }

    /// The series of a rule, a new one if there is none yet. `held` says what a number's cells hold.
    pub(super) fn id(
        &self,
        rule: &RuleMeta,
        held: impl FnOnce(SeriesId) -> Option<SeriesTotal>,
    ) -> SeriesId {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = &mut *known;
        if let Some(id) = known.by_labels.get(&LabelsOf::rule(rule)) {
            let id = *id;
            if let Some(series) = known.series.get_mut(id.0 as usize) {
                series.gone = None;
            }
            return id;
        }
        let labels = Labels {
            namespace: Arc::clone(&rule.object.namespace),
            ingress: Arc::clone(&rule.object.name),
            service: Arc::clone(&rule.service),
        };
        let id = if known.series.len() < MAX_SERIES {
            let id = SeriesId(u32::try_from(known.series.len()).expect("at most MAX_SERIES"));
            known.series.push(Series {
                labels: labels.clone(),
                gone: None,
                base: None,
            });
            id
        } else {
            match known.reuse(&labels, held) {
                Some(id) => id,
                None => return SeriesId::OVERFLOW,
            }
        };
        known.by_labels.insert(labels, id);
        id
    }

    /// Notes which labels the rules of the moment have.
    pub(super) fn note_rules<'a>(&self, rules: impl Iterator<Item = &'a RuleMeta>, now: Instant) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known {
            by_labels,
            series,
            free,
        } = &mut *known;
        let mut is_there = vec![false; series.len()];
        for rule in rules {
            let id = by_labels.get(&LabelsOf::rule(rule));
            if let Some(there) = id.and_then(|id| is_there.get_mut(id.0 as usize)) {
                *there = true;
            }
        }
        free.clear();
        // The two without a rule are never gone.
        for (number, (series, is_there)) in series.iter_mut().zip(is_there).enumerate().skip(2) {
            series.gone = if is_there {
                None
            } else {
                series.gone.or(Some(now))
            };
            if series.is_over(now) {
                free.push(SeriesId(u32::try_from(number).expect("at most MAX_SERIES")));
            }
        }
    }

    /// Shows every series that some rule has or had not long ago, with what is to be subtracted from
    /// its cells.
    pub(super) fn for_each(
        &self,
        now: Instant,
        mut visit: impl FnMut(SeriesId, &Labels, Option<&SeriesTotal>),
    ) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, series) in known.series.iter().enumerate() {
            if !series.is_over(now) {
                let id = SeriesId(u32::try_from(number).expect("at most MAX_SERIES"));
                visit(id, &series.labels, series.base.as_deref());
            }
        }
    }
}

impl Known {
    /// A number whose labels nobody has had for long, for other labels.
    fn reuse(
        &mut self,
        labels: &Labels,
        held: impl FnOnce(SeriesId) -> Option<SeriesTotal>,
    ) -> Option<SeriesId> {
        let Self {
            by_labels,
            series,
            free,
        } = self;
        loop {
            let id = free.pop()?;
            let series = series.get_mut(id.0 as usize)?;
            // It may have been asked for since.
            if series.gone.is_some() {
                by_labels.remove(&series.labels);
                *series = Series {
                    labels: labels.clone(),
                    gone: None,
                    base: held(id).map(Box::new),
                };
                return Some(id);
            }
        }
    }
}

impl Series {
    fn is_over(&self, now: Instant) -> bool {
        self.gone
            .is_some_and(|since| now.saturating_duration_since(since) >= LINGER)
    }
}

impl<'a> LabelsOf<'a> {
    fn rule(rule: &'a RuleMeta) -> Self {
        Self {
            namespace: &rule.object.namespace,
            ingress: &rule.object.name,
            service: &rule.service,
        }
    }
}

impl Equivalent<Labels> for LabelsOf<'_> {
    fn equivalent(&self, labels: &Labels) -> bool {
        let Labels {
            namespace,
            ingress,
            service,
        } = labels;
        *self.namespace == **namespace && *self.ingress == **ingress && *self.service == **service
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

    fn id(registry: &SeriesRegistry, rule: &RuleMeta) -> SeriesId {
        registry.id(rule, |_| None)
    }

    fn shown(registry: &SeriesRegistry, now: Instant) -> usize {
        let mut count = 0;
        registry.for_each(now, |_, _, _| count += 1);
        count
    }

    #[test]
    fn rules_of_one_ingress_and_service_share_a_series_and_keep_it() {
        let registry = SeriesRegistry::new();
        let first = id(&registry, &rule("a", "x", "/one"));
        assert_eq!(id(&registry, &rule("a", "x", "/two")), first);
        assert_ne!(id(&registry, &rule("a", "y", "/one")), first);
        assert_ne!(id(&registry, &rule("b", "x", "/one")), first);
        assert_eq!(id(&registry, &rule("a", "x", "/three")), first);
        assert!(![SeriesId::UNMATCHED, SeriesId::OVERFLOW].contains(&first));
    }

    #[test]
    fn a_series_is_shown_while_it_has_a_rule_and_an_hour_longer() {
        let registry = SeriesRegistry::new();
        let (stays, leaves) = (rule("a", "x", "/"), rule("b", "x", "/"));
        let number = id(&registry, &leaves);
        id(&registry, &stays);
        let start = Instant::now();
        registry.note_rules([&stays, &leaves].into_iter(), start);
        registry.note_rules([&stays].into_iter(), start + LINGER);
        registry.note_rules(
            [&stays].into_iter(),
            start + LINGER + Duration::from_secs(1),
        );
        assert_eq!(
            shown(&registry, start + 2 * LINGER - Duration::from_secs(1)),
            4
        );
        assert_eq!(shown(&registry, start + 2 * LINGER), 3);
        assert_eq!(id(&registry, &leaves), number, "its number is still there");
        assert_eq!(shown(&registry, start + 2 * LINGER), 4);
    }

    #[test]
    fn beyond_the_bound_rules_share_one_series_until_numbers_are_free() {
        let registry = SeriesRegistry::new();
        let all: Vec<_> = (2..MAX_SERIES)
            .map(|number| rule(&number.to_string(), "x", "/"))
            .collect();
        for (number, rule) in (2..).zip(&all) {
            assert_eq!(id(&registry, rule).0, number);
        }
        let more = rule("one more", "x", "/");
        assert_eq!(id(&registry, &more), SeriesId::OVERFLOW);
        let start = Instant::now();
        registry.note_rules(all.iter().skip(2), start);
        registry.note_rules(all.iter().skip(2), start + LINGER);
        let back = id(&registry, &all[1]);
        assert_eq!(back, SeriesId(3), "known ones keep theirs");
        assert_eq!(id(&registry, &more), SeriesId(2), "the other is free");
        assert_eq!(
            id(&registry, &rule("and one", "x", "/")),
            SeriesId::OVERFLOW
        );
        assert_eq!(
            id(&registry, &all[0]),
            SeriesId::OVERFLOW,
            "it has lost its number"
        );
    }
}
