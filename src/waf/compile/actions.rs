//! Actions: what a rule is, and what its links do.

use std::sync::Arc;

use super::{
    Fault, FaultKind,
    draft::Draft,
    effort::Effort,
    link::select,
    resolve::{Chosen, bits, selector},
    templates::expansion,
};
use crate::waf::{
    Transformation, Variable,
    operators::leading_number,
    ruleset::{
        Disruption, Effect, Exclusion, Expand, Expansion, Program, RuleBits, TxChange, TxName,
    },
    seclang::{Action, ActionKind, AllowScope, Change, Ctl, SetVar, Span, Target},
    tx::TxNames,
};

/// The status of a refusal that names none.
const DEFAULT_STATUS: u16 = 403;

/// The status of a redirection that names none that is one.
const DEFAULT_REDIRECTION: u16 = 302;

/// What the actions of a rule's first link say of the rule.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) msg: Expansion,
    pub(super) logdata: Expansion,
    pub(super) tags: Vec<Expansion>,
    pub(super) rev: Box<[u8]>,
    pub(super) ver: Box<[u8]>,
    pub(super) severity: Option<u8>,
    pub(super) maturity: Option<u8>,
    pub(super) accuracy: Option<u8>,
    pub(super) log: bool,
    pub(super) audit: bool,
    pub(super) disruption: Disruption,
    pub(super) status: Option<u16>,
    /// The name of `skipAfter`.
    pub(super) skip_after: Option<Box<[u8]>>,
    /// `skip`
    pub(super) skip: u32,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            msg: Expansion::default(),
            logdata: Expansion::default(),
            tags: Vec::new(),
            rev: Box::default(),
            ver: Box::default(),
            severity: None,
            maturity: None,
            accuracy: None,
            log: true,
            audit: true,
            disruption: Disruption::Pass,
            status: None,
            skip_after: None,
            skip: 0,
        }
    }
}

impl Head {
    /// Reads the actions of a rule, those of the defaults first.
    pub(super) fn of(draft: &Draft, names: &mut TxNames) -> Self {
        let mut head = Self::default();
        for action in &draft.defaults {
            head.read(&action.kind, names);
        }
        let default = head.disruption.clone();
        for action in draft
            .links
            .first()
            .into_iter()
            .flat_map(|link| &link.actions)
        {
            match action.kind {
                // What `block` does is the default's to say.
                ActionKind::Block => head.disruption = default.clone(),
                _ => head.read(&action.kind, names),
            }
        }
        head
    }

    /// The status of a refusal.
    pub(super) fn status(&self) -> u16 {
        match (&self.disruption, self.status) {
            (Disruption::Redirect(_), Some(status @ (301 | 302 | 303 | 307 | 308))) => status,
            (Disruption::Redirect(_), _) => DEFAULT_REDIRECTION,
            (_, named) => named.unwrap_or(DEFAULT_STATUS),
        }
    }

    fn read(&mut self, action: &ActionKind, names: &mut TxNames) {
        match action {
            ActionKind::Msg(text) => self.msg = expansion(text, names),
            ActionKind::LogData(text) => self.logdata = expansion(text, names),
            ActionKind::Tag(text) => self.tags.push(expansion(text, names)),
            ActionKind::Rev(text) => self.rev.clone_from(text),
            ActionKind::Ver(text) => self.ver.clone_from(text),
            ActionKind::Severity(number) => self.severity = Some(*number),
            ActionKind::Maturity(number) => self.maturity = Some(*number),
            ActionKind::Accuracy(number) => self.accuracy = Some(*number),
            ActionKind::Status(status) => self.status = Some(*status),
            ActionKind::Log => (self.log, self.audit) = (true, true),
            ActionKind::NoLog => (self.log, self.audit) = (false, false),
            ActionKind::AuditLog => self.audit = true,
            ActionKind::NoAuditLog => self.audit = false,
            ActionKind::Pass => self.disruption = Disruption::Pass,
            ActionKind::Deny => self.disruption = Disruption::Deny,
            ActionKind::Drop => self.disruption = Disruption::Drop,
            ActionKind::Allow(AllowScope::Exchange) => self.disruption = Disruption::AllowExchange,
            ActionKind::Allow(AllowScope::Phase) => self.disruption = Disruption::AllowPhase,
            ActionKind::Allow(AllowScope::Request) => self.disruption = Disruption::AllowRequest,
            ActionKind::Redirect(to) => {
                self.disruption = Disruption::Redirect(expansion(to, names));
            }
            ActionKind::Skip(count) => self.skip = *count,
            ActionKind::SkipAfter(name) => self.skip_after = Some(name.clone()),
            // What a link is or does, or what a draft is known by.
            ActionKind::Id(_)
            | ActionKind::Phase(_)
            | ActionKind::Block
            | ActionKind::Chain
            | ActionKind::Capture
            | ActionKind::MultiMatch
            | ActionKind::TransformNone
            | ActionKind::Transform(_)
            | ActionKind::SetVar(_)
            | ActionKind::ExpireVar(..)
            | ActionKind::InitCol(..)
            | ActionKind::SetUid(_)
            | ActionKind::SetSid(_)
            | ActionKind::SetRsc(_)
            | ActionKind::SetEnv(..)
            | ActionKind::XmlNs(..)
            | ActionKind::Ctl(_) => {}
        }
    }
}

