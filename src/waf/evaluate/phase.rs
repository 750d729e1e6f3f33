//! The rules of a phase, in order.

use super::{
    State,
    expand::Expander,
    link::Looking,
    state::{Interruption, Kind},
};
use crate::waf::{
    policy::Policy,
    ruleset::{Disruption, Jump, Program, Rule},
    seclang::EngineMode,
    values::Values,
};

/// The last phase, in which an exchange is logged: nothing skips it.
const LOGGING: u8 = 5;

/// Where a rule stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) program: &'a Program,
    /// The program's index in the policy.
    pub(super) index: usize,
    pub(super) rule: &'a Rule,
    /// The rule's index in the program.
    pub(super) number: usize,
}

/// Evaluates the rules of phase `number` (1 to 5) until one refuses the exchange.
pub(crate) fn run_phase(policy: &Policy, values: &Values, state: &mut State, number: u8) {
    for index in policy.order.iter().copied() {
        let stopped = state.interruption.is_some() || number <= state.allowed_to;
        let done = stopped && number != LOGGING;
        if done || state.engine.0 == EngineMode::Off {
            return;
        }
        if let Some(program) = policy.programs.get(index) {
            run_program(policy, values, state, number, program, index);
        }
    }
}

fn run_program(
    policy: &Policy,
    values: &Values,
    state: &mut State,
    number: u8,
    program: &Program,
    index: usize,
) {
    let Some(phase) = program.phase(number) else {
        return;
    };
    let mut at = 0;
    while let Some(rule_number) = phase.steps.get(at).copied() {
        at += 1;
        let Some(rule) = program.rules.get(rule_number) else {
            continue;
        };
        if policy.is_removed(index, rule_number) || state.is_removed(index, rule_number) {
            continue;
        }
        let place = Place {
            program,
            index,
            rule,
            number: rule_number,
        };
        if !place.run(policy, values, state) {
            continue;
        }
        if state.engine.0 == EngineMode::Off {
            return;
        }
        let stopped = state.interruption.is_some() || number <= state.allowed_to;
        if stopped && number != LOGGING {
            return;
        }
        if let Jump::To(place) = rule.jump {
            at = place.max(at);
        }
    }
}

impl Place<'_> {
    /// Whether the rule matches: every link of its chain.
    fn run(&self, policy: &Policy, values: &Values, state: &mut State) -> bool {
        state.matched.clear();
        let expander = Expander {
            policy,
            values,
            rule: Some(self.rule),
        };
        let count = self.rule.links.len();
        for (position, link) in self.rule.links.iter().enumerate() {
            let mut expanded = std::mem::take(&mut state.work.argument);
            expanded.clear();
            let argument = match link.test.argument.literal() {
                Some(literal) => literal,
                None => {
                    expander.expand(&link.test.argument, state, &mut expanded);
                    &expanded
                }
            };
            let matched = Looking {
                expander,
                place: *self,
                link,
                is_last: position + 1 == count,
                argument,
                logged: 0,
            }
            .run(state);
            state.work.argument = expanded;
            if !matched {
                return false;
            }
        }
        true
    }

    /// Refuses the exchange where the rule says so and rules are obeyed.
    pub(super) fn disrupt(&self, expander: &Expander<'_>, state: &mut State) {
        let rule = self.rule;
        if state.engine.0 != EngineMode::On {
            return;
        }
        let kind = match &rule.disruption {
            Disruption::Pass => return,
            Disruption::AllowExchange => {
                state.allowed_to = LOGGING - 1;
                return;
            }
            Disruption::AllowPhase => {
                state.allowed_to = rule.phase;
                return;
            }
            Disruption::AllowRequest => {
                state.allowed_to = state.allowed_to.max(2);
                return;
            }
            Disruption::Deny => Kind::Deny(rule.status),
            Disruption::Drop => Kind::Drop,
            Disruption::Redirect(to) => Kind::Redirect(rule.status, expander.text(to, state)),
        };
        // The logging phase comes too late to refuse anything.
        if rule.phase != LOGGING && state.interruption.is_none() {
            state.interruption = Some(Interruption {
                program: self.index,
                rule: self.number,
                phase: rule.phase,
                kind,
            });
        }
    }
}
