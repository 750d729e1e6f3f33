//! What the operator's minimum keeps tenants from.
//!
//! Invariant: where there is a minimum, the SecLang of a tenant only adds rules, and what cannot be read
//! as it will be compiled counts as more. Non-goal: values of
//! fields; those are raised where they are read.

use super::{cookies::CookieFields, exclusions::Ids, mode::Mode};
use crate::{
    control::source::rules::{RulePart, rule_source},
    snapshot::SourceFiles,
    waf::{
        Variable,
        seclang::{
            self, Action, ActionKind, Ctl, DirectiveKind, EngineMode, FileError, Finding,
            FindingKind, Parsed, Piece, RuleFile, RuleFiles, Setting, SourceMap, Span, Trust,
        },
    },
};

/// What no tenant can weaken.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Minimum {
    /// The policy that sets it, for messages.
    pub(super) policy: String,
    pub(super) mode: Option<Mode>,
    pub(super) paranoia_level: Option<u8>,
    pub(super) protected: Vec<Ids>,
    /// The operator's thresholds, which tenants may only lower.
    pub(super) inbound_threshold: u32,
    pub(super) outbound_threshold: u32,
    /// How much of a body the operator has inspected, in bytes; `None`: as the rules say.
    pub(super) body_limit: Option<u64>,
    /// Whether the operator lets the rest of a longer body pass.
    pub(super) passes_past_limit: bool,
    /// Whether the operator has responses inspected; `None`: as the rules say.
    pub(super) inspects_responses: Option<bool>,
    /// What the operator sets for cookies.
    pub(super) cookies: CookieFields,
}

/// The thresholds of the Core Rule Set where nothing sets others.
pub(super) const THRESHOLDS: (u32, u32) = (5, 4);

impl Minimum {
    /// Whether anything is set that other fields could get around.
    pub(super) const fn binds(&self) -> bool {
        self.mode.is_some() || self.paranoia_level.is_some() || !self.protected.is_empty()
    }

    /// What it holds the rules of tenants to, in words: equal where that is the same.
    pub(super) fn terms(&self) -> Option<String> {
        let protected = self.protected.iter();
        let protected = protected.map(|(first, last)| format!(" {first}-{last}"));
        let terms = || {
            format!(
                "rules only add; protected:{}",
                protected.collect::<String>()
            )
        };
        self.binds().then(terms)
    }
}

/// Members of TX that rules of tenants may set where there is a minimum begin so.
const OWN: &[u8] = b"own_";

/// Why rules of a tenant are not loaded under a minimum. Empty: they may be.
pub(super) fn refusals(minimum: &Minimum, part: &RulePart) -> Vec<String> {
    if !minimum.binds() {
        return Vec::new();
    }
    let policy = &minimum.policy;
    let found = weakening(part).into_iter();
    found
        .map(|what| format!("{policy} allows rules only to be added: {what}"))
        .collect()
}

/// What follows where there are any of these.
pub(in crate::control::translate) const NOT_IN_FORCE: &str = "none of these rules is in force";

/// What in a tenant's rules can weaken others, each as `file:line: why`.
fn weakening(part: &RulePart) -> Vec<String> {
    let (parsed, sources) = read(part);
    let mut found = Vec::new();
    let mut tell = |span: Span, why: &str| {
        let place = sources.locate(span);
        found.push(format!("{}:{}: {why}", place.file, place.line));
    };
    for Finding { span, kind } in &parsed.errors {
        match kind {
            FindingKind::Include { path, .. } => tell(*span, &not_followed(path)),
            // Behind it there may be anything.
            kind => tell(*span, &format!("it cannot be understood: {kind}")),
        }
    }
    for directive in &parsed.directives {
        if let Some(why) = of_directive(&directive.kind) {
            tell(directive.span, why);
        }
        for Action { span, kind } in actions(&directive.kind) {
            if let Some(why) = of_action(kind) {
                tell(*span, why);
            }
        }
    }
    found
}

/// The last `SecRuleEngine` of a tenant's rules.
pub(super) fn engine_mode(part: &RulePart) -> Option<Mode> {
    let (parsed, _) = read(part);
    let mut modes = parsed.directives.iter().filter_map(|it| match it.kind {
        DirectiveKind::Setting(Setting::RuleEngine(mode)) => Some(mode),
        _ => None,
    });
    modes.next_back().map(|mode| match mode {
        EngineMode::On => Mode::Block,
        EngineMode::DetectionOnly => Mode::Detect,
        EngineMode::Off => Mode::Off,
    })
}

