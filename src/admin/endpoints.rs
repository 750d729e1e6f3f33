//! What each listener answers.

use std::sync::Arc;

use bytes::Bytes;
use http::{StatusCode, header::HeaderValue};
use prometheus::{Registry, TextEncoder};

use super::{
    config_dump,
    status::{Readiness, Status},
};
use crate::config::Problem;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const METRICS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// What a listener answers, by path. May take a while; never called on a reactor's thread.
pub trait Endpoints: Send + Sync + 'static {
    /// The answer to GET; `None` is 404.
    fn answer(&self, path: &str) -> Option<Answer>;
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its `Content-Type`.
    pub content_type: HeaderValue,
    /// Its body.
    pub body: Bytes,
}

/// The status listener: `/healthz`, `/readyz`, `/metrics`. Open to the network.
#[derive(Debug)]
pub struct StatusEndpoints {
    /// The process.
    pub status: Arc<Status>,
    /// Every metric.
    pub metrics: Registry,
}

/// The admin listener: `/config`, `/problems`. For operators only.
#[derive(Debug)]
pub struct AdminEndpoints {
    /// The process.
    pub status: Arc<Status>,
}

impl Endpoints for StatusEndpoints {
    fn answer(&self, path: &str) -> Option<Answer> {
        match path {
            "/healthz" => Some(Answer::text(StatusCode::OK, "ok\n")),
            "/readyz" => Some(readiness(self.status.readiness())),
            "/metrics" => Some(scrape(&self.metrics)),
            _ => None,
        }
    }
}

impl Endpoints for AdminEndpoints {
    fn answer(&self, path: &str) -> Option<Answer> {
        match path {
            "/" => Some(Answer::text(StatusCode::OK, "/config\n/problems\n")),
            "/config" => Some(match self.status.published() {
                Some(published) => Answer::json(&config_dump::dump(&published)),
                None => readiness(Readiness::Starting),
            }),
            "/problems" => Some(match self.status.published() {
                Some(published) => {
                    let problems: Vec<_> =
                        published.problems.iter().map(Problem::to_json).collect();
                    Answer::json(&problems)
                }
                None => readiness(Readiness::Starting),
            }),
            _ => None,
        }
    }
}

impl Answer {
    pub(super) fn text(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type: TEXT,
            body: body.into(),
        }
    }

    fn json(value: &impl serde::Serialize) -> Self {
        let mut body = serde_json::to_vec_pretty(value).expect("every key is a string");
        body.push(b'\n');
        Self {
            status: StatusCode::OK,
            content_type: JSON,
            body: body.into(),
        }
    }
}

fn readiness(readiness: Readiness) -> Answer {
    match readiness {
        Readiness::Ready => Answer::text(StatusCode::OK, "ready\n"),
        Readiness::Stale(at) => Answer::text(
            StatusCode::OK,
            format!(
                "ready, stale: the API server has not answered since the start; these are the objects \
                 of {}\n",
                httpdate::fmt_http_date(at)
            ),
        ),
        Readiness::Starting => Answer::text(
            StatusCode::SERVICE_UNAVAILABLE,
            "not ready: no configuration has been published yet\n",
        ),
        Readiness::Draining => Answer::text(
            StatusCode::SERVICE_UNAVAILABLE,
            "not ready: shutting down\n",
        ),
    }
}

fn scrape(metrics: &Registry) -> Answer {
    let mut body = String::new();
    match TextEncoder::new().encode_utf8(&metrics.gather(), &mut body) {
        Ok(()) => Answer {
            status: StatusCode::OK,
            content_type: METRICS,
            body: body.into(),
        },
        Err(error) => {
            tracing::error!(%error, "metrics cannot be encoded");
            Answer::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "metrics cannot be encoded\n",
            )
        }
    }
}
