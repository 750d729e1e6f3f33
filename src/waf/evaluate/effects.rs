//! What a match does besides refusing.

use super::{State, expand::Expander};
use crate::waf::{
    operators::leading_number,
    ruleset::{Effect, TxChange, TxName},
    seclang::{AuditParts, PartsChange},
    tx::Member,
};

impl Expander<'_> {
    /// Does what `effects` say, in order.
    pub(crate) fn apply(&self, effects: &[Effect], state: &mut State) {
        for effect in effects {
            match effect {
                Effect::SetTx(name, change) => self.set_tx(name, change, state),
                Effect::SetEnv(name, value) => {
                    let (name, value) = (self.text(name, state), self.text(value, state));
                    // Nobody reads more, and a rule may match for every argument.
                    if state.environment.len() < 64 {
                        state.environment.push(&name, &value);
                    }
                }
                Effect::RuleEngine(mode) => state.engine.0 = *mode,
                Effect::RemoveRules(programs) => {
                    for (removed, rules) in state.removed.iter_mut().zip(programs.iter()) {
                        removed.unite(rules);
                    }
                }
                Effect::RemoveTarget(exclusion) => {
                    let known = state.exclusions.iter();
                    if !known
                        .into_iter()
                        .any(|one| std::sync::Arc::ptr_eq(one, exclusion))
                    {
                        state.exclusions.push(exclusion.clone());
                    }
                }
                Effect::RequestBodyProcessor(kind) => state.set.request_processor = Some(*kind),
                Effect::ResponseBodyProcessor(kind) => state.set.response_processor = Some(*kind),
                Effect::RequestBodyAccess(on) => state.set.request_access = Some(*on),
                Effect::ResponseBodyAccess(on) => state.set.response_access = Some(*on),
                Effect::RequestBodyLimit(bytes) => state.set.request_limit = Some(*bytes),
                Effect::ResponseBodyLimit(bytes) => state.set.response_limit = Some(*bytes),
                Effect::ForceRequestBody(on) => state.set.force_request_body = *on,
                Effect::ForceResponseBody(on) => state.set.force_response_body = *on,
                Effect::AuditEngine(mode) => state.set.audit = Some(*mode),
                Effect::AuditLogParts(change, parts) => {
                    let now = state.set.audit_parts.unwrap_or(self.policy.audit_parts()).0;
                    state.set.audit_parts = Some(AuditParts(match change {
                        PartsChange::Set => parts.0,
                        PartsChange::Add => now | parts.0,
                        PartsChange::Remove => now & !parts.0,
                    }));
                }
            }
        }
    }

    fn set_tx(&self, name: &TxName, change: &TxChange, state: &mut State) {
        let names = &self.policy.names;
        if let TxName::Slot(slot) = name
            && state.tx.change(*slot, change)
        {
            return;
        }
        let mut expanded = std::mem::take(&mut state.work.name);
        expanded.clear();
        let member = match name {
            TxName::Slot(slot) => Member::Fixed(*slot),
            TxName::Expanded(expansion) => {
                self.expand(expansion, state, &mut expanded);
                Member::Named(&expanded)
            }
        };
        match change {
            TxChange::AddNumber(number) => state.tx.add(names, member, *number),
            TxChange::AddSlot(slot) => {
                let number = state.tx.number(*slot).unwrap_or(0);
                state.tx.add(names, member, number);
            }
            TxChange::SetText(text, number) => {
                state.tx.set_known(names, member, text, *number);
            }
            TxChange::Unset => state.tx.unset(names, member),
            TxChange::Set(value) | TxChange::Add(value) | TxChange::Subtract(value) => {
                let mut text = std::mem::take(&mut state.work.text);
                text.clear();
                self.expand(value, state, &mut text);
                match change {
                    TxChange::Set(_) => state.tx.set(names, member, &text),
                    TxChange::Add(_) => state.tx.add(names, member, leading_number(&text)),
                    _ => {
                        let number = leading_number(&text).saturating_neg();
                        state.tx.add(names, member, number);
                    }
                }
                state.work.text = text;
            }
        }
        state.work.name = expanded;
    }
}
