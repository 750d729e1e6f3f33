//! Directives in their order: what is a rule, what changes one, what is a setting.

use std::{collections::HashSet, sync::Arc};

use super::{
    Fault, FaultKind,
    amended::{Amendments, Kind},
    draft::{Draft, DraftLink},
    effort::Effort,
    link::select,
    resolve::{Chosen, bits, selector},
};
use crate::waf::{
    ruleset::{Exclusion, Program, RuleBits},
    seclang::{Action, ActionKind, Directive, DirectiveKind, IdRange, RuleDirective, Span, Target},
    settings::Settings,
    tx::TxNames,
};

/// The phase of rules that name none.
const DEFAULT_PHASE: u8 = 2;

/// Documents that are compiled together, each to a program.
pub(super) struct Unit<'a> {
    /// Programs that are there already, whose rules these documents may remove and narrow.
    pub(super) prior: &'a [Arc<Program>],
    pub(super) drafts: Vec<Draft>,
    /// Each marker's name, its document, and how many drafts are above it.
    pub(super) markers: Vec<(Box<[u8]>, usize, usize)>,
    pub(super) settings: Settings,
    pub(super) names: TxNames,
    /// Rules of prior programs that are removed.
    pub(super) removed: Vec<RuleBits>,
    /// Targets of prior programs' rules that are not looked at.
    pub(super) exclusions: Vec<Exclusion>,
    pub(super) errors: Vec<Fault>,
    pub(super) warnings: Vec<Fault>,
    /// What has become of rules that are not evaluated as they were written.
    pub(super) amendments: Amendments,
    /// What is left for choosing rules.
    pub(super) effort: Effort,
    ids: HashSet<u64>,
    /// Actions of `SecDefaultAction`, by phase.
    defaults: [Vec<Action>; Program::PHASES],
    /// Whether the last link announced another.
    open: bool,
}

impl<'a> Unit<'a> {
    pub(super) fn new(prior: &'a [Arc<Program>], settings: Settings, names: TxNames) -> Self {
        let ids = prior
            .iter()
            .flat_map(|program| program.rules.iter().map(|rule| rule.info.id))
            .collect();
        Self {
            prior,
            drafts: Vec::new(),
            markers: Vec::new(),
            settings,
            names,
            removed: vec![RuleBits::default(); prior.len()],
            exclusions: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            amendments: Amendments::default(),
            effort: Effort::default(),
            ids,
            defaults: Default::default(),
            open: false,
        }
    }

    /// Takes over the directives of one document.
    pub(super) fn document(&mut self, document: usize, directives: &[Directive]) {
        for directive in directives {
            self.directive(document, directive);
        }
        if self.open
            && let Some(draft) = self.drafts.last()
        {
            let span = draft.span;
            self.error(span, FaultKind::OpenChain);
        }
        self.open = false;
        self.defaults = Default::default();
        self.skip_rules(document);
    }

    /// Leaves out the rules of a document that have an operator for which rules are skipped.
    fn skip_rules(&mut self, document: usize) {
        for (index, draft) in self.drafts.iter_mut().enumerate() {
            if draft.document != document || draft.removed {
                continue;
            }
            let Some((operator, reason)) = draft.skipped_for() else {
                continue;
            };
            draft.removed = true;
            let id = draft.id;
            self.warnings.push(Fault {
                span: draft.span,
                kind: FaultKind::Skipped {
                    id,
                    operator,
                    reason,
                },
            });
            self.amendments
                .draft(index, Kind::Skipped(operator, reason));
        }
    }

    pub(super) fn error(&mut self, span: Span, kind: FaultKind) {
        self.errors.push(Fault { span, kind });
    }

    pub(super) fn warning(&mut self, span: Span, kind: FaultKind) {
        self.warnings.push(Fault { span, kind });
    }

