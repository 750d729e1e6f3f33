//! The transaction: what it holds, and its phases.

use std::sync::Arc;

use super::{Verdict, begin::Clock};
use crate::waf::{
    Variable, body,
    evaluate::{Recording, State, Workspace, run_phase},
    policy::Policy,
    seclang::EngineMode,
    values::Values,
};

/// One exchange on its way through the rules.
#[derive(Debug)]
pub struct Transaction {
    pub(super) policy: Arc<Policy>,
    pub(super) values: Values,
    pub(crate) state: State,
    pub(super) multipart: body::multipart::Multipart,
    pub(super) xml: body::xml::Xml,
    /// A body as it is read: decoded, in UTF-8.
    pub(super) text: Vec<u8>,
    /// `Content-Type` of the request, the first.
    pub(super) content_type: Vec<u8>,
    pub(super) clock: Clock,
    /// The last phase that was run.
    pub(super) phase: u8,
}

impl Transaction {
    /// A transaction that no exchange has used yet.
    pub fn new(policy: Arc<Policy>) -> Self {
        Self {
            policy,
            values: Values::default(),
            state: State::default(),
            multipart: body::multipart::Multipart::default(),
            xml: body::xml::Xml::default(),
            text: Vec::new(),
            content_type: Vec::new(),
            clock: Clock::default(),
            phase: 0,
        }
    }

    /// The policy of the exchange.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Takes `workspace` to run phases with, in exchange for the one at hand. A transaction that is never
    /// lent one uses its own.
    ///
    /// Where a run panics, what was lent is not to be used any more.
    pub fn exchange_workspace(&mut self, workspace: &mut Box<Workspace>) {
        std::mem::swap(&mut self.state.work, workspace);
    }

    /// Has everything noted that is to be explained afterwards. Asked right after
    /// [`begin`](Self::begin).
    pub fn record(&mut self) {
        self.state.recording = Some(Box::default());
    }

    /// Whether rules are obeyed, looked at only, or not evaluated: what the policy says when the
    /// exchange begins, and what `ctl:ruleEngine` of a rule that has matched has made of it since.
    pub fn engine(&self) -> EngineMode {
        self.state.engine.0
    }

    /// Runs a phase, 1 to 5. A phase that was run already, or is before one that was, is not run again.
    pub(super) fn run(&mut self, phase: u8) -> Verdict {
        if phase > self.phase {
            self.phase = phase;
            self.tell_time();
            run_phase(&self.policy, &self.values, &mut self.state, phase);
            Recording::compare(&self.policy, &mut self.state, phase);
            self.state.work.trim();
        }
        Verdict::of(self.state.interruption.as_ref())
    }

    /// Whether some rule looks at a variable.
    pub(super) fn uses(&self, variable: Variable) -> bool {
        let mut programs = self.policy.programs.iter();
        programs.any(|program| program.used.contains(variable))
    }

    /// Ends the exchange: runs the logging phase.
    pub fn run_logging(&mut self) {
        self.run(5);
    }
}
