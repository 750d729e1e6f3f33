//! Rules in the order in which they are evaluated.

use std::sync::Arc;

use super::{Chains, Rule, Used};

/// A sequence of rules.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) rules: Vec<Rule>,
    pub(crate) phases: [Phase; Program::PHASES],
    pub(crate) chains: Chains,
    pub(crate) used: Used,
    /// Nothing but itself: what a worker keeps for the program is found by it.
    pub(crate) identity: Arc<()>,
}

/// The rules of one phase, in order.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    /// Indexes into the program's rules. A [`Jump`](super::Jump) is to a place in this list.
    pub(crate) steps: Vec<usize>,
}

impl Program {
    /// Phases 1 to 5.
    pub(crate) const PHASES: usize = 5;

    /// The rules of phase `number`, 1 to 5.
    pub(crate) fn phase(&self, number: u8) -> Option<&Phase> {
        self.phases.get(usize::from(number).checked_sub(1)?)
    }
}
