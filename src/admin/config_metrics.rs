//! Metrics of the configuration: reloads, problems, certificates.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus::{
    GaugeVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};

use super::status::Status;
use crate::{config::Severity, snapshot::FirewallStates};

/// Most certificates that are shown, those that expire first.
const CERTIFICATES: usize = 10_000;

/// How many lines each log could not take so far.
pub struct DroppedLines {
    /// The access log.
    pub access: Dropped,
    /// What the firewall has found.
    pub findings: Dropped,
    /// The firewall's audit log.
    pub audit: Dropped,
}

/// Tells a number so far.
type Dropped = Box<dyn Fn() -> u64 + Send + Sync>;

/// Shows what was published, by reading [`Status`] whenever somebody looks.
pub struct ConfigMetrics {
    status: Arc<Status>,
    dropped: DroppedLines,
    descriptions: Vec<Desc>,
}

/// One look.
struct Families {
    generation: IntGauge,
    reloads: IntCounterVec,
    last_successful: IntGauge,
    last_timestamp: IntGauge,
    problems: IntGaugeVec,
    certificates: GaugeVec,
    firewalls: IntGaugeVec,
    stale: IntGauge,
    dropped: IntCounter,
    dropped_by_firewall: IntCounterVec,
}

impl ConfigMetrics {
    /// Metrics of `status`, and of the lines that logs have `dropped`.
    pub fn new(status: Arc<Status>, dropped: DroppedLines) -> Self {
        let descriptions = Families::new()
            .each()
            .iter()
            .flat_map(|f| f.desc())
            .cloned()
            .collect();
        Self {
            status,
            dropped,
            descriptions,
        }
    }
}

impl Collector for ConfigMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let families = Families::new();
        families.read(&self.status, &self.dropped);
        families
            .each()
            .iter()
            .flat_map(|family| family.collect())
            .collect()
    }
}

impl Families {
    fn new() -> Self {
        const VALID: &str = "names, help and labels are constants that are valid";
        let gauge = |name, help| IntGauge::new(name, help).expect(VALID);
        Self {
            generation: gauge(
                "portcullis_config_generation",
                "The number of the configuration that is served; 0 before the first one.",
            ),
            reloads: IntCounterVec::new(
                Opts::new(
                    "portcullis_config_reloads_total",
                    "Configurations that were published, or could not be.",
                ),
                &["result"],
            )
            .expect(VALID),
            last_successful: gauge(
                "portcullis_config_last_reload_successful",
                "Whether the last configuration could be published.",
            ),
            last_timestamp: gauge(
                "portcullis_config_last_reload_success_timestamp_seconds",
                "When a configuration was last published.",
            ),
            problems: IntGaugeVec::new(
                Opts::new(
                    "portcullis_config_problems",
                    "Problems of the objects of the moment.",
                ),
                &["severity"],
            )
            .expect(VALID),
            certificates: GaugeVec::new(
                Opts::new(
                    "portcullis_certificate_expiry_timestamp_seconds",
                    "When a certificate ends being valid; the earliest of a Secret.",
                ),
                &["secret"],
            )
            .expect(VALID),
            firewalls: IntGaugeVec::new(
                Opts::new(
                    "portcullis_firewalls",
                    "Firewalls of the configuration, by how they came by their rules.",
                ),
                &["rules"],
            )
            .expect(VALID),
            stale: gauge(
                "portcullis_config_stale",
                "Whether what is served is what an earlier run knew, since the API server does not answer.",
            ),
            dropped: IntCounter::new(
                "portcullis_access_log_dropped_lines_total",
                "Lines that the access log could not take.",
            )
            .expect(VALID),
            dropped_by_firewall: IntCounterVec::new(
                Opts::new(
                    "portcullis_firewall_log_dropped_lines_total",
                    "Lines and entries that a log of the firewall could not take.",
                ),
                &["log"],
            )
            .expect(VALID),
        }
    }

    fn each(&self) -> [&dyn Collector; 10] {
        let Self {
            generation,
            reloads,
            last_successful,
            last_timestamp,
            problems,
            certificates,
            firewalls,
            stale,
            dropped,
            dropped_by_firewall,
        } = self;
        [
            generation,
            reloads,
            last_successful,
            last_timestamp,
            problems,
            certificates,
            firewalls,
            stale,
            dropped,
            dropped_by_firewall,
        ]
    }

    fn read(&self, status: &Status, dropped: &DroppedLines) {
        let (published, failed) = status.reloads();
        self.reloads
            .with_label_values(&["success"])
            .inc_by(published);
        self.reloads.with_label_values(&["failure"]).inc_by(failed);
        let DroppedLines {
            access,
            findings,
            audit,
        } = dropped;
        self.dropped.inc_by(access());
        for (log, count) in [("findings", findings), ("audit", audit)] {
            let counter = self.dropped_by_firewall.with_label_values(&[log]);
            counter.inc_by(count());
        }
        let warnings = self.problems.with_label_values(&["warning"]);
        let errors = self.problems.with_label_values(&["error"]);
        let Some(last) = status.published() else {
            return;
        };
        self.stale.set(i64::from(last.stale.is_some()));
        self.last_successful.set(i64::from(!status.last_failed()));
        self.generation
            .set(i64::try_from(last.generation).unwrap_or(i64::MAX));
        self.last_timestamp
            .set(i64::try_from(seconds(last.at)).unwrap_or(i64::MAX));
        for problem in last.problems.iter() {
            match problem.severity {
                Severity::Warning => warnings.inc(),
                Severity::Error => errors.inc(),
            }
        }
        let FirewallStates {
            current,
            kept,
            reduced,
            missing,
        } = last.firewalls;
        for (rules, count) in [
            ("current", current),
            ("kept", kept),
            ("reduced", reduced),
            ("missing", missing),
        ] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.firewalls.with_label_values(&[rules]).set(count);
        }
        let bindings = last
            .config
            .certificates
            .iter()
            .chain(&last.config.default_certificate);
        let mut expiries: Vec<_> = bindings
            .map(|binding| (seconds(binding.certificate.not_after), &binding.secret))
            .collect();
        // A Secret may be bound more than once; the earliest expiry is the one that matters.
        expiries.sort_unstable_by(|a, b| (a.1, a.0).cmp(&(b.1, b.0)));
        expiries.dedup_by(|a, b| a.1 == b.1);
        expiries.sort_unstable();
        for (expiry, secret) in expiries.into_iter().take(CERTIFICATES) {
            #[allow(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
            self.certificates
                .with_label_values(&[secret.as_ref()])
                .set(expiry as f64);
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

impl std::fmt::Debug for ConfigMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigMetrics")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
