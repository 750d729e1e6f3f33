//! Metrics of the way to the API server, and of the admission webhook.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use prometheus::{
    IntCounterVec, IntGauge, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};
use tokio::sync::watch;

use super::{
    admission::{Counts, ShownCertificate},
    source::kube::Contact,
};

/// Shows how the API server answers and who leads, by looking whenever somebody asks.
pub struct ClusterMetrics {
    contact: Arc<Contact>,
    leads: watch::Receiver<bool>,
    descriptions: Vec<Desc>,
}

/// One look.
struct Families {
    last_contact: IntGauge,
    failures: IntCounterVec,
    leads: IntGauge,
}

impl ClusterMetrics {
    /// Metrics of `contact`, and of whether this replica leads.
    pub fn new(contact: Arc<Contact>, leads: watch::Receiver<bool>) -> Self {
        let families = Families::new();
        let each = families.each();
        let descriptions = each.iter().flat_map(|family| family.desc());
        Self {
            contact,
            leads,
            descriptions: descriptions.cloned().collect(),
        }
    }
}

impl Collector for ClusterMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let families = Families::new();
        let last = self.contact.last().map_or(0, seconds);
        families
            .last_contact
            .set(i64::try_from(last).unwrap_or(i64::MAX));
        for (kind, count) in self.contact.failures() {
            families
                .failures
                .with_label_values(&[kind.as_str()])
                .inc_by(count);
        }
        families.leads.set(i64::from(*self.leads.borrow()));
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
            last_contact: gauge(
                "portcullis_kubernetes_last_contact_timestamp_seconds",
                "When the API server last answered; 0: never.",
            ),
            failures: IntCounterVec::new(
                Opts::new(
                    "portcullis_kubernetes_watch_failures_total",
                    "Lists and watches that failed, by kind of object.",
                ),
                &["kind"],
            )
            .expect(VALID),
            leads: gauge(
                "portcullis_leader",
                "Whether this replica writes statuses and Events.",
            ),
        }
    }

    fn each(&self) -> [&dyn Collector; 3] {
        let Self {
            last_contact,
            failures,
            leads,
        } = self;
        [last_contact, failures, leads]
    }
}

/// Shows how admission reviews end, and for how long the webhook's certificate is good.
pub struct AdmissionMetrics {
    counts: Arc<Counts>,
    shown: ShownCertificate,
    descriptions: Vec<Desc>,
}

impl AdmissionMetrics {
    /// Metrics of these.
    pub fn new(counts: Arc<Counts>, shown: ShownCertificate) -> Self {
        let (reviews, expiry) = Self::families();
        let descriptions = reviews.desc().into_iter().chain(expiry.desc());
        Self {
            counts,
            shown,
            descriptions: descriptions.cloned().collect(),
        }
    }

    fn families() -> (IntCounterVec, IntGauge) {
        const VALID: &str = "names, help and labels are constants that are valid";
        let reviews = Opts::new(
            "portcullis_admission_reviews_total",
            "Admission reviews, by how they ended.",
        );
        let expiry = IntGauge::new(
            "portcullis_admission_certificate_expiry_timestamp_seconds",
            "When the certificate of the admission webhook ends being valid; 0: there is none.",
        );
        let reviews = IntCounterVec::new(reviews, &["outcome"]);
        (reviews.expect(VALID), expiry.expect(VALID))
    }
}

impl Collector for AdmissionMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let (reviews, expiry) = Self::families();
        for (outcome, count) in self.counts.by_outcome() {
            reviews.with_label_values(&[outcome]).inc_by(count);
        }
        let certificate = self.shown.certificate();
        let end = certificate.map_or(0, |certificate| seconds(certificate.not_after));
        expiry.set(i64::try_from(end).unwrap_or(i64::MAX));
        let mut families = reviews.collect();
        families.append(&mut expiry.collect());
        families
    }
}

impl std::fmt::Debug for AdmissionMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdmissionMetrics")
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

impl std::fmt::Debug for ClusterMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterMetrics")
            .field("contact", &self.contact)
            .finish_non_exhaustive()
    }
}
