//! Policies of all levels together: one firewall.
//!
//! Invariant: the rules of the operator are in every firewall, and what tenants write comes before and
//! after them. Non-goal: which policies these are.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::{
    annotation::ModSecurity,
    exclusions::{OPERATOR_IDS, TENANT_IDS},
    guard::Minimum,
    mode::Mode,
    policy::Policy,
};
use crate::{
    config::{Firewall, RuleSource},
    control::source::rules::{RulePart, rule_set, rule_source},
};

/// What the operator sets for everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Operator {
    /// Policies, then options, then the command line.
    pub(super) policies: Vec<Arc<Policy>>,
    pub(super) minimum: Option<Minimum>,
    /// What it holds the rules of tenants to.
    pub(super) terms: Option<Arc<str>>,
    /// The rules; `None`: nothing names any.
    pub(super) rules: Option<Arc<RuleSource>>,
    /// The settings of the engine alone, for tenants who bring rules.
    pub(super) bare: Option<Arc<RuleSource>>,
    /// Rules that are not there, for those who may have named some.
    pub(super) missing: Option<Arc<RuleSource>>,
    /// Whether a rule set is named, be it one that is not there.
    pub(super) has_rule_set: bool,
}

/// What the policies for a rule come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Composed {
    /// There is no firewall.
    Off,
    /// This one.
    On(Box<Firewall>),
    /// One is asked for, and there are no rules for it.
    NoRules(Mode),
}

impl Operator {
    /// The policies of the operator together.
    pub(super) fn new(policies: Vec<Arc<Policy>>, minimum: Option<Minimum>) -> Self {
        let bare = Arc::new(rule_set("portcullis", &[]));
        // Whoever names rules first decides, although they may not be there.
        let namer = first(&policies, |it| {
            (it.rules.is_some() || it.lacks_rules).then_some(it)
        });
        let rules = namer.and_then(|it| it.rules.as_ref());
        let lacks_rules = namer.is_some_and(|it| it.lacks_rules);
        let may_name_rules = namer.is_none() && policies.iter().any(|it| it.is_broken);
        let before = first(&policies, |it| it.before.as_ref());
        let after = first(&policies, |it| it.after.as_ref());
        let (first_rules, last_rules) = exclusions(policies.iter().map(|it| &**it), OPERATOR_IDS);
        let all: Vec<&RulePart> = before
            .into_iter()
            .chain(&first_rules)
            .chain(rules)
            .chain(&last_rules)
            .chain(after)
            .collect();
        let names_rules = rules.is_some() || before.is_some() || after.is_some();
        let missing = RuleSource {
            name: "operator".into(),
            entry: String::new(),
            files: BTreeMap::new(),
            trusted: true,
        };
        let source = if lacks_rules || may_name_rules {
            Some(missing.clone())
        } else {
            names_rules.then(|| rule_set("operator", &all))
        };
        let has_rule_set = namer.is_some() || may_name_rules;
        let terms = minimum.as_ref().and_then(Minimum::terms);
        Self {
            policies,
            terms: terms.map(Arc::from),
            minimum,
            rules: source.map(Arc::new),
            bare: Some(bare),
            missing: Some(Arc::new(missing)),
            has_rule_set,
        }
    }

    /// The firewall under these policies, the nearest first, and the operator's.
    pub(super) fn compose(&self, tenants: &[&Policy], asked: bool) -> Composed {
        let operator = self.policies.iter().map(|it| &**it);
        let all: Vec<&Policy> = tenants.iter().copied().chain(operator).collect();
        let minimum = self.minimum.as_ref();
        let mode = nearest(&all, |it| it.mode).or(asked.then_some(ModSecurity::MODE));
        let mode = mode.max(minimum.and_then(|it| it.mode));
        let Some(mode) = mode else {
            return Composed::Off;
        };
        let Some(obeyed) = mode.of_firewall() else {
            return Composed::Off;
        };
        let brings_rules =
            |it: &&Policy| it.rules.is_some() || it.before.is_some() || it.after.is_some();
        let rules = match &self.rules {
            Some(rules) => Some(rules),
            None if tenants.iter().any(brings_rules) => self.bare.as_ref(),
            None if tenants.iter().any(|it| it.is_broken) => self.missing.as_ref(),
            None => None,
        };
        let Some(rules) = rules else {
            return Composed::NoRules(mode);
        };
        let name = tenants
            .first()
            .or(all.first())
            .map_or("minimum".into(), |it| Arc::clone(&it.name));
        let (before, after) = around(tenants);
        Composed::On(Box::new(Firewall {
            name,
            mode: obeyed,
            rules: Arc::clone(rules),
            before: before.map(Arc::new),
            after: after.map(Arc::new),
            minimum: self.terms.clone(),
            presets: presets(&all, minimum),
            request_body_limit: nearest(&all, |it| it.body_limit),
            pass_past_limit: nearest(&all, |it| it.pass_past_limit).unwrap_or(false),
            inspect_responses: nearest(&all, |it| it.inspect_responses),
            streamed_types: nearest(&all, |it| it.streamed_types.as_ref())
                .cloned()
                .unwrap_or_default(),
            block_status: nearest(&all, |it| it.block_status),
            block_page: nearest(&all, |it| it.block_page.as_ref()).cloned(),
        }))
    }
}

