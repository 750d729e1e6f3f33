//! Numbers as the families that are scraped.

use std::sync::Arc;

use prometheus::{
    core::Desc,
    proto::{Bucket, Histogram, LabelPair, Metric, MetricFamily, MetricType},
};

use super::{
    cell::{BOUNDS_MICROS, DurationsTotal},
    firewall::{FirewallOutcome, FirewallTotal},
    series::Labels,
    status,
    tables::{Counter, Gauge, Row},
    total::SeriesTotal,
};
use crate::{
    policy::CookieFinding,
    proxy::{inspect::Uninspected, record::Outcome},
};

const NAMESPACE: &str = "namespace";
const INGRESS: &str = "ingress";
const SERVICE: &str = "service";
const STATUS: &str = "status";
const OUTCOME: &str = "outcome";

/// The families that every series has a part of.
pub(super) struct SeriesFamilies {
    requests: MetricFamily,
    failures: MetricFamily,
    duration: MetricFamily,
    upstream_latency: MetricFamily,
    bytes_received: MetricFamily,
    bytes_sent: MetricFamily,
    retries: MetricFamily,
}

impl SeriesFamilies {
    const REQUESTS: (&str, &str) = (
        "portcullis_requests_total",
        "Exchanges that have ended, by the status that was sent.",
    );
    const FAILURES: (&str, &str) = (
        "portcullis_request_failures_total",
        "Exchanges that were refused, failed, timed out or were broken off, by how they ended.",
    );
    const DURATION: (&str, &str) = (
        "portcullis_request_duration_seconds",
        "From the complete request head to the end of the exchange.",
    );
    const UPSTREAM_LATENCY: (&str, &str) = (
        "portcullis_upstream_latency_seconds",
        "From the request being ready to be sent upstream to the response head.",
    );
    const BYTES_RECEIVED: (&str, &str) = (
        "portcullis_request_bytes_total",
        "Bytes of requests, heads and bodies.",
    );
    const BYTES_SENT: (&str, &str) = (
        "portcullis_response_bytes_total",
        "Bytes of answers' bodies.",
    );
    const RETRIES: (&str, &str) = (
        "portcullis_upstream_retries_total",
        "Attempts to reach an upstream after the first one of an exchange.",
    );

    pub(super) fn new() -> Self {
        Self {
            requests: family(Self::REQUESTS, MetricType::COUNTER),
            failures: family(Self::FAILURES, MetricType::COUNTER),
            duration: family(Self::DURATION, MetricType::HISTOGRAM),
            upstream_latency: family(Self::UPSTREAM_LATENCY, MetricType::HISTOGRAM),
            bytes_received: family(Self::BYTES_RECEIVED, MetricType::COUNTER),
            bytes_sent: family(Self::BYTES_SENT, MetricType::COUNTER),
            retries: family(Self::RETRIES, MetricType::COUNTER),
        }
    }

    pub(super) fn push(&mut self, labels: &Labels, total: &SeriesTotal) {
        let Labels {
            namespace,
            ingress,
            service,
        } = labels;
        let own = || {
            vec![
                pair(NAMESPACE, namespace),
                pair(INGRESS, ingress),
                pair(SERVICE, service),
            ]
        };
        let with = |name, value| {
            let mut all = own();
            all.push(pair(name, value));
            all
        };
        let SeriesTotal {
            statuses,
            outcomes,
            duration,
            upstream_latency,
            bytes_received,
            bytes_sent,
            retries,
        } = total;
        for (label, count) in status::LABELS.iter().zip(statuses) {
            if *count != 0 {
                push(&mut self.requests, counter(with(STATUS, label), *count));
            }
        }
        for (outcome, count) in Outcome::ALL.iter().zip(outcomes) {
            let succeeded = matches!(outcome, Outcome::Completed | Outcome::Answered);
            if *count != 0 && !succeeded {
                push(
                    &mut self.failures,
                    counter(with(OUTCOME, outcome.as_str()), *count),
                );
            }
        }
        push(&mut self.duration, histogram(own(), duration));
        push(
            &mut self.upstream_latency,
            histogram(own(), upstream_latency),
        );
        push(&mut self.bytes_received, counter(own(), *bytes_received));
        push(&mut self.bytes_sent, counter(own(), *bytes_sent));
        push(&mut self.retries, counter(own(), *retries));
    }

