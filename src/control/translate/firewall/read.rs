//! From the object of a policy to what it sets, and what is wrong with it.
//!
//! Invariant: what cannot be understood, or is less than the operator's minimum, never makes a firewall
//! weaker. Non-goal: other policies.

use std::sync::Arc;

use super::{
    cookies::{self, AskedSecrets, CookieFields, CookieReading},
    exclusions::{Exclusion, read_ids},
    guard::{Minimum, NOT_IN_FORCE, THRESHOLDS, refusals},
    mode::Mode,
    policy::Policy,
    sets::{Set, Sets},
    spec::{
        BlockSpec, CookieIntegritySpec, ExclusionSpec, MinimumSpec, OverLimit, RequestBodySpec,
        ResponsesSpec, RuleSetRef, SecLangSpec, Spec,
    },
};
use crate::config::Severity;
use crate::control::{
    FieldPath, Segment, Stored, WafPolicy,
    source::{
        manifest::{Fitting, TypeFault, fitting},
        rules::RulePart,
    },
    translate::{report::Reporter, values},
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Map, Value};

const PARENTS: &str = "what stands above this policy decides";
const NO_ROOM: &str =
    "those for paths or hosts that are read before it are as many as there may be";
const NOT_EXCLUDED: &str = "nothing is excluded by it";
/// The field for cookies.
const COOKIES: &str = "cookieIntegrity";
const NOT_READ: &str = "nothing of the policy is understood";
const EVERYTHING_BINDS: &str = "where the minimum says nothing else that can be understood, it is Block and protects every rule";

/// What a policy says, and what of it could not be understood.
pub(super) struct Written {
    pub(super) spec: Spec,
    /// Whether it may have set a mode that could not be understood.
    pub(super) is_mode_broken: bool,
    /// Whether it is not known what it says, but for its targets and its minimum.
    pub(super) is_broken: bool,
}

/// Reads the spec of a policy as far as it has the right types.
pub(super) fn spec(stored: &Stored<WafPolicy>, reporter: &mut Reporter) -> Written {
    let WafPolicy {
        spec: written,
        is_broken,
        may_name_cookies,
        ..
    } = &*stored.object;
    let mut written = match written {
        Value::Null => Value::Object(Map::new()),
        // A list would be taken for the fields in their order.
        Value::Array(_) if !is_broken => {
            reporter.error("spec", "it is not a mapping", NOT_READ);
            return broken(Spec::default(), true, reporter);
        }
        written => written.clone(),
    };
    for name in ["minimum", COOKIES] {
        let is_list = written.get(name).is_some_and(Value::is_array);
        if is_list && let Some(fields) = written.as_object_mut() {
            fields.insert(name.to_owned(), Value::String("a list".to_owned()));
        }
    }
    let names_cookies = *may_name_cookies
        || !written.is_object()
        || written.get(COOKIES).is_some_and(|it| !it.is_null());
    let Fitting {
        object,
        faults,
        unknown,
    } = fitting::<Spec>(written);
    if *is_broken {
        // What is wrong with it has been told where it was read.
        return broken(object.unwrap_or_default(), names_cookies, reporter);
    }
    let Some(mut spec) = object else {
        for TypeFault { field, message } in faults {
            reporter.error(under("spec", &field.to_string()), message, NOT_READ);
        }
        return broken(Spec::default(), names_cookies, reporter);
    };
    let is_mode = |fault: &TypeFault| parts(&fault.field).0 == Some("mode");
    let sets_mode = spec.mode.is_some() || faults.iter().any(is_mode);
    let is_tenant = stored.object.metadata.namespace.is_some();
    let mut is_mode_broken = false;
    for field in unknown {
        let message = "there is no such field";
        let consequence = match parts(&field) {
            // It may be the mode that was misspelt.
            _ if field.0.len() == 1 && !sets_mode => {
                is_mode_broken = true;
                "Block applies, since no mode is set"
            }
            (Some("minimum"), _) if !is_tenant => {
                bind(&mut spec.minimum);
                EVERYTHING_BINDS
            }
            (Some(COOKIES), _) => {
                spec.cookie_integrity.get_or_insert_default().note_unknown();
                cookies::BROKEN
            }
            _ => {
                reporter.warning(format!("spec.{field}"), message, "it has no effect");
                continue;
            }
        };
        reporter.error(format!("spec.{field}"), message, consequence);
    }
    for TypeFault { field, message } in faults {
        let consequence = match parts(&field) {
            (Some("mode"), _) => {
                is_mode_broken = true;
                "Block applies"
            }
            // What is left of it could exclude more than was meant.
            (Some("exclusions"), index) => {
                clear(&mut spec.exclusions, index);
                NOT_EXCLUDED
            }
            (Some("ruleSets"), index) => {
                clear(spec.rule_sets.get_or_insert_default(), index);
                "its rules are not loaded"
            }
            (Some("targetRefs"), index) => {
                clear(&mut spec.target_refs, index);
                "this policy is not for it"
            }
            (Some("minimum"), _) if !is_tenant => {
                bind(&mut spec.minimum);
                EVERYTHING_BINDS
            }
            (Some(COOKIES), _) => {
                let inner = match field.0.get(1) {
                    Some(Segment::Key(key)) => Some(key.as_str()),
                    _ => None,
                };
                let cookies = spec.cookie_integrity.get_or_insert_default();
                cookies.faults.note(inner);
                cookies::BROKEN
            }
            _ => PARENTS,
        };
        reporter.error(format!("spec.{field}"), message, consequence);
    }
    Written {
        spec,
        is_mode_broken,
        is_broken: false,
    }
}