/// Rules as they will be read when they are compiled: what other fields of the tenant's have beside
/// these is not there for an `Include` here.
fn read(part: &RulePart) -> (Parsed, SourceMap) {
    let source = rule_source("", &[part], false);
    let files = OwnFiles(SourceFiles::new([&source]));
    let mut sources = SourceMap::default();
    let text = source.files.get(&source.entry);
    let text = text.map_or(&b""[..], |text| &**text);
    let parsed = seclang::parse(&mut sources, &files, Trust::Tenant, &source.entry, text);
    (parsed, sources)
}

fn not_followed(path: &str) -> String {
    format!(
        "`Include {path}` may load what stands in other fields: name a file of the same ConfigMap, \
         without wildcards"
    )
}

/// The files of one field, in which every `Include` names one of them.
#[derive(Debug)]
struct OwnFiles<'a>(SourceFiles<'a>);

impl RuleFiles for OwnFiles<'_> {
    fn read(&self, from: &str, path: &[u8]) -> Result<Vec<RuleFile>, FileError> {
        // With other fields' files it may match more.
        if path.iter().any(|byte| b"*?[".contains(byte)) {
            return Err(FileError::Outside);
        }
        // Where it is optional, it may be there with them.
        let read = self.0.read(from, path);
        read.map_err(|error| match error {
            FileError::NotFound => FileError::Outside,
            error => error,
        })
    }
}

fn actions(kind: &DirectiveKind) -> &[Action] {
    match kind {
        DirectiveKind::Rule(rule) => &rule.actions,
        DirectiveKind::Action(actions) | DirectiveKind::DefaultAction(actions) => actions,
        DirectiveKind::Marker(_)
        | DirectiveKind::ComponentSignature(_)
        | DirectiveKind::RemoveById(_)
        | DirectiveKind::RemoveByTag(_)
        | DirectiveKind::RemoveByMsg(_)
        | DirectiveKind::UpdateTargetById(..)
        | DirectiveKind::UpdateTargetByTag(..)
        | DirectiveKind::UpdateTargetByMsg(..)
        | DirectiveKind::UpdateActionById(..)
        | DirectiveKind::Setting(_) => &[],
    }
}

fn of_directive(kind: &DirectiveKind) -> Option<&'static str> {
    match kind {
        DirectiveKind::Rule(_)
        | DirectiveKind::Action(_)
        | DirectiveKind::Marker(_)
        | DirectiveKind::DefaultAction(_)
        | DirectiveKind::ComponentSignature(_)
        // The policy's mode goes before it.
        | DirectiveKind::Setting(Setting::RuleEngine(_)) => None,
        DirectiveKind::RemoveById(_)
        | DirectiveKind::RemoveByTag(_)
        | DirectiveKind::RemoveByMsg(_) => Some("it removes rules: use an exclusion"),
        DirectiveKind::UpdateTargetById(..)
        | DirectiveKind::UpdateTargetByTag(..)
        | DirectiveKind::UpdateTargetByMsg(..)
        | DirectiveKind::UpdateActionById(..) => Some("it changes rules: use an exclusion"),
        DirectiveKind::Setting(_) => Some("it sets the engine up"),
    }
}

fn of_action(kind: &ActionKind) -> Option<&'static str> {
    match kind {
        ActionKind::Allow(_) => Some("`allow` passes requests by the other rules"),
        ActionKind::Ctl(
            Ctl::AuditLogParts(..) | Ctl::AuditEngine(_) | Ctl::ForceRequestBodyVariable(true),
        ) => None,
        ActionKind::Ctl(_) => Some("`ctl` changes what the other rules see"),
        ActionKind::SetEnv(..) => Some("`setenv` sets what the other rules read"),
        ActionKind::SetVar(setting) => {
            let is_own = setting.collection == Variable::Tx
                && matches!(
                    setting.name.pieces.first(),
                    Some(Piece::Literal(name)) if name.to_ascii_lowercase().starts_with(OWN)
                );
            (!is_own).then_some("`setvar` sets what the other rules read; begin the name with own_")
        }
        _ => None,
    }
}
