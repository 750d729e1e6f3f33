//! One link of a chain, looked at with every target.

use super::{
    State, Workspace,
    expand::Expander,
    grams::Within,
    phase::Place,
    state::{Event, VALUE_KEPT},
    targets::Named,
};
use crate::waf::{
    Variable,
    candidates::{Answers, Plan},
    operators::Operator,
    ruleset::{Link, Quick},
    tx::Decimal,
    values::Source,
};

/// Lines that one rule may give the log for one exchange.
const EVENTS_OF_A_RULE: usize = 8;

/// A link at work: where it stands, and what it is compared with.
pub(super) struct Looking<'a> {
    pub(super) expander: Expander<'a>,
    pub(super) place: Place<'a>,
    pub(super) link: &'a Link,
    /// Whether the rule has matched when this link does.
    pub(super) is_last: bool,
    /// What the operator compares with, macros expanded.
    pub(super) argument: &'a [u8],
    /// Lines that the rule has given the log.
    pub(super) logged: usize,
    /// The values that the matcher has found, where it was asked.
    pub(super) found: Option<Found<'a>>,
    /// What is known of `argument` where the operator is `@within`.
    pub(super) within: Within,
}

/// The values for which the matcher says that a link's test holds.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) plan: &'a Plan,
    pub(super) answers: &'a Answers,
    pub(super) atom: u16,
}

impl Found<'_> {
    /// Whether the value at `index` of a source is among them.
    pub(super) fn has(&self, source: Source, index: usize) -> bool {
        self.answers.holds(self.plan, source, index, self.atom)
    }
}

impl Looking<'_> {
    /// Whether any target matches. What the link does, it does for each that does.
    pub(super) fn run(&mut self, state: &mut State) -> bool {
        if let Some(quick) = &self.link.quick {
            return self.quick(quick, state);
        }
        if self.link.test.operator.is_none() {
            self.note(None, b"", 0, state);
            self.matched(state);
            return true;
        }
        let mut any = false;
        for target in &self.link.targets {
            any |= self.target(target, state);
            if state.interruption.is_some() {
                break;
            }
        }
        any
    }

    fn quick(&mut self, quick: &Quick, state: &mut State) -> bool {
        if !quick.matches(&state.tx) {
            return false;
        }
        if self.place.rule.tells || state.recording.is_some() {
            let names = &self.expander.policy.names;
            let name = Named {
                variable: Variable::Tx,
                count: quick.count,
                member: names.name(quick.slot),
            };
            state.matched_value.clear();
            if quick.count {
                let count = i64::from(state.tx.is_set(quick.slot));
                state
                    .matched_value
                    .extend_from_slice(Decimal::default().of(count));
            } else {
                state.tx.write(quick.slot, &mut state.matched_value);
            }
            record(&name, state);
            if state.recording.is_some() {
                let value = state.matched_value.clone();
                self.note(Some(&name), &value, 0, state);
            }
        }
        self.matched(state);
        true
    }

    /// Looks at one value.
    pub(super) fn value(&mut self, name: &Named<'_>, value: &[u8], state: &mut State) -> bool {
        let steps = self.place.program.chains.steps(self.link.chain);
        if !self.link.multi_match {
            return self.transformed(name, value, steps.len(), state);
        }
        // After each transformation that changes something, and before the first.
        let mut any = false;
        let mut before = Vec::new();
        for count in 0..=steps.len() {
            let now = state
                .work
                .transformed
                .apply_chain(steps.get(..count).unwrap_or_default(), value);
            if count > 0 && now == before {
                continue;
            }
            before.clear();
            before.extend_from_slice(now);
            any |= self.transformed(name, value, count, state);
        }
        any
    }

    /// Looks at a value after the first `count` transformations.
    fn transformed(
        &mut self,
        name: &Named<'_>,
        value: &[u8],
        count: usize,
        state: &mut State,
    ) -> bool {
        let Some(operator) = &self.link.test.operator else {
            return true;
        };
        let State {
            work,
            tx,
            matched_value,
            ..
        } = state;
        let Workspace {
            transformed,
            captures,
            caches,
            ..
        } = &mut **work;
        let Some(caches) = caches.of(self.place.index) else {
            return false;
        };
        let steps = self.place.program.chains.steps(self.link.chain);
        let text = transformed.apply_chain(steps.get(..count).unwrap_or_default(), value);
        if let Operator::Text(test) = &**operator
            && test.is_within()
            && operator.expands()
            && !self.link.test.negated
            && self.within.rules_out(self.argument, text)
        {
            return false;
        }
        let wanted = self.link.capture.then_some(&mut *captures);
        let outcome = operator.evaluate(text, self.argument, caches, wanted);
        if !outcome.holds(self.link.test.negated) {
            return false;
        }
        if self.link.capture && !self.link.test.negated && !captures.is_empty() {
            tx.capture((0..).map(|index| captures.group(index, text)));
        }
        matched_value.clear();
        matched_value.extend_from_slice(text);
        record(name, state);
        self.note(Some(name), value, count, state);
        self.matched(state);
        true
    }

    /// Does what follows a match.
    fn matched(&mut self, state: &mut State) {
        let rule = self.place.rule;
        if self.is_last
            && let Some(severity) = rule.info.severity
        {
            state.highest_severity = state.highest_severity.min(severity);
        }
        match state.recording {
            None => self.expander.apply(&self.link.effects, state),
            Some(_) => self.apply_noting(state),
        }
        if self.is_last {
            self.log(state);
            self.place.disrupt(&self.expander, state);
        }
    }

    fn log(&mut self, state: &mut State) {
        let Place { rule, index, .. } = self.place;
        if rule.audit {
            state.set.audit_asked = true;
        }
        if !rule.log {
            return;
        }
        if self.logged >= EVENTS_OF_A_RULE || state.events.len() >= super::state::EVENTS {
            state.events_lost += 1;
            return;
        }
        self.logged += 1;
        let kept = state.matched_value.len().min(VALUE_KEPT);
        let event = Event {
            program: index,
            rule: self.place.number,
            msg: self.expander.text(&rule.msg, state),
            data: self.expander.text(&rule.logdata, state),
            tags: rule
                .tags
                .iter()
                .map(|tag| self.expander.text(tag, state))
                .collect(),
            variable: state.matched_name.as_slice().into(),
            value: state.matched_value.get(..kept).unwrap_or_default().into(),
            disruptive: rule.is_disruptive(),
        };
        state.events.push(event);
    }
}

/// Notes the name of the value that has matched, which is in `matched_value` already.
fn record(name: &Named<'_>, state: &mut State) {
    state.matched_name.clear();
    name.write(&mut state.matched_name);
    if state.matched.len() < super::targets::GATHERED {
        state
            .matched
            .push(&state.matched_name, &state.matched_value);
    }
}