    pub(super) fn finish(self) -> Vec<MetricFamily> {
        let Self {
            requests,
            failures,
            duration,
            upstream_latency,
            bytes_received,
            bytes_sent,
            retries,
        } = self;
        vec![
            requests,
            failures,
            duration,
            upstream_latency,
            bytes_received,
            bytes_sent,
            retries,
        ]
    }
}

/// Exchanges by firewall and by what it did with them.
const INSPECTED: (&str, &str) = (
    "portcullis_firewall_requests_total",
    "Requests that the firewall has inspected, by what it did with them.",
);
/// Matches by rule.
const MATCHES: (&str, &str) = (
    "portcullis_firewall_rule_matches_total",
    "Matches of rules that want to be logged, by the rule's id.",
);
/// What passed uninspected.
const PASSED: (&str, &str) = (
    "portcullis_firewall_uninspected_total",
    "Requests and answers of which something has passed uninspected, by the reason.",
);
/// What was refused uninspected.
const REFUSED: (&str, &str) = (
    "portcullis_firewall_refused_uninspected_total",
    "Requests and answers that were refused because they could not be inspected, by the reason.",
);
/// Cookies under protected names.
const COOKIES: (&str, &str) = (
    "portcullis_cookies_total",
    "Cookies under protected names, by what was found of them.",
);
const RESULT: &str = "result";
const FIREWALL: &str = "firewall";
const RULE: &str = "rule";
const REASON: &str = "reason";

/// Adds the firewall's families. Those with labels from configuration are shown once there is something
/// to show.
pub(super) fn push_firewall(families: &mut Vec<MetricFamily>, total: &FirewallTotal) {
    let FirewallTotal {
        passed,
        refused,
        outcomes,
        rules,
    } = total;
    let mut inspected = family(INSPECTED, MetricType::COUNTER);
    for (name, counts) in outcomes {
        for (outcome, count) in FirewallOutcome::ALL.iter().zip(counts) {
            if *count != 0 {
                let labels = vec![pair(FIREWALL, name), pair(OUTCOME, outcome.as_str())];
                push(&mut inspected, counter(labels, *count));
            }
        }
    }
    let mut matches = family(MATCHES, MetricType::COUNTER);
    for (rule, count) in rules {
        let labels = vec![pair(RULE, itoa::Buffer::new().format(*rule))];
        push(&mut matches, counter(labels, *count));
    }
    families.extend([inspected, matches]);
    for (named, counts) in [(PASSED, passed), (REFUSED, refused)] {
        let mut family = family(named, MetricType::COUNTER);
        for (reason, count) in Uninspected::ALL.iter().zip(counts) {
            let labels = vec![pair(REASON, reason.as_str())];
            push(&mut family, counter(labels, *count));
        }
        families.push(family);
    }
}

/// Adds the cookies'.
pub(super) fn push_cookies(families: &mut Vec<MetricFamily>, total: impl Fn(CookieFinding) -> u64) {
    let mut cookies = family(COOKIES, MetricType::COUNTER);
    for finding in CookieFinding::ALL {
        let labels = vec![pair(RESULT, finding.as_str())];
        push(&mut cookies, counter(labels, total(finding)));
    }
    families.push(cookies);
}

