//! Rules in the order in which they are evaluated.

use std::sync::Arc;

use super::{Chains, Quick, Rule, Used};
use crate::waf::candidates::Plan;

/// A sequence of rules.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) rules: Vec<Rule>,
    pub(crate) phases: [Phase; Program::PHASES],
    pub(crate) chains: Chains,
    pub(crate) used: Used,
    /// What the matcher is asked about requests and about responses.
    pub(crate) plans: [Option<Plan>; Program::PLANS],
    /// Nothing but itself: what a worker keeps for the program is found by it.
    pub(crate) identity: Arc<()>,
}

/// The rules of one phase, in order.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    /// A [`Jump`](super::Jump) is to a place in this list.
    pub(crate) steps: Vec<Step>,
}

/// A rule's turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Its index in the program's rules.
    pub(crate) rule: usize,
    /// The number of its first test in the plan, if the matcher is asked about it.
    pub(crate) atom: Option<u16>,
    /// The short form of its first link, if it has one: where that does not hold the rule's turn is
    /// over.
    pub(crate) quick: Option<Quick>,
    /// What there is to do when that holds.
    pub(crate) turn: Turn,
    /// Of a rule about which the matcher is asked: where the first step stands below it that has no
    /// such rule. The numbers of those between are in order.
    pub(crate) until: usize,
}

/// What there is to do for a rule's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing but to go where it leads: it has matched.
    Lead,
    /// What its only link does: it has matched.
    Act,
    /// All of its links are to be looked at.
    Look,
}

impl Program {
    /// Phases 1 to 5.
    pub(crate) const PHASES: usize = 5;

    /// A plan for requests and one for responses.
    pub(crate) const PLANS: usize = 2;

    /// The place of a phase's plan.
    pub(crate) const fn plan_of(phase: u8) -> Option<usize> {
        match phase {
            1 | 2 => Some(0),
            3 | 4 => Some(1),
            _ => None,
        }
    }

    /// The rules of phase `number`, 1 to 5.
    pub(crate) fn phase(&self, number: u8) -> Option<&Phase> {
        self.phases.get(usize::from(number).checked_sub(1)?)
    }
}
