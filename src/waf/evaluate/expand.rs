//! Macros: text with the values of variables in it.

use super::{State, state::VALUE_KEPT};
use crate::waf::{
    Variable,
    policy::Policy,
    ruleset::{Expand, Expansion, Rule},
    tx::Decimal,
    values::Values,
};

/// What macros are expanded from.
#[derive(Clone, Copy)]
pub(crate) struct Expander<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) values: &'a Values,
    /// The rule at hand, for `%{rule.id}`.
    pub(crate) rule: Option<&'a Rule>,
}

impl Expander<'_> {
    /// Appends the text of `expansion`. A macro that has no value is nothing.
    pub(crate) fn expand(&self, expansion: &Expansion, state: &State, out: &mut Vec<u8>) {
        for piece in &expansion.pieces {
            match piece {
                Expand::Literal(text) => out.extend_from_slice(text),
                Expand::Tx(slot) => {
                    state.tx.write(*slot, out);
                }
                Expand::Variable(variable, member) => {
                    self.variable(*variable, member.as_deref(), state, out);
                }
            }
        }
    }

    /// The text of `expansion` as a value of its own, cut after [`VALUE_KEPT`] bytes: a macro may stand
    /// for a whole body, and a rule may say it for every argument.
    pub(crate) fn text(&self, expansion: &Expansion, state: &State) -> Box<[u8]> {
        let mut out = Vec::new();
        self.expand(expansion, state, &mut out);
        out.truncate(VALUE_KEPT);
        out.into()
    }

    fn variable(
        &self,
        variable: Variable,
        member: Option<&[u8]>,
        state: &State,
        out: &mut Vec<u8>,
    ) {
        match (variable, member) {
            (Variable::Tx, Some(name)) => {
                state.tx.write_named(&self.policy.names, name, out);
            }
            (Variable::MatchedVar, _) => out.extend_from_slice(&state.matched_value),
            (Variable::MatchedVarName, _) => out.extend_from_slice(&state.matched_name),
            (Variable::MatchedVars, _) => {
                out.extend_from_slice(state.matched.at(0).unwrap_or_default().1);
            }
            (Variable::MatchedVarsNames, _) => {
                out.extend_from_slice(state.matched.at(0).unwrap_or_default().0);
            }
            (Variable::HighestSeverity, _) => {
                out.extend_from_slice(Decimal::default().of(state.highest_severity.into()));
            }
            (Variable::ReqbodyProcessor, _) => {
                out.extend_from_slice(self.body_processor(state).unwrap_or_default());
            }
            (Variable::Rule, Some(field)) => self.rule_field(field, out),
            (Variable::Env, Some(name)) => {
                let found = state.environment.iter().find(|(known, _)| *known == name);
                out.extend_from_slice(found.unwrap_or_default().1);
            }
            _ => out.extend_from_slice(self.values.first(variable, member).unwrap_or_default()),
        }
    }

    /// `REQBODY_PROCESSOR`: what a rule has set, or what the body's type gave.
    pub(crate) fn body_processor(&self, state: &State) -> Option<&[u8]> {
        match state.set.request_processor {
            Some(processor) => Some(processor.name()),
            None => self.values.scalars.value(Variable::ReqbodyProcessor),
        }
    }

    /// Appends a field of the rule at hand: `RULE.id` and the like. Messages are not expanded again.
    pub(crate) fn rule_field(&self, field: &[u8], out: &mut Vec<u8>) {
        let Some(rule) = self.rule else { return };
        match field {
            b"id" => out.extend_from_slice(itoa::Buffer::new().format(rule.info.id).as_bytes()),
            b"rev" => out.extend_from_slice(&rule.info.rev),
            b"ver" => out.extend_from_slice(&rule.info.ver),
            b"severity" => {
                if let Some(severity) = rule.info.severity {
                    out.extend_from_slice(Decimal::default().of(severity.into()));
                }
            }
            b"msg" => out.extend_from_slice(rule.msg.literal().unwrap_or_default()),
            b"logdata" => out.extend_from_slice(rule.logdata.literal().unwrap_or_default()),
            _ => {}
        }
    }
}