/// A policy of which no more is known than what it is for, and whether it may say something of cookies.
fn broken(spec: Spec, names_cookies: bool, reporter: &mut Reporter) -> Written {
    reporter.error(
        "spec",
        "it is not known what this policy says",
        "what it is for is blocked by the rules above it, and answered 503 where there are none",
    );
    let Spec {
        mut target_refs,
        mut minimum,
        ..
    } = spec;
    if target_refs.iter().any(Option::is_none) {
        // It may be for more than what can be read.
        target_refs.clear();
    }
    bind(&mut minimum);
    let cookie_integrity = names_cookies.then(|| {
        reporter.error(
            "spec.cookieIntegrity",
            "what it says of cookies is not known",
            "requests are answered 503, unless a nearer policy switches it off",
        );
        let mut cookies = CookieIntegritySpec::default();
        cookies.faults.note(None);
        cookies
    });
    Written {
        spec: Spec {
            target_refs,
            minimum,
            cookie_integrity,
            ..Spec::default()
        },
        is_mode_broken: false,
        is_broken: true,
    }
}

/// Makes a minimum of which not everything is known the strictest that it may have been meant to be.
fn bind(minimum: &mut Option<MinimumSpec>) {
    let minimum = minimum.get_or_insert_default();
    minimum.mode.get_or_insert(Mode::Block);
    if minimum.protected_ids.is_empty() {
        let every = format!("1-{}", u64::MAX);
        minimum.protected_ids.push(IntOrString::String(every));
    }
}

fn parts(field: &FieldPath) -> (Option<&str>, Option<usize>) {
    let mut segments = field.0.iter();
    let first = match segments.next() {
        Some(Segment::Key(key)) => Some(key.as_str()),
        _ => None,
    };
    let index = match segments.next() {
        Some(Segment::Index(index)) => Some(*index),
        _ => None,
    };
    (first, index)
}

/// Takes one item out, or makes the list one that holds nothing of use.
fn clear<T>(items: &mut Vec<Option<T>>, index: Option<usize>) {
    match index.and_then(|index| items.get_mut(index)) {
        Some(item) => *item = None,
        None => items.push(None),
    }
}

/// What a spec sets.
pub(super) struct Reading<'a> {
    pub(super) policy: Policy,
    pub(super) reporter: &'a mut Reporter,
    pub(super) sets: Sets<'a>,
    /// Secrets that were asked for.
    pub(super) secrets: &'a mut AskedSecrets,
    /// How many more exclusions for some requests there may be beside those that were read before.
    pub(super) room: &'a mut u32,
    /// What a tenant cannot go below; `None`: it is the operator's policy.
    pub(super) minimum: Option<&'a Minimum>,
}