    fn directive(&mut self, document: usize, directive: &Directive) {
        let span = directive.span;
        match &directive.kind {
            DirectiveKind::Rule(rule) => {
                let RuleDirective {
                    targets,
                    operator,
                    actions,
                } = rule.as_ref();
                let link = DraftLink {
                    targets: targets.clone(),
                    operator: Some(operator.clone()),
                    actions: actions.clone(),
                };
                self.rule(document, span, link);
            }
            DirectiveKind::Action(actions) => {
                let link = DraftLink {
                    targets: Vec::new(),
                    operator: None,
                    actions: actions.clone(),
                };
                self.rule(document, span, link);
            }
            DirectiveKind::Marker(name) => {
                self.markers
                    .push((name.clone(), document, self.drafts.len()));
            }
            DirectiveKind::DefaultAction(actions) => {
                let phase = phase(actions).unwrap_or(DEFAULT_PHASE);
                if let Some(defaults) = self.defaults.get_mut(usize::from(phase - 1)) {
                    defaults.clone_from(actions);
                }
            }
            DirectiveKind::ComponentSignature(text) => self.settings.components.push(text.clone()),
            DirectiveKind::RemoveById(ranges) => self.remove(span, "id", &Chosen::Ids(ranges)),
            DirectiveKind::RemoveByTag(pattern) => {
                if let Some(regex) = self.chosen(pattern, span) {
                    self.remove(span, "tag", &Chosen::Tag(regex));
                }
            }
            DirectiveKind::RemoveByMsg(pattern) => {
                if let Some(regex) = self.chosen(pattern, span) {
                    self.remove(span, "message", &Chosen::Msg(regex));
                }
            }
            DirectiveKind::UpdateTargetById(ranges, targets) => {
                self.update(span, "id", &Chosen::Ids(ranges), targets);
            }
            DirectiveKind::UpdateTargetByTag(pattern, targets) => {
                if let Some(regex) = self.chosen(pattern, span) {
                    self.update(span, "tag", &Chosen::Tag(regex), targets);
                }
            }
            DirectiveKind::UpdateTargetByMsg(pattern, targets) => {
                if let Some(regex) = self.chosen(pattern, span) {
                    self.update(span, "message", &Chosen::Msg(regex), targets);
                }
            }
            DirectiveKind::UpdateActionById(id, link, actions) => {
                self.update_actions(span, *id, *link, actions);
            }
            DirectiveKind::Setting(setting) => {
                if let Err(error) = self.settings.apply(setting) {
                    self.error(span, error.into());
                }
            }
        }
    }

    fn rule(&mut self, document: usize, span: Span, link: DraftLink) {
        let chained = link.is_chained();
        if std::mem::replace(&mut self.open, chained) {
            self.chained(span, link);
            return;
        }
        let id = link.actions.iter().find_map(|action| match action.kind {
            ActionKind::Id(id) => Some(id),
            _ => None,
        });
        let Some(id) = id else {
            self.error(span, FaultKind::NoId);
            // Its links follow, if it has any: they are not rules of their own.
            self.push(document, span, 0, link);
            return;
        };
        if !self.ids.insert(id) {
            self.error(span, FaultKind::RepeatedId(id));
        }
        self.push(document, span, id, link);
    }

    fn push(&mut self, document: usize, span: Span, id: u64, link: DraftLink) {
        let phase = phase(&link.actions).unwrap_or(DEFAULT_PHASE);
        let defaults = self.defaults.get(usize::from(phase - 1));
        self.drafts.push(Draft {
            span,
            phase,
            id,
            defaults: defaults.cloned().unwrap_or_default(),
            links: vec![link],
            document,
            removed: false,
        });
    }

    fn chained(&mut self, span: Span, link: DraftLink) {
        let mut faults = Vec::new();
        if let Some(draft) = self.drafts.last_mut() {
            for action in &link.actions {
                let kind = match &action.kind {
                    ActionKind::Phase(phase) if *phase != draft.phase => {
                        FaultKind::OtherPhase(draft.phase)
                    }
                    ActionKind::Id(_) => FaultKind::NotInChain("id"),
                    ActionKind::SkipAfter(_) => FaultKind::NotInChain("skipAfter"),
                    ActionKind::Skip(_) => FaultKind::NotInChain("skip"),
                    _ => continue,
                };
                faults.push((action.span, kind));
            }
            draft.links.push(link);
        } else {
            self.error(span, FaultKind::NoId);
        }
        for (span, kind) in faults {
            self.error(span, kind);
        }
    }

