//! The shards merged and shown.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use arc_swap::ArcSwapOption;
use prometheus::{
    core::{Collector, Desc},
    proto::{MetricFamily, MetricType},
};

use super::{
    families::{SeriesFamilies, descriptions, push_cookies, push_firewall, push_row},
    firewall::FirewallTotal,
    series::SeriesRegistry,
    shard::{Shard, WorkerMetrics},
    tables::{Counter, Gauge},
    total::SeriesTotal,
};
use crate::{
    config::{Config, RuleMeta},
    proxy::record::SeriesId,
};

/// The metrics of every worker. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Metrics {
    series: Arc<SeriesRegistry>,
    shards: Arc<Mutex<Vec<Arc<Shard>>>>,
    /// Whose rules are there at the moment.
    config: Arc<ArcSwapOption<Config>>,
    descriptions: Arc<[Desc]>,
}

impl Metrics {
    /// Metrics without a worker.
    pub fn new() -> Self {
        Self {
            series: Arc::new(SeriesRegistry::new()),
            shards: Arc::default(),
            config: Arc::default(),
            descriptions: descriptions(),
        }
    }

    /// The series of a rule; the same one for rules of one Ingress and Service, while there is any and
    /// an hour longer. Beyond 32,768 of them rules share one, whose labels say `overflow`.
    pub fn series(&self, rule: &RuleMeta) -> SeriesId {
        self.series
            .id(rule, |id| SeriesTotal::of(&self.shards(), id))
    }

    /// Notes the configuration of the moment: series whose rules are all gone are not shown for ever.
    pub fn follow(&self, config: Arc<Config>) {
        self.config.store(Some(config));
    }

    /// The shard of one more worker.
    pub fn worker(&self) -> WorkerMetrics {
        let shard = Arc::new(Shard::new());
        self.shards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&shard));
        WorkerMetrics::new(shard)
    }

    fn shards(&self) -> Vec<Arc<Shard>> {
        self.shards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Collector for Metrics {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.collect_at(Instant::now())
    }
}

impl Metrics {
    fn collect_at(&self, now: Instant) -> Vec<MetricFamily> {
        if let Some(config) = self.config.load_full() {
            let rules = config.routes.iter().flat_map(|route| &route.rules);
            self.series
                .note_rules(rules.map(|rule| rule.meta.as_ref()), now);
        }
        let shards = self.shards();
        let mut families = SeriesFamilies::new();
        self.series.for_each(now, |id, labels, base| {
            // A series without a request is not shown.
            if let Some(total) = SeriesTotal::of(&shards, id) {
                let total = match base {
                    Some(base) => total.since(base),
                    None => total,
                };
                families.push(labels, &total);
            }
        });
        let mut families = families.finish();
        let mut firewall = FirewallTotal::default();
        for shard in &shards {
            shard.firewall().add_to(&mut firewall);
        }
        push_firewall(&mut families, &firewall);
        push_cookies(&mut families, |finding| {
            shards.iter().map(|shard| shard.cookies(finding)).sum()
        });
        for counter in Counter::ALL {
            let value = shards.iter().map(|shard| shard.counter(counter)).sum();
            push_row(&mut families, &counter.row(), MetricType::COUNTER, value);
        }
        for gauge in Gauge::ALL {
            let value = shards.iter().map(|shard| shard.gauge(gauge)).sum();
            push_row(&mut families, &gauge.row(), MetricType::GAUGE, value);
        }
        families
    }
}

#[cfg(test)]
mod tests;