/// What the registry checks for names that are taken twice.
pub(super) fn descriptions() -> Arc<[Desc]> {
    const OF_SERIES: [((&str, &str), Option<&str>); 7] = [
        (SeriesFamilies::REQUESTS, Some(STATUS)),
        (SeriesFamilies::FAILURES, Some(OUTCOME)),
        (SeriesFamilies::DURATION, None),
        (SeriesFamilies::UPSTREAM_LATENCY, None),
        (SeriesFamilies::BYTES_RECEIVED, None),
        (SeriesFamilies::BYTES_SENT, None),
        (SeriesFamilies::RETRIES, None),
    ];
    let of_series = OF_SERIES.iter().map(|((name, help), extra)| {
        let labels = [NAMESPACE, INGRESS, SERVICE].into_iter().chain(*extra);
        (*name, *help, labels.collect::<Vec<_>>())
    });
    let rows = Counter::ALL
        .iter()
        .map(|counter| counter.row())
        .chain(Gauge::ALL.iter().map(|gauge| gauge.row()))
        .map(|row| {
            (
                row.name,
                row.help,
                row.label.iter().map(|(name, _)| *name).collect(),
            )
        });
    let of_firewall = [
        (INSPECTED, vec![FIREWALL, OUTCOME]),
        (MATCHES, vec![RULE]),
        (PASSED, vec![REASON]),
        (REFUSED, vec![REASON]),
        (COOKIES, vec![RESULT]),
    ];
    let of_firewall = of_firewall.map(|((name, help), labels)| (name, help, labels));
    let mut all: Vec<_> = of_series.chain(of_firewall).chain(rows).collect();
    all.dedup_by_key(|(name, ..)| *name);
    all.into_iter()
        .map(|(name, help, labels)| {
            let labels = labels.into_iter().map(str::to_owned).collect();
            Desc::new(name.to_owned(), help.to_owned(), labels, Default::default())
                .expect("names, help and labels are constants that are valid")
        })
        .collect()
}

/// Adds a row to the last family if it has the same name, otherwise to a new one.
pub(super) fn push_row(families: &mut Vec<MetricFamily>, row: &Row, kind: MetricType, value: u64) {
    let Row { name, help, label } = *row;
    if families.last().is_none_or(|last| last.name() != name) {
        families.push(family((name, help), kind));
    }
    let labels = label
        .iter()
        .map(|(name, value)| pair(name, value))
        .collect();
    let metric = match kind {
        MetricType::GAUGE => gauge(labels, value),
        _ => counter(labels, value),
    };
    if let Some(last) = families.last_mut() {
        push(last, metric);
    }
}

fn family((name, help): (&str, &str), kind: MetricType) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family
}

fn push(family: &mut MetricFamily, metric: Metric) {
    family.mut_metric().push(metric);
}

fn pair(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

fn counter(labels: Vec<LabelPair>, value: u64) -> Metric {
    let mut counter = prometheus::proto::Counter::default();
    counter.set_value(number(value));
    let mut metric = Metric::from_label(labels);
    metric.set_counter(counter);
    metric
}

fn gauge(labels: Vec<LabelPair>, value: u64) -> Metric {
    let mut gauge = prometheus::proto::Gauge::default();
    gauge.set_value(number(value));
    let mut metric = Metric::from_label(labels);
    metric.set_gauge(gauge);
    metric
}

fn histogram(labels: Vec<LabelPair>, total: &DurationsTotal) -> Metric {
    let DurationsTotal { counts, micros } = total;
    let mut cumulative = 0;
    let mut buckets = Vec::with_capacity(BOUNDS_MICROS.len());
    for (bound, count) in BOUNDS_MICROS.iter().zip(counts) {
        cumulative += count;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(number(*bound) / 1e6);
        bucket.set_cumulative_count(cumulative);
        buckets.push(bucket);
    }
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets);
    histogram.set_sample_count(counts.iter().sum());
    histogram.set_sample_sum(number(*micros) / 1e6);
    let mut metric = Metric::from_label(labels);
    metric.set_histogram(histogram);
    metric
}

/// Prometheus' numbers are floating point; beyond 2^53 they lose their last digits.
#[allow(clippy::cast_precision_loss, reason = "the format has no integers")]
fn number(value: u64) -> f64 {
    value as f64
}
