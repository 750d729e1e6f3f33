//! The objects WafPolicy and ClusterWafPolicy, as far as every object looks alike.
//!
//! Invariant: what stands in `spec` is kept as it was written, so that a part of it which does not fit
//! breaks that part alone. Non-goal: what it means; that is the translation's.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A policy of the firewall, of either kind.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WafPolicy {
    /// The version that it was written for.
    pub api_version: String,
    /// Which of the two kinds it is.
    pub kind: String,
    /// What every object has.
    pub metadata: ObjectMeta,
    /// The policy.
    pub spec: Value,
    /// Whether it stands for one that could not be read: of `spec` there is what could be told, and
    /// what it is for is to be refused rather than served without it.
    #[serde(skip)]
    pub is_broken: bool,
    /// Whether what could not be read of it may say something of cookies.
    #[serde(skip)]
    pub may_name_cookies: bool,
}
