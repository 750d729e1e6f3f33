//! The fields of WafPolicy and ClusterWafPolicy, as written.
//!
//! Invariant: every field is optional, and an item of a list may be missing: what does not fit was
//! taken out before. Non-goal: what the values mean.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::fmt;

use serde::{Deserialize, Deserializer, de};

use crate::{
    control::translate::firewall::mode::Mode,
    policy::{ClientBinding, CookieMode},
};

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
    pub(super) cookie_integrity: Option<CookieIntegritySpec>,
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

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CookieIntegritySpec {
    pub(super) mode: Option<CookieSwitch>,
    pub(super) names: Option<Vec<Option<String>>>,
    pub(super) encrypt: Option<Vec<Option<String>>>,
    pub(super) keys: Option<CookieKeysSpec>,
    /// Seconds.
    pub(super) max_age: Option<u32>,
    pub(super) bind_to: Option<BindTo>,
    pub(super) secure: Option<bool>,
    pub(super) http_only: Option<bool>,
    pub(super) same_site: Option<SameSiteSpec>,
    /// What of it did not fit.
    #[serde(skip)]
    pub(super) faults: CookieFaults,
}

impl CookieIntegritySpec {
    /// Notes a field that there is not: it may be one that is missing, misspelt.
    pub(super) fn note_unknown(&mut self) {
        let Self {
            mode,
            encrypt,
            faults,
            ..
        } = self;
        faults.any = true;
        faults.mode |= mode.is_none();
        faults.encrypt |= encrypt.is_none();
    }
}

/// What of a spec could not be understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CookieFaults {
    /// Anything.
    pub(super) any: bool,
    /// The mode.
    pub(super) mode: bool,
    /// Which cookies are to be encrypted.
    pub(super) encrypt: bool,
}

impl CookieFaults {
    /// Notes one in a field of `cookieIntegrity`; `None`: in all of it.
    pub(super) fn note(&mut self, field: Option<&str>) {
        self.any = true;
        self.mode |= matches!(field, Some("mode") | None);
        self.encrypt |= matches!(field, Some("encrypt") | None);
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CookieKeysSpec {
    pub(super) secret: Option<CookieSecretRef>,
    pub(super) current: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CookieSecretRef {
    pub(super) name: String,
    /// ClusterWafPolicy alone.
    pub(super) namespace: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) enum SameSiteSpec {
    /// As the backend has it.
    Keep,
    Lax,
    Strict,
}

/// Whether cookies are protected, and how; in the order of their strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CookieSwitch {
    Off,
    On(CookieMode),
}

impl<'de> Deserialize<'de> for CookieSwitch {
    /// `Off` without quotes is `false` in YAML 1.1, and cannot mean anything else here.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl de::Visitor<'_> for Written {
            type Value = CookieSwitch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one of Off, Log, Learn, Drop and Refuse")
            }

            fn visit_bool<E: de::Error>(self, on: bool) -> Result<CookieSwitch, E> {
                if on {
                    Err(E::invalid_value(de::Unexpected::Bool(on), &self))
                } else {
                    Ok(CookieSwitch::Off)
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<CookieSwitch, E> {
                let modes = [
                    CookieMode::Log,
                    CookieMode::Learn,
                    CookieMode::Drop,
                    CookieMode::Refuse,
                ];
                let found = modes.into_iter().find(|mode| mode.as_str() == text);
                match (text, found) {
                    ("Off", _) => Ok(CookieSwitch::Off),
                    (_, Some(mode)) => Ok(CookieSwitch::On(mode)),
                    (_, None) => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Written)
    }
}

/// What of the client cookies are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum BindTo {
    None,
    Address,
    UserAgent,
    Certificate,
}

impl BindTo {
    pub(super) const fn binding(self) -> ClientBinding {
        match self {
            Self::None => ClientBinding::None,
            Self::Address => ClientBinding::Address,
            Self::UserAgent => ClientBinding::UserAgent,
            Self::Certificate => ClientBinding::Certificate,
        }
    }
}
