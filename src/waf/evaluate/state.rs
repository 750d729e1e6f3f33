//! What evaluation writes during one exchange.

use std::sync::Arc;

use super::{Recording, Workspace};
use crate::waf::{
    Pairs,
    candidates::Answers,
    ruleset::{Exclusion, Program, RuleBits},
    seclang::{AuditMode, AuditParts, BodyProcessor, EngineMode},
    tx::TxStore,
};

/// Matches that are kept for the log; more are counted only.
pub(crate) const EVENTS: usize = 256;

/// Bytes of a matched value that are kept.
pub(crate) const VALUE_KEPT: usize = 4096;

/// What evaluation writes during one exchange.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) tx: TxStore,
    pub(crate) engine: Engine,
    /// Rules that a rule has removed, program by program.
    pub(crate) removed: Vec<RuleBits>,
    /// Targets that a rule has removed.
    pub(crate) exclusions: Vec<Arc<Exclusion>>,
    /// `MATCHED_VAR_NAME` and `MATCHED_VAR`: the last match of all.
    pub(crate) matched_name: Vec<u8>,
    pub(crate) matched_value: Vec<u8>,
    /// `MATCHED_VARS`: the matches of the rule at hand.
    pub(crate) matched: Pairs,
    /// The lowest severity number so far; 255 is none.
    pub(crate) highest_severity: u8,
    pub(crate) events: Vec<Event>,
    /// Matches that were not kept.
    pub(crate) events_lost: u64,
    pub(crate) interruption: Option<Interruption>,
    /// Phases up to this one are not evaluated any more.
    pub(crate) allowed_to: u8,
    /// What rules have set for the exchange, over the settings of its rule set.
    pub(crate) set: Overrides,
    pub(crate) environment: Pairs,
    /// What the matcher has answered, program by program and plan by plan.
    pub(crate) answers: Vec<[Answers; Program::PLANS]>,
    /// Its own where nobody lends one.
    pub(crate) work: Box<Workspace>,
    /// What is noted of the exchange, if anybody asks.
    pub(crate) recording: Option<Box<Recording>>,
}

/// What rules have set for one exchange.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) request_processor: Option<BodyProcessor>,
    pub(crate) response_processor: Option<BodyProcessor>,
    pub(crate) request_access: Option<bool>,
    pub(crate) response_access: Option<bool>,
    pub(crate) request_limit: Option<u64>,
    pub(crate) response_limit: Option<u64>,
    pub(crate) force_request_body: bool,
    pub(crate) force_response_body: bool,
    pub(crate) audit: Option<AuditMode>,
    pub(crate) audit_parts: Option<AuditParts>,
    /// Whether a rule that matched asks for an audit log entry.
    pub(crate) audit_asked: bool,
}

/// Whether rules are obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Engine(pub(crate) EngineMode);

impl Default for Engine {
    fn default() -> Self {
        Self(EngineMode::DetectionOnly)
    }
}

/// A rule that matched.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Which program of the policy it is of.
    pub(crate) program: usize,
    /// Its index there.
    pub(crate) rule: usize,
    /// `msg`, expanded.
    pub(crate) msg: Box<[u8]>,
    /// `logdata`, expanded.
    pub(crate) data: Box<[u8]>,
    /// `tag`, expanded.
    pub(crate) tags: Box<[Box<[u8]>]>,
    /// The variable that matched last.
    pub(crate) variable: Box<[u8]>,
    /// What it held, transformed, up to [`VALUE_KEPT`] bytes.
    pub(crate) value: Box<[u8]>,
    /// Whether it refused the exchange, or would have if rules were obeyed.
    pub(crate) disruptive: bool,
}

/// Why an exchange goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interruption {
    pub(crate) program: usize,
    pub(crate) rule: usize,
    pub(crate) phase: u8,
    pub(crate) kind: Kind,
}

/// What happens to an exchange that goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is answered with this status, which the rule may have named.
    Deny { status: u16, named: bool },
    /// The connection is closed.
    Drop,
    /// It is sent to this place, with this status.
    Redirect(u16, Box<[u8]>),
}

impl State {
    /// Begins anew and keeps the memory, up to a bound. `names`: how many members of `TX` have places.
    pub(crate) fn reset(&mut self, names: usize, programs: &[Arc<Program>], engine: EngineMode) {
        self.tx.reset(names);
        self.engine = Engine(engine);
        for bits in &mut self.removed {
            bits.clear();
        }
        self.removed.resize_with(programs.len(), RuleBits::default);
        self.exclusions.clear();
        self.matched_name.clear();
        self.matched_value.clear();
        self.matched.clear();
        self.highest_severity = u8::MAX;
        self.events.clear();
        self.events_lost = 0;
        self.interruption = None;
        self.allowed_to = 0;
        self.set = Overrides::default();
        self.environment.clear();
        self.answers.iter_mut().flatten().for_each(Answers::clear);
        self.answers.resize_with(programs.len(), Default::default);
        self.recording = None;
    }

    /// Whether a rule was removed by another.
    pub(crate) fn is_removed(&self, program: usize, rule: usize) -> bool {
        self.removed
            .get(program)
            .is_some_and(|removed| removed.contains(rule))
    }
}
