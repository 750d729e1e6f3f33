//! A rule set as one route uses it.

use std::sync::Arc;

use super::{
    ruleset::{Exclusion, Program, RuleBits},
    seclang::{AuditParts, EngineMode},
    settings::Settings,
    tx::{Slot, TxNames},
};

/// A rule set as one route uses it: compiled rules, which are shared, and the little that differs.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The rule set, then rules before and after it.
    pub(crate) programs: Arc<[Arc<Program>]>,
    /// The order in which programs are evaluated.
    pub(crate) order: &'static [usize],
    pub(crate) names: Arc<TxNames>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) mode: EngineMode,
    /// Members of `TX` that are set when an exchange begins.
    pub(crate) preset: Arc<[(Slot, Box<[u8]>)]>,
    /// Rules that are not evaluated, program by program.
    pub(crate) removed: Arc<[RuleBits]>,
    /// Targets that are not looked at.
    pub(crate) exclusions: Arc<[Exclusion]>,
}

impl Policy {
    /// Whether a rule is not evaluated.
    pub(crate) fn is_removed(&self, program: usize, rule: usize) -> bool {
        self.removed
            .get(program)
            .is_some_and(|removed| removed.contains(rule))
    }

    /// The parts of an audit log entry.
    pub(crate) fn audit_parts(&self) -> AuditParts {
        self.settings.audit_parts
    }
}
