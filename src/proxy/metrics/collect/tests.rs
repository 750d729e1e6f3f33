//! From exchanges to the text that is scraped.
#![allow(clippy::unwrap_used)]

use std::{thread, time::Duration};

use prometheus::{Registry, TextEncoder};

use super::*;
use crate::proxy::{
    access_log::tests::{record, rule},
    record::{Outcome, Refusal, RequestRecord, UpstreamFailure, UpstreamRecord},
};

fn scrape(metrics: &Metrics) -> String {
    let registry = Registry::new();
    registry.register(Box::new(metrics.clone())).unwrap();
    TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap()
}

fn line<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(start))
        .map(str::trim)
}

#[test]
fn exchanges_of_all_workers_are_added_up_under_the_rules_names() {
    let metrics = Metrics::new();
    let rule = rule();
    let series = metrics.series(&rule);
    let workers = [metrics.worker(), metrics.worker()];
    for worker in &workers {
        worker.record(&RequestRecord {
            series,
            ..record(Some(&rule))
        });
    }
    let [worker, _] = workers;
    let failed = UpstreamRecord {
        head_latency: None,
        attempts: 3,
        ..record(None).upstream.unwrap()
    };
    worker.record(&RequestRecord {
        series,
        status: 502,
        duration: Duration::from_millis(30),
        upstream: Some(failed),
        outcome: Outcome::UpstreamFailed(UpstreamFailure::Connect),
        ..record(Some(&rule))
    });
    worker.record(&RequestRecord {
        status: 404,
        upstream: None,
        outcome: Outcome::Refused(Refusal::NoRoute),
        ..record(None)
    });
    let text = scrape(&metrics);
    let own = r#"namespace="default",ingress="myapp",service="blogservice""#;
    for (start, value) in [
        (
            format!(r#"portcullis_requests_total{{{own},status="200"}}"#),
            "2",
        ),
        (
            format!(r#"portcullis_requests_total{{{own},status="502"}}"#),
            "1",
        ),
        (
            format!(
                r#"portcullis_request_failures_total{{{own},outcome="upstream_connect_failed"}}"#
            ),
            "1",
        ),
        (
            format!(r#"portcullis_request_duration_seconds_bucket{{{own},le="0.001"}}"#),
            "0",
        ),
        (
            format!(r#"portcullis_request_duration_seconds_bucket{{{own},le="0.0025"}}"#),
            "2",
        ),
        (
            format!(r#"portcullis_request_duration_seconds_bucket{{{own},le="0.05"}}"#),
            "3",
        ),
        (
            format!(r#"portcullis_request_duration_seconds_bucket{{{own},le="+Inf"}}"#),
            "3",
        ),
        (
            format!(r#"portcullis_request_duration_seconds_sum{{{own}}}"#),
            "0.032468",
        ),
        (
            format!(r#"portcullis_upstream_latency_seconds_count{{{own}}}"#),
            "2",
        ),
        (format!(r#"portcullis_request_bytes_total{{{own}}}"#), "288"),
        (
            format!(r#"portcullis_response_bytes_total{{{own}}}"#),
            "1536",
        ),
        (
            format!(r#"portcullis_upstream_retries_total{{{own}}}"#),
            "2",
        ),
        (
            r#"portcullis_requests_total{namespace="",ingress="",service="",status="404"}"#
                .to_owned(),
            "1",
        ),
    ] {
        assert_eq!(line(&text, &start), Some(value), "{start} in {text}");
    }
    assert!(
        !text.contains("overflow"),
        "a series without a request is not shown"
    );
    assert!(!text.contains("completed"), "{text}");
}

#[test]
fn counters_and_gauges_of_workers_are_shown_from_the_start() {
    let metrics = Metrics::new();
    let (first, second) = (metrics.worker(), metrics.worker());
    first.count(Counter::HttpConnections);
    second.count(Counter::HttpConnections);
    first.raise(Gauge::HttpConnections);
    second.raise(Gauge::HttpConnections);
    first.lower(Gauge::HttpConnections);
    first.set(Gauge::UpstreamIdle, 3);
    let text = scrape(&metrics);
    for (start, value) in [
        (
            r#"portcullis_connections_accepted_total{listener="http"}"#,
            "2",
        ),
        (
            r#"portcullis_connections_accepted_total{listener="https"}"#,
            "0",
        ),
        (r#"portcullis_connections{listener="http"}"#, "1"),
        ("portcullis_upstream_idle_connections ", "3"),
        ("portcullis_upstream_ejected_endpoints ", "0"),
    ] {
        assert_eq!(line(&text, start), Some(value), "{start} in {text}");
    }
    let types = text.lines().filter(|line| line.starts_with("# TYPE "));
    let mut names: Vec<_> = types.map(|line| line.split(' ').nth(2).unwrap()).collect();
    let shown = names.len();
    names.dedup();
    assert_eq!(names.len(), shown, "each family is shown once");
}

#[test]
fn scraping_while_workers_count_loses_nothing() {
    let metrics = Metrics::new();
    let rule = rule();
    let series = metrics.series(&rule);
    let count = 20_000;
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let worker = metrics.worker();
            let rule = rule.clone();
            thread::spawn(move || {
                for _ in 0..count {
                    worker.record(&RequestRecord {
                        series,
                        ..record(Some(&rule))
                    });
                }
            })
        })
        .collect();
    for _ in 0..20 {
        scrape(&metrics);
    }
    for worker in workers {
        worker.join().unwrap();
    }
    let own = r#"namespace="default",ingress="myapp",service="blogservice""#;
    let start = format!(r#"portcullis_requests_total{{{own},status="200"}}"#);
    assert_eq!(
        line(&scrape(&metrics), &start),
        Some((2 * count).to_string().as_str())
    );
}

#[test]
fn every_metric_and_outcome_is_documented() {
    let page = include_str!("../../../../docs/operations.md");
    let metrics = Metrics::new();
    let names = metrics.desc().into_iter().map(|desc| desc.fq_name.clone());
    let outcomes = Outcome::ALL
        .iter()
        .map(|outcome| outcome.as_str().to_owned());
    for name in names.chain(outcomes) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn a_number_that_is_used_again_counts_from_nothing() {
    let metrics = Metrics::new();
    let worker = metrics.worker();
    let rule = rule();
    let series = metrics.series(&rule);
    worker.record(&RequestRecord {
        series,
        ..record(Some(&rule))
    });
    let shards = metrics.shards();
    let base = SeriesTotal::of(&shards, series).unwrap();
    worker.record(&RequestRecord {
        series,
        status: 500,
        duration: Duration::from_millis(7),
        bytes_sent: 3,
        ..record(Some(&rule))
    });
    let since = SeriesTotal::of(&shards, series).unwrap().since(&base);
    assert_eq!(since.statuses.iter().sum::<u64>(), 1);
    assert_eq!((since.bytes_sent, since.duration.micros), (3, 7_000));
    assert_eq!(since.duration.counts.iter().sum::<u64>(), 1);
    assert_eq!(base.since(&base).bytes_received, 0);
}

#[test]
fn series_of_rules_that_are_gone_are_hidden_after_a_while() {
    let metrics = Metrics::new();
    let worker = metrics.worker();
    let rule = rule();
    worker.record(&RequestRecord {
        series: metrics.series(&rule),
        ..record(Some(&rule))
    });
    metrics.follow(Arc::default());
    let start = Instant::now();
    let is_shown = |now| {
        let families = metrics.collect_at(now);
        families.iter().any(|family| {
            family.name() == "portcullis_requests_total" && !family.get_metric().is_empty()
        })
    };
    assert!(is_shown(start));
    assert!(is_shown(start + Duration::from_secs(3500)));
    assert!(!is_shown(start + Duration::from_secs(3700)));
}