/// What actions say of a link.
#[derive(Debug, Default)]
pub(super) struct LinkActions {
    pub(super) transformations: Vec<Transformation>,
    pub(super) capture: bool,
    pub(super) multi_match: bool,
    pub(super) effects: Vec<Effect>,
}

/// What the actions of links are read with.
pub(super) struct Reader<'a> {
    pub(super) prior: &'a [Arc<Program>],
    pub(super) drafts: &'a [Draft],
    pub(super) documents: usize,
    pub(super) names: &'a mut TxNames,
    pub(super) errors: &'a mut Vec<Fault>,
    pub(super) warnings: &'a mut Vec<Fault>,
    pub(super) effort: &'a mut Effort,
}

impl Reader<'_> {
    /// Reads the actions of a link, those of the defaults first.
    pub(super) fn link(&mut self, defaults: &[Action], actions: &[Action]) -> LinkActions {
        let mut link = LinkActions::default();
        for action in defaults.iter().chain(actions) {
            self.action(action, &mut link);
        }
        link
    }

    fn action(&mut self, action: &Action, link: &mut LinkActions) {
        match &action.kind {
            ActionKind::TransformNone => link.transformations.clear(),
            ActionKind::Transform(kind) => link.transformations.push(*kind),
            ActionKind::Capture => link.capture = true,
            ActionKind::MultiMatch => link.multi_match = true,
            ActionKind::SetVar(set) => {
                if let Some(effect) = self.set_var(action, set) {
                    link.effects.push(effect);
                }
            }
            ActionKind::SetEnv(name, value) => {
                let name = expansion(name, self.names);
                let value = expansion(value, self.names);
                link.effects.push(Effect::SetEnv(name, value));
            }
            ActionKind::Ctl(ctl) => {
                if let Some(effect) = self.ctl(action, ctl) {
                    link.effects.push(effect);
                }
            }
            ActionKind::InitCol(..) => self.not_kept(action, "initcol"),
            ActionKind::ExpireVar(..) => self.not_kept(action, "expirevar"),
            ActionKind::SetUid(_) => self.not_kept(action, "setuid"),
            ActionKind::SetSid(_) => self.not_kept(action, "setsid"),
            ActionKind::SetRsc(_) => self.not_kept(action, "setrsc"),
            _ => {}
        }
    }

    fn not_kept(&mut self, action: &Action, name: &'static str) {
        self.warnings.push(Fault {
            span: action.span,
            kind: FaultKind::NotKept(name),
        });
    }

    fn set_var(&mut self, action: &Action, set: &SetVar) -> Option<Effect> {
        if set.collection != Variable::Tx {
            self.not_kept(action, "setvar on a persistent collection");
            return None;
        }
        let name = expansion(&set.name, self.names);
        let name = match name.literal() {
            Some(literal) => match self.names.intern(literal) {
                Some(slot) => TxName::Slot(slot),
                None => {
                    self.errors.push(Fault {
                        span: action.span,
                        kind: FaultKind::TooMany("members of TX"),
                    });
                    return None;
                }
            },
            None => TxName::Expanded(name),
        };
        let change = match &set.change {
            Change::Unset => TxChange::Unset,
            Change::Set(value) => {
                let value = expansion(value, self.names);
                match value.literal() {
                    Some(text) => TxChange::SetText(text.into(), leading_number(text)),
                    None => TxChange::Set(value),
                }
            }
            Change::Subtract(value) => TxChange::Subtract(expansion(value, self.names)),
            Change::Add(value) => {
                let value = expansion(value, self.names);
                match (&*value.pieces, value.literal()) {
                    ([Expand::Tx(slot)], _) => TxChange::AddSlot(*slot),
                    (_, Some(text)) => TxChange::AddNumber(leading_number(text)),
                    _ => TxChange::Add(value),
                }
            }
        };
        Some(Effect::SetTx(name, change))
    }

    fn ctl(&mut self, action: &Action, ctl: &Ctl) -> Option<Effect> {
        let span = action.span;
        let spent = self.effort.is_spent();
        let mut regex = |pattern: &[u8]| {
            if spent {
                return None;
            }
            selector(pattern, false, span)
                .map_err(|fault| self.errors.push(fault))
                .ok()
        };
        Some(match ctl {
            Ctl::RuleEngine(mode) => Effect::RuleEngine(*mode),
            Ctl::RemoveById(ranges) => Effect::RemoveRules(self.bits(span, &Chosen::Ids(ranges))),
            Ctl::RemoveByTag(pattern) => {
                let chosen = Chosen::Tag(regex(pattern)?);
                Effect::RemoveRules(self.bits(span, &chosen))
            }
            Ctl::RemoveByMsg(pattern) => {
                let chosen = Chosen::Msg(regex(pattern)?);
                Effect::RemoveRules(self.bits(span, &chosen))
            }
            Ctl::RemoveTargetById(ranges, target) => {
                self.remove_target(&Chosen::Ids(ranges), target)?
            }
            Ctl::RemoveTargetByTag(pattern, target) => {
                let chosen = Chosen::Tag(regex(pattern)?);
                self.remove_target(&chosen, target)?
            }
            Ctl::RemoveTargetByMsg(pattern, target) => {
                let chosen = Chosen::Msg(regex(pattern)?);
                self.remove_target(&chosen, target)?
            }
            Ctl::RequestBodyProcessor(kind) => Effect::RequestBodyProcessor(*kind),
            Ctl::ResponseBodyProcessor(kind) => Effect::ResponseBodyProcessor(*kind),
            Ctl::RequestBodyAccess(on) => Effect::RequestBodyAccess(*on),
            Ctl::ResponseBodyAccess(on) => Effect::ResponseBodyAccess(*on),
            Ctl::RequestBodyLimit(bytes) => Effect::RequestBodyLimit(*bytes),
            Ctl::ResponseBodyLimit(bytes) => Effect::ResponseBodyLimit(*bytes),
            Ctl::ForceRequestBodyVariable(on) => Effect::ForceRequestBody(*on),
            Ctl::ForceResponseBodyVariable(on) => Effect::ForceResponseBody(*on),
            Ctl::AuditEngine(mode) => Effect::AuditEngine(*mode),
            Ctl::AuditLogParts(change, parts) => Effect::AuditLogParts(*change, *parts),
            Ctl::DebugLogLevel(_) => return None,
        })
    }

    fn bits(&mut self, span: Span, chosen: &Chosen<'_>) -> Arc<[RuleBits]> {
        let prior = self.prior.iter().map(|program| program.rules.len());
        let rules = self.drafts.len() + prior.sum::<usize>();
        let affords = self.effort.compare(chosen, rules);
        if let Some(kind) = self.effort.fault() {
            self.errors.push(Fault { span, kind });
        }
        if !affords {
            return Arc::default();
        }
        bits(chosen, self.prior, self.drafts, self.documents)
    }

    fn remove_target(&mut self, chosen: &Chosen<'_>, target: &Target) -> Option<Effect> {
        // A place in `TX` is not compared with names.
        let target = Target {
            exclude: true,
            ..target.clone()
        };
        let select = select(&target, self.names)
            .map_err(|fault| self.errors.push(fault))
            .ok()?;
        Some(Effect::RemoveTarget(Arc::new(Exclusion {
            rules: self.bits(target.span, chosen),
            variable: target.variable,
            select,
        })))
    }
}
