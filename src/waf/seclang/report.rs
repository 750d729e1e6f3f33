//! What has been found wrong so far, and whose rules are read.
//!
//! Findings are bounded, and what is left out is warned of once a name. Non-goal: how a finding is shown.

use std::collections::HashSet;

use super::error::{Effect, Finding, FindingKind, NameKind};
use super::left_out::{CONFINED, LEFT_OUT};
use super::nearest::nearest;
use super::text::Text;

/// Who wrote the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Whoever runs the process.
    Operator,
    /// Whoever may write a namespaced resource: nothing of the process or its machine is theirs.
    Tenant,
}

/// Most errors that are kept, and most warnings.
pub(super) const MAX_FINDINGS: usize = 200;

#[derive(Debug)]
pub(super) struct Report {
    pub(super) errors: Vec<Finding>,
    pub(super) warnings: Vec<Finding>,
    /// How many errors there were, kept or not.
    pub(super) faults: usize,
    trust: Trust,
    /// Of what is left out, that of which a warning has been given.
    said: HashSet<(NameKind, &'static str)>,
}

impl Report {
    pub(super) fn new(trust: Trust) -> Self {
        Self {
            errors: Vec::new(),
            warnings: Vec::new(),
            faults: 0,
            trust,
            said: HashSet::new(),
        }
    }

    /// Keeps an error, unless there are [`MAX_FINDINGS`].
    pub(super) fn error(&mut self, finding: Finding) {
        self.faults += 1;
        if !self.is_full() {
            self.errors.push(finding);
        }
    }

    pub(super) fn warn(&mut self, finding: Finding) {
        if self.warnings.len() < MAX_FINDINGS {
            self.warnings.push(finding);
        }
    }

    /// Whether no more errors are kept.
    pub(super) fn is_full(&self) -> bool {
        self.errors.len() >= MAX_FINDINGS
    }

    /// Looks a name up among those that are confined or left out, with the value given to it if
    /// it has one. Returns whether it is left out; a warning has been given then.
    pub(super) fn check(
        &mut self,
        kind: NameKind,
        name: Text<'_>,
        value: Option<Text<'_>>,
    ) -> Result<bool, Finding> {
        if self.trust == Trust::Tenant
            && let Some(row) = CONFINED
                .iter()
                .find(|row| row.kind == kind && name.is(row.name))
        {
            let found = FindingKind::Confined {
                kind,
                name: row.name,
                reason: row.reason,
            };
            return Err(found.at(name));
        }
        let Some(row) = LEFT_OUT.iter().find(|row| row.covers(kind, name)) else {
            return Ok(false);
        };
        let harmless = value.is_some_and(|value| row.harmless.iter().any(|known| value.is(known)));
        if harmless {
            return Ok(true);
        }
        let found = FindingKind::LeftOut {
            kind,
            name: row.name,
            effect: row.effect,
            reason: row.reason,
        };
        match row.effect {
            Effect::Error => Err(found.at(name)),
            Effect::Warning => {
                if self.said.insert((kind, row.name)) {
                    self.warn(found.at(name));
                }
                Ok(true)
            }
            Effect::Skip => Ok(true),
        }
    }
}

/// That a name is none of the known ones.
pub(super) fn unknown(
    kind: NameKind,
    name: Text<'_>,
    known: impl Iterator<Item = &'static str>,
) -> Finding {
    let found = FindingKind::Unknown {
        kind,
        name: name.shown(),
        nearest: nearest(name.bytes(), known),
    };
    found.at(name)
}
