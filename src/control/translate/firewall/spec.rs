//! The fields of WafPolicy and ClusterWafPolicy, as written.
//!
//! Invariant: every field is optional, and an item of a list may be missing: what does not fit was
//! taken out before. Non-goal: what the values mean.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Deserialize;

use crate::control::translate::firewall::mode::Mode;

/// `spec` of both kinds.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Spec {
    /// WafPolicy alone.
    pub(super) target_refs: Vec<Option<TargetRef>>,
    pub(super) mode: Option<Mode>,
    pub(super) rule_sets: Option<Vec<Option<RuleSetRef>>>,
    pub(super) paranoia_level: Option<u8>,
    pub(super) detection_paranoia_level: Option<u8>,
    pub(super) inbound_threshold: Option<u32>,
    pub(super) outbound_threshold: Option<u32>,
    pub(super) exclusions: Vec<Option<ExclusionSpec>>,
    pub(super) request_body: RequestBodySpec,
    pub(super) responses: ResponsesSpec,
    pub(super) block: BlockSpec,
    pub(super) sec_lang: SecLangSpec,
    /// ClusterWafPolicy alone.
    pub(super) minimum: Option<MinimumSpec>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TargetRef {
    #[serde(default)]
    pub(super) group: String,
    pub(super) kind: TargetKind,
    pub(super) name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub(super) enum TargetKind {
    Ingress,
    Service,
}

impl TargetKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Service => "Service",
        }
    }

    pub(super) const fn group(self) -> &'static str {
        match self {
            Self::Ingress => "networking.k8s.io",
            Self::Service => "",
        }
    }
}

/// One of the fields.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RuleSetRef {
    pub(super) folder: Option<String>,
    pub(super) config_map: Option<ConfigMapRef>,
    pub(super) inline: Option<String>,
    pub(super) builtin: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConfigMapRef {
    pub(super) name: String,
    /// ClusterWafPolicy alone.
    pub(super) namespace: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ExclusionSpec {
    pub(super) ids: Vec<IntOrString>,
    pub(super) tags: Vec<String>,
    pub(super) variables: Vec<VariableSpec>,
    pub(super) paths: Vec<PathSpec>,
    pub(super) hosts: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VariableSpec {
    pub(super) name: String,
    pub(super) selector: Option<String>,
    #[serde(default)]
    pub(super) regex: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PathSpec {
    #[serde(rename = "type", default)]
    pub(super) kind: PathKind,
    pub(super) value: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum PathKind {
    #[default]
    Prefix,
    Exact,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RequestBodySpec {
    pub(super) limit: Option<IntOrString>,
    pub(super) over_limit: Option<OverLimit>,
    pub(super) streamed_types: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum OverLimit {
    Reject,
    Pass,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ResponsesSpec {
    pub(super) inspect: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct BlockSpec {
    pub(super) status: Option<u16>,
    pub(super) page: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SecLangSpec {
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct MinimumSpec {
    pub(super) mode: Option<Mode>,
    pub(super) paranoia_level: Option<u8>,
    pub(super) protected_ids: Vec<IntOrString>,
}