impl Reading<'_> {
    /// Reads everything but the targets and the minimum.
    pub(super) fn read(mut self, written: Written) -> Policy {
        let Written {
            spec,
            is_mode_broken,
            is_broken,
        } = written;
        let Spec {
            target_refs: _,
            mode,
            rule_sets,
            paranoia_level,
            detection_paranoia_level,
            inbound_threshold,
            outbound_threshold,
            exclusions,
            request_body,
            responses: ResponsesSpec { inspect },
            block: BlockSpec { status, page },
            sec_lang,
            cookie_integrity,
            minimum: _,
        } = spec;
        self.policy.is_broken = is_broken;
        self.policy.mode = if is_mode_broken || is_broken {
            Some(Mode::Block)
        } else {
            self.mode(mode)
        };
        self.policy.rules = rule_sets.and_then(|sets| self.rule_sets(&sets));
        self.policy.paranoia_level = self.level("paranoiaLevel", paranoia_level);
        self.policy.detection_paranoia_level =
            self.level("detectionParanoiaLevel", detection_paranoia_level);
        let binding = self.minimum.filter(|minimum| minimum.binds());
        let most = binding.map(|it| it.inbound_threshold);
        self.policy.inbound_threshold = self.threshold("inboundThreshold", inbound_threshold, most);
        let most = binding.map(|it| it.outbound_threshold);
        self.policy.outbound_threshold =
            self.threshold("outboundThreshold", outbound_threshold, most);
        self.exclusions(&exclusions);
        self.request_body(request_body);
        self.policy.inspect_responses = self.responses(inspect);
        self.policy.block_status = self.status(status);
        self.policy.block_page = page.map(Arc::from);
        let SecLangSpec { before, after } = sec_lang;
        self.policy.before = self.sec_lang("spec.secLang.before", before);
        self.policy.after = self.sec_lang("spec.secLang.after", after);
        if self.policy.mode == Some(Mode::Off) {
            let consequence = "requests are not inspected where no nearer policy sets another";
            self.reporter
                .warning("spec.mode", "the firewall is switched off", consequence);
        }
        if let Some(spec) = cookie_integrity {
            let reading = CookieReading {
                objects: self.sets.objects,
                namespace: self.sets.namespace,
                asked: self.secrets,
                reporter: self.reporter,
            };
            self.policy.cookies = reading.read(spec);
        }
        if let Some(minimum) = self.minimum {
            minimum.raise(&mut self.policy.cookies, self.reporter);
        }
        self.policy
    }

    fn mode(&mut self, mode: Option<Mode>) -> Option<Mode> {
        let mode = mode?;
        let Some(minimum) = self.minimum else {
            return Some(mode);
        };
        match minimum.mode {
            Some(least) if mode < least => {
                self.reporter.error(
                    "spec.mode",
                    format!(
                        "{} does not allow less than {}",
                        minimum.policy,
                        least.as_str()
                    ),
                    format!("{} applies", least.as_str()),
                );
                Some(least)
            }
            _ => Some(mode),
        }
    }

    fn level(&mut self, field: &str, level: Option<u8>) -> Option<u8> {
        let level = level?;
        if !(1..=4).contains(&level) {
            let message = format!("{level} is not a level from 1 to 4");
            self.reporter
                .error(format!("spec.{field}"), message, PARENTS);
            return None;
        }
        let Some(minimum) = self.minimum else {
            return Some(level);
        };
        match minimum.paranoia_level {
            Some(least) if level < least => {
                self.reporter.error(
                    format!("spec.{field}"),
                    format!("{} does not allow less than {least}", minimum.policy),
                    format!("{least} applies"),
                );
                Some(least)
            }
            _ => Some(level),
        }
    }

    fn threshold(&mut self, field: &str, threshold: Option<u32>, most: Option<u32>) -> Option<u32> {
        let threshold = threshold?;
        let message = match most {
            _ if threshold == 0 => "a threshold of 0 would refuse every request".to_owned(),
            Some(most) if threshold > most => {
                format!("the operator does not allow more than {most}")
            }
            _ => return Some(threshold),
        };
        self.reporter
            .error(format!("spec.{field}"), message, PARENTS);
        None
    }

    fn status(&mut self, status: Option<u16>) -> Option<u16> {
        match status {
            Some(400..=599) | None => status,
            Some(status) => {
                let message = format!("{status} is not a status from 400 to 599");
                self.reporter.error("spec.block.status", message, PARENTS);
                None
            }
        }
    }

    fn exclusions(&mut self, specs: &[Option<ExclusionSpec>]) {
        let protected = self.minimum.map_or(&[][..], |it| &it.protected);
        for (index, spec) in specs.iter().enumerate() {
            let Some(spec) = spec else { continue };
            let at = format!("spec.exclusions[{index}]");
            let file = self.policy.file(&at, &at);
            match Exclusion::read(file, spec, protected) {
                Ok(exclusion) if !exclusion.is_conditional() => {
                    self.policy.exclusions.push(exclusion);
                }
                Ok(exclusion) => match self.room.checked_sub(1) {
                    Some(rest) => {
                        *self.room = rest;
                        self.policy.exclusions.push(exclusion);
                    }
                    None => self.reporter.error(at, NO_ROOM, NOT_EXCLUDED),
                },
                Err((field, message)) => {
                    self.reporter
                        .error(under(&at, field), message, NOT_EXCLUDED);
                }
            }
        }
    }

    fn rule_sets(&mut self, items: &[Option<RuleSetRef>]) -> Option<RulePart> {
        let mut all = RulePart::default();
        for (index, item) in items.iter().enumerate() {
            let Some(item) = item else {
                self.policy.lacks_rules = true;
                continue;
            };
            let at = format!("spec.ruleSets[{index}]");
            let inline = |text: &str| self.policy.part(&format!("{at}.inline"), text);
            match self.sets.read(item, inline) {
                Ok(Set {
                    part,
                    origins,
                    fault,
                }) => {
                    if let Some(fault) = fault {
                        let consequence = "the rules that were read last stay in force";
                        self.reporter
                            .awaits(format!("{at}.folder"), fault, consequence);
                    }
                    self.policy.origins.extend(origins);
                    let RulePart {
                        loaded,
                        files,
                        sets_up,
                    } = part;
                    all.loaded.extend(loaded);
                    all.files.extend(files);
                    all.sets_up |= sets_up;
                }
                Err((cause, field, message)) => {
                    self.policy.lacks_rules = true;
                    let words = (message, self.without_rules());
                    self.reporter
                        .because_of(cause, under(&at, field), words, Severity::Error);
                }
            }
        }
        let is_allowed = !all.loaded.is_empty() && self.is_allowed("spec.ruleSets", &all);
        is_allowed.then_some(all)
    }

    const fn without_rules(&self) -> &'static str {
        match self.minimum {
            Some(_) => "these rules are not loaded; those of the operator are",
            None => {
                "where the firewall blocks, requests are answered 503; where it detects, they are \
                 not inspected"
            }
        }
    }

    fn sec_lang(&mut self, field: &str, text: Option<String>) -> Option<RulePart> {
        let text = text.filter(|text| !text.trim().is_empty())?;
        let part = self.policy.part(field, &text);
        self.is_allowed(field, &part).then_some(part)
    }

    /// Whether a tenant's rules only add to others, where they must.
    fn is_allowed(&mut self, field: &str, part: &RulePart) -> bool {
        let refusals = self.minimum.map(|minimum| refusals(minimum, part));
        let refusals = refusals.unwrap_or_default();
        for message in &refusals {
            self.reporter.error(field, message, NOT_IN_FORCE);
        }
        refusals.is_empty()
    }

    fn request_body(&mut self, spec: RequestBodySpec) {
        let RequestBodySpec {
            limit,
            over_limit,
            streamed_types,
        } = spec;
        let bytes = match limit {
            None => Ok(None),
            Some(IntOrString::Int(bytes)) => u64::try_from(bytes).map(Some).map_err(|_| ()),
            Some(IntOrString::String(text)) => values::size(&text).map(Some).map_err(|_| ()),
        };
        match bytes {
            Ok(bytes) => self.policy.body_limit = self.body_limit(bytes, over_limit),
            Err(()) => self.reporter.error(
                "spec.requestBody.limit",
                "it is not a number of bytes, such as 131072, 512k or 8m",
                PARENTS,
            ),
        }
        let over_limit = self.unless_bound(
            "overLimit",
            over_limit.filter(|over| *over == OverLimit::Pass),
            over_limit,
        );
        self.policy.pass_past_limit = over_limit.map(|over| over == OverLimit::Pass);
        let streamed = streamed_types.clone().filter(|types| !types.is_empty());
        let streamed_types = self.unless_bound("streamedTypes", streamed, streamed_types);
        self.policy.streamed_types = streamed_types.map(|types| {
            let types = types.into_iter().map(|it| it.trim().to_ascii_lowercase());
            types.map(Arc::from).collect()
        });
    }

    /// A tenant's limit, but for one past which more would pass uninspected than the operator lets pass.
    fn body_limit(&mut self, bytes: Option<u64>, over_limit: Option<OverLimit>) -> Option<u64> {
        let bytes = bytes?;
        let Some(minimum) = self.minimum.filter(|minimum| minimum.binds()) else {
            return Some(bytes);
        };
        let rejects = over_limit == Some(OverLimit::Reject) || !minimum.passes_past_limit;
        // What the rules say is not known here.
        if rejects || minimum.body_limit.is_some_and(|least| bytes >= least) {
            return Some(bytes);
        }
        let least = match minimum.body_limit {
            Some(least) => format!("a limit below {least}"),
            None => "another limit".to_owned(),
        };
        self.reporter.error(
            "spec.requestBody.limit",
            format!(
                "{} does not allow {least} where what is longer passes uninspected; set overLimit: \
                 Reject beside it",
                minimum.policy
            ),
            PARENTS,
        );
        None
    }

    fn responses(&mut self, inspect: Option<bool>) -> Option<bool> {
        let minimum = self.minimum.filter(|minimum| minimum.binds());
        match (inspect, minimum) {
            (Some(false), Some(minimum)) if minimum.inspects_responses != Some(false) => {
                self.reporter.error(
                    "spec.responses.inspect",
                    format!("{} allows no namespace to switch it off", minimum.policy),
                    PARENTS,
                );
                None
            }
            _ => inspect,
        }
    }

    /// A field's value, but for one that lets bodies pass uninspected where there is a minimum.
    fn unless_bound<T, U>(
        &mut self,
        field: &str,
        passes: Option<U>,
        value: Option<T>,
    ) -> Option<T> {
        let minimum = self.minimum.filter(|minimum| minimum.binds());
        let (Some(minimum), Some(_)) = (minimum, passes) else {
            return value;
        };
        self.reporter.error(
            format!("spec.requestBody.{field}"),
            format!("{} allows no body to pass uninspected", minimum.policy),
            PARENTS,
        );
        None
    }
}

