//! One policy, understood: what it sets, and nothing of what others set.

use std::sync::Arc;

use super::{cookies::CookieFields, exclusions::Exclusion, mode::Mode};
use crate::{
    config::{ObjectRef, RuleOrigin},
    control::source::rules::RulePart,
};

/// What one object sets. `None`: it says nothing of it, and whatever stands above decides.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Policy {
    /// What it is called in logs, `namespace/name`, and in the names of its rules.
    pub(super) name: Arc<str>,
    pub(super) object: ObjectRef,
    /// Whether it is not known what it says: `mode` is `Block` then, and the rest is not set.
    pub(super) is_broken: bool,
    pub(super) mode: Option<Mode>,
    pub(super) rules: Option<RulePart>,
    /// Whether it names rules that are not there.
    pub(super) lacks_rules: bool,
    pub(super) paranoia_level: Option<u8>,
    pub(super) detection_paranoia_level: Option<u8>,
    pub(super) inbound_threshold: Option<u32>,
    pub(super) outbound_threshold: Option<u32>,
    pub(super) exclusions: Vec<Exclusion>,
    pub(super) body_limit: Option<u64>,
    pub(super) pass_past_limit: Option<bool>,
    pub(super) streamed_types: Option<Vec<Arc<str>>>,
    pub(super) inspect_responses: Option<bool>,
    pub(super) block_status: Option<u16>,
    pub(super) block_page: Option<Arc<str>>,
    pub(super) before: Option<RulePart>,
    pub(super) after: Option<RulePart>,
    pub(super) cookies: CookieFields,
    /// Where its rules were written, by the names of their files.
    pub(super) origins: Vec<(Arc<str>, RuleOrigin)>,
}

impl Policy {
    pub(super) fn new(name: Arc<str>, object: ObjectRef) -> Self {
        Self {
            name,
            object,
            is_broken: false,
            mode: None,
            rules: None,
            lacks_rules: false,
            paranoia_level: None,
            detection_paranoia_level: None,
            inbound_threshold: None,
            outbound_threshold: None,
            exclusions: Vec::new(),
            body_limit: None,
            pass_past_limit: None,
            streamed_types: None,
            inspect_responses: None,
            block_status: None,
            block_page: None,
            before: None,
            after: None,
            cookies: CookieFields::default(),
            origins: Vec::new(),
        }
    }

    /// One file of rules that stand in a field of the object.
    pub(super) fn part(&mut self, field: &str, text: &str) -> RulePart {
        RulePart::text(self.file(field, field), text)
    }

    /// The name of a file whose rules come from a field of the object, called `label` in messages.
    pub(super) fn file(&mut self, label: &str, field: &str) -> String {
        // What an `Include` would take for a pattern or its own end.
        let name = format!("{} {label}", self.object)
            .replace('[', ".")
            .replace(['"', '\\', '*', '?', ']'], "");
        let origin = RuleOrigin {
            object: self.object.clone(),
            field: field.to_owned(),
        };
        self.origins.push((name.as_str().into(), origin));
        name
    }

    /// The fields that only one policy of a level can set, and whether this one does.
    pub(super) fn single_fields(&self) -> [(&'static str, bool); 22] {
        let cookies = &self.cookies;
        [
            ("spec.mode", self.mode.is_some() && !self.is_broken),
            ("spec.ruleSets", self.rules.is_some()),
            ("spec.paranoiaLevel", self.paranoia_level.is_some()),
            (
                "spec.detectionParanoiaLevel",
                self.detection_paranoia_level.is_some(),
            ),
            ("spec.inboundThreshold", self.inbound_threshold.is_some()),
            ("spec.outboundThreshold", self.outbound_threshold.is_some()),
            ("spec.requestBody.limit", self.body_limit.is_some()),
            ("spec.requestBody.overLimit", self.pass_past_limit.is_some()),
            (
                "spec.requestBody.streamedTypes",
                self.streamed_types.is_some(),
            ),
            ("spec.responses.inspect", self.inspect_responses.is_some()),
            ("spec.block.status", self.block_status.is_some()),
            ("spec.block.page", self.block_page.is_some()),
            (
                "spec.secLang",
                self.before.is_some() || self.after.is_some(),
            ),
            ("spec.cookieIntegrity.mode", cookies.mode.is_some()),
            ("spec.cookieIntegrity.names", cookies.names.is_some()),
            ("spec.cookieIntegrity.encrypt", cookies.encrypt.is_some()),
            ("spec.cookieIntegrity.keys", cookies.keys.is_some()),
            ("spec.cookieIntegrity.maxAge", cookies.max_age.is_some()),
            ("spec.cookieIntegrity.bindTo", cookies.bind_to.is_some()),
            ("spec.cookieIntegrity.secure", cookies.secure.is_some()),
            ("spec.cookieIntegrity.httpOnly", cookies.http_only.is_some()),
            ("spec.cookieIntegrity.sameSite", cookies.same_site.is_some()),
        ]
    }
}
