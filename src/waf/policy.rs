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
    /// Whether rules are asked for one by one, without the matcher.
    pub(crate) one_by_one: bool,
}

impl Policy {
    /// The same, obeyed as `mode` says whatever the rules' own settings are.
    #[must_use]
    pub fn in_mode(mut self, mode: EngineMode) -> Self {
        self.mode = mode;
        self
    }

    /// The same, with every rule evaluated on every value. It finds what the matcher finds, a hundred
    /// times slower: the reference that the matcher is held to.
    #[must_use]
    pub fn one_by_one(mut self) -> Self {
        self.one_by_one = true;
        self
    }

    /// The same, with members of `TX` set when an exchange begins. Those whose names stand in no rule
    /// are left out: nothing asks for them.
    #[must_use]
    pub fn with_presets<'a>(
        mut self,
        presets: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let slots = presets.into_iter().filter_map(|(name, value)| {
            let slot = self.names.find(name.to_ascii_lowercase().as_bytes())?;
            Some((slot, value.as_bytes().into()))
        });
        self.preset = slots.collect();
        self
    }

    /// What is set for the engine.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether refusals are carried out.
    pub fn mode(&self) -> EngineMode {
        self.mode
    }

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