/// The minimum of an operator's policy.
pub(super) fn minimum(
    name: &str,
    spec: Option<&MinimumSpec>,
    reporter: &mut Reporter,
) -> Option<Minimum> {
    let MinimumSpec {
        mode,
        paranoia_level,
        protected_ids,
    } = spec?;
    let mut level = *paranoia_level;
    if level.is_some_and(|level| !(1..=4).contains(&level)) {
        reporter.error(
            "spec.minimum.paranoiaLevel",
            "it is not a level from 1 to 4",
            "4 applies",
        );
        level = Some(4);
    }
    let protected = read_ids(protected_ids).unwrap_or_else(|message| {
        reporter.error(
            "spec.minimum.protectedIds",
            message,
            "every rule is protected",
        );
        vec![(1, u64::MAX)]
    });
    if mode.is_none() {
        reporter.warning(
            "spec.minimum.mode",
            "it is not set",
            "a namespace can switch the firewall off, and with it what else the minimum says",
        );
    }
    Some(Minimum {
        policy: format!("ClusterWafPolicy {name}"),
        mode: *mode,
        paranoia_level: level,
        protected,
        inbound_threshold: THRESHOLDS.0,
        outbound_threshold: THRESHOLDS.1,
        body_limit: None,
        passes_past_limit: false,
        inspects_responses: None,
        cookies: CookieFields::default(),
    })
}

fn under(at: &str, field: &str) -> String {
    if field.is_empty() {
        at.to_owned()
    } else {
        format!("{at}.{field}")
    }
}