/// What tenants put before and after the operator's rules.
fn around(tenants: &[&Policy]) -> (Option<RuleSource>, Option<RuleSource>) {
    let names: Vec<&str> = tenants.iter().map(|it| &*it.name).collect();
    let names = names.join(", ");
    let (first_rules, last_rules) = exclusions(tenants.iter().copied(), TENANT_IDS);
    let before = nearest(tenants, |it| it.before.as_ref());
    let rules = nearest(tenants, |it| it.rules.as_ref());
    let after = nearest(tenants, |it| it.after.as_ref());
    let source = |end: &str, parts: Vec<&RulePart>| {
        (!parts.is_empty()).then(|| rule_source(&format!("{names} {end}"), &parts, false))
    };
    let before = first_rules.iter().chain(before).collect();
    let after = rules.into_iter().chain(&last_rules).chain(after).collect();
    (source("before", before), source("after", after))
}

/// The exclusions of policies, which add up: those for some requests, which come before the rules that
/// they are about, and the others, which come after. There are no more of the former than `ids`.
fn exclusions<'a>(
    policies: impl Iterator<Item = &'a Policy>,
    mut ids: Range<u32>,
) -> (Vec<RulePart>, Vec<RulePart>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for exclusion in policies.flat_map(|policy| &policy.exclusions) {
        let mut text = String::new();
        if !exclusion.is_conditional() {
            exclusion.directives(&mut text);
            after.push(RulePart::text(exclusion.file.as_str(), &text));
        } else if let Some(id) = ids.next() {
            exclusion.rule(id, &mut text);
            before.push(RulePart::text(exclusion.file.as_str(), &text));
        }
    }
    (before, after)
}

/// Members of TX that the Core Rule Set reads: those of version 4, then those of version 3.
fn presets(all: &[&Policy], minimum: Option<&Minimum>) -> Vec<(Arc<str>, Arc<str>)> {
    let least = minimum.and_then(|it| it.paranoia_level);
    let level = nearest(all, |it| it.paranoia_level).max(least);
    let detection = nearest(all, |it| it.detection_paranoia_level);
    // Rules that are counted are evaluated.
    let detection = detection.max(level);
    let numbers = [
        ("blocking_paranoia_level", level.map(u32::from)),
        ("detection_paranoia_level", detection.map(u32::from)),
        (
            "inbound_anomaly_score_threshold",
            nearest(all, |it| it.inbound_threshold),
        ),
        (
            "outbound_anomaly_score_threshold",
            nearest(all, |it| it.outbound_threshold),
        ),
        ("paranoia_level", level.map(u32::from)),
        ("executing_paranoia_level", detection.map(u32::from)),
    ];
    let set = numbers.into_iter();
    set.filter_map(|(name, number)| Some((name.into(), number?.to_string().into())))
        .collect()
}

pub(super) fn first<'a, T>(
    policies: &'a [Arc<Policy>],
    of: impl Fn(&'a Policy) -> Option<T>,
) -> Option<T> {
    policies.iter().find_map(|policy| of(policy))
}

fn nearest<'a, T>(policies: &[&'a Policy], of: impl Fn(&'a Policy) -> Option<T>) -> Option<T> {
    policies.iter().find_map(|policy| of(policy))
}
