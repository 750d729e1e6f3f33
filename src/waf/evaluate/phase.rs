//! The rules of a phase, in order.

use super::{
    State,
    expand::Expander,
    grams::Within,
    link::{Found, Looking},
    state::{Interruption, Kind},
};
use crate::waf::{
    candidates::{Answers, Inquiry, Plan},
    policy::Policy,
    ruleset::{Disruption, Jump, Program, Rule, Turn},
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
    state.work.caches.follow(&policy.programs);
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
    let plan = Program::plan_of(number)
        .filter(|_| !policy.one_by_one)
        .and_then(|place| Some((place, program.plans.get(place)?.as_ref()?)));
    let Some((place, plan)) = plan else {
        walk(policy, values, state, number, program, index, None);
        return;
    };
    let of_program = state.answers.get_mut(index);
    let kept = of_program.and_then(|plans| plans.get_mut(place));
    let mut answers = kept.map(std::mem::take).unwrap_or_default();
    let mut inquiry = state.work.caches.take_inquiry(index, place);
    let asking = Asking {
        plan,
        inquiry: &mut inquiry,
        answers: &mut answers,
        followed: false,
    };
    walk(policy, values, state, number, program, index, Some(asking));
    if Program::plan_of(number + 1) != Some(place) {
        inquiry.end(&mut answers);
    }
    state.work.caches.give_inquiry(index, place, inquiry);
    let of_program = state.answers.get_mut(index);
    if let Some(kept) = of_program.and_then(|plans| plans.get_mut(place)) {
        *kept = answers;
    }
}

/// The matcher's answers during a phase.
struct Asking<'a> {
    plan: &'a Plan,
    inquiry: &'a mut Inquiry,
    answers: &'a mut Answers,
    /// Whether it was asked about what came before this phase.
    followed: bool,
}

impl Asking<'_> {
    /// The answers, once every value of the phase was asked about.
    fn answers(&mut self, values: &Values, state: &State) -> &Answers {
        if !self.followed {
            self.followed = true;
            self.inquiry
                .follow(self.answers, self.plan, values, &state.tx);
        }
        self.answers
    }
}

fn walk(
    policy: &Policy,
    values: &Values,
    state: &mut State,
    number: u8,
    program: &Program,
    index: usize,
    mut asking: Option<Asking<'_>>,
) {
    let Some(phase) = program.phase(number) else {
        return;
    };
    let mut at = 0;
    while let Some(step) = phase.steps.get(at) {
        at += 1;
        if let Some(quick) = &step.quick
            && !quick.matches(&state.tx)
        {
            continue;
        }
        let mut found = None;
        if let (Some(atom), Some(asking)) = (step.atom, &mut asking) {
            let plan = asking.plan;
            let answers = asking.answers(values, state);
            let possible = answers.possible(atom);
            if possible != Some(atom) {
                let next = possible.map_or(usize::MAX, |next| usize::from(next - atom));
                at = (at - 1).saturating_add(next).min(step.until);
                continue;
            }
            found = answers.was_asked(atom).then_some(Found {
                plan,
                answers,
                atom,
            });
        }
        let Some(rule) = program.rules.get(step.rule) else {
            continue;
        };
        if policy.is_removed(index, step.rule) || state.is_removed(index, step.rule) {
            continue;
        }
        let turn = match state.recording {
            None => step.turn,
            Some(_) => Turn::Look,
        };
        match turn {
            Turn::Lead => {}
            Turn::Act if state.recording.is_none() => {
                let expander = Expander {
                    policy,
                    values,
                    rule: Some(rule),
                };
                for link in &rule.links {
                    expander.apply(&link.effects, state);
                }
            }
            Turn::Act | Turn::Look => {
                let place = Place {
                    program,
                    index,
                    rule,
                    number: step.rule,
                };
                if !place.run(policy, values, state, found) {
                    continue;
                }
            }
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
    fn run(
        &self,
        policy: &Policy,
        values: &Values,
        state: &mut State,
        found: Option<Found<'_>>,
    ) -> bool {
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
                found: found.filter(|_| position == 0),
                within: Within::default(),
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
            Disruption::Deny => Kind::Deny {
                status: rule.status,
                named: rule.names_status,
            },
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