    fn chosen(&mut self, pattern: &[u8], span: Span) -> Option<regex_automata::meta::Regex> {
        if self.effort.is_spent() {
            return None;
        }
        selector(pattern, false, span)
            .map_err(|fault| self.errors.push(fault))
            .ok()
    }

    /// Whether there is as much left as it takes to compare all rules with `chosen`.
    fn affords(&mut self, span: Span, chosen: &Chosen<'_>) -> bool {
        let prior = self.prior.iter().map(|program| program.rules.len());
        let rules = self.drafts.len() + prior.sum::<usize>();
        let affords = self.effort.compare(chosen, rules);
        if let Some(fault) = self.effort.fault() {
            self.error(span, fault);
        }
        affords
    }

    fn remove(&mut self, span: Span, what: &'static str, chosen: &Chosen<'_>) {
        if !self.affords(span, chosen) {
            return;
        }
        let mut any = false;
        for (index, draft) in self.drafts.iter_mut().enumerate() {
            if chosen.draft(draft) {
                if !draft.removed {
                    self.amendments.draft(index, Kind::Removed(span));
                }
                draft.removed = true;
                any = true;
            }
        }
        for (place, program) in self.prior.iter().enumerate() {
            let bits = chosen.program(program);
            any |= !bits.is_empty();
            self.amendments.prior(place, &bits, Kind::Removed(span));
            if let Some(removed) = self.removed.get_mut(place) {
                removed.unite(&bits);
            }
        }
        if !any {
            self.warning(span, FaultKind::NoSuchRule(what));
        }
    }

    fn update(&mut self, span: Span, what: &'static str, chosen: &Chosen<'_>, targets: &[Target]) {
        if !self.affords(span, chosen) {
            return;
        }
        let mut any = false;
        for (index, draft) in self.drafts.iter_mut().enumerate() {
            if chosen.draft(draft)
                && let Some(first) = draft.links.first_mut()
            {
                if targets.iter().any(|_| !self.effort.change()) {
                    break;
                }
                first.targets.extend_from_slice(targets);
                self.amendments.draft(index, Kind::Retargeted(span));
                any = true;
            }
        }
        if let Some(fault) = self.effort.fault() {
            self.error(span, fault);
        }
        let outside = bits(chosen, self.prior, &[], 0);
        if outside.iter().any(|bits| !bits.is_empty()) {
            any = true;
            for (place, bits) in outside.iter().enumerate() {
                self.amendments.prior(place, bits, Kind::Retargeted(span));
            }
            for target in targets {
                if !target.exclude {
                    self.error(span, FaultKind::NotFromOutside("adding targets"));
                    continue;
                }
                match select(target, &mut self.names) {
                    Ok(select) => self.exclusions.push(Exclusion {
                        rules: Arc::clone(&outside),
                        variable: target.variable,
                        select,
                    }),
                    Err(fault) => self.errors.push(fault),
                }
            }
        }
        if !any {
            self.warning(span, FaultKind::NoSuchRule(what));
        }
    }

    fn update_actions(&mut self, span: Span, id: u64, link: usize, actions: &[Action]) {
        let range = IdRange {
            first: id,
            last: id,
        };
        let chosen = Chosen::Ids(std::slice::from_ref(&range));
        let outside = bits(&chosen, self.prior, &[], 0);
        if outside.iter().any(|bits| !bits.is_empty()) {
            self.error(span, FaultKind::NotFromOutside("SecRuleUpdateActionById"));
            return;
        }
        let found = self.drafts.iter_mut().find(|draft| draft.id == id);
        let link = found.and_then(|draft| draft.links.get_mut(link));
        match link {
            // Later actions win over earlier ones, but tags and transformations add up.
            Some(link) => link.actions.extend_from_slice(actions),
            None => self.warning(span, FaultKind::NoSuchRule("id")),
        }
    }
}

/// The phase that actions name.
fn phase(actions: &[Action]) -> Option<u8> {
    actions.iter().rev().find_map(|action| match action.kind {
        ActionKind::Phase(phase) => Some(phase.clamp(1, 5)),
        _ => None,
    })
}
