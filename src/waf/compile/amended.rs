//! What was written and is not evaluated as it was written, for people who ask.
//!
//! Non-goal: anything that evaluation needs; nothing here is kept with the rules.

use std::sync::Arc;

use super::draft::Draft;
use crate::waf::{
    ruleset::{Program, RuleBits},
    seclang::{Location, SourceMap, Span},
};

/// A rule that is not evaluated, or not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amended {
    /// The rule's id.
    pub id: u64,
    /// The file that it stands in.
    pub file: Arc<str>,
    /// The line that it begins at, from 1.
    pub line: u32,
    /// Its phase, 1 to 5.
    pub phase: u8,
    /// `msg`, macros left out.
    pub msg: Box<[u8]>,
    /// What has become of it.
    pub how: Amendment,
}

/// What has become of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amendment {
    /// The directive at this place removes it.
    Removed(Location),
    /// The directive at this place changes its targets.
    Retargeted(Location),
    /// It has an operator for which rules are skipped.
    Skipped {
        /// The operator.
        operator: &'static str,
        /// Why.
        reason: &'static str,
    },
}

/// Amendments while rules are compiled.
#[derive(Debug, Default)]
pub(super) struct Amendments {
    drafts: Vec<(usize, Kind)>,
    /// Rules of prior programs, by their program.
    prior: Vec<(usize, RuleBits, Kind)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Removed(Span),
    Retargeted(Span),
    Skipped(&'static str, &'static str),
}

impl Amendments {
    pub(super) fn draft(&mut self, index: usize, kind: Kind) {
        self.drafts.push((index, kind));
    }

    pub(super) fn prior(&mut self, program: usize, rules: &RuleBits, kind: Kind) {
        if !rules.is_empty() {
            self.prior.push((program, rules.clone(), kind));
        }
    }

    /// All of them, in the order of their directives.
    pub(super) fn tell(
        &self,
        drafts: &[Draft],
        prior: &[Arc<Program>],
        sources: &SourceMap,
    ) -> Vec<Amended> {
        let of_drafts = self.drafts.iter().filter_map(|(index, kind)| {
            let draft = drafts.get(*index)?;
            let Location { file, line, .. } = sources.locate(draft.span);
            Some(Amended {
                id: draft.id,
                file,
                line,
                phase: draft.phase,
                msg: draft.msg().unwrap_or_default().into(),
                how: kind.told(sources),
            })
        });
        let of_prior = self.prior.iter().flat_map(|(program, bits, kind)| {
            let rules = prior.get(*program).map(|program| program.rules.iter());
            let chosen = rules.into_iter().flatten().enumerate();
            let chosen = chosen.filter(|(index, _)| bits.contains(*index));
            chosen.map(|(_, rule)| Amended {
                id: rule.info.id,
                file: Arc::clone(&rule.info.file),
                line: rule.info.line,
                phase: rule.phase,
                msg: rule.msg.literal().unwrap_or_default().into(),
                how: kind.told(sources),
            })
        });
        of_drafts.chain(of_prior).collect()
    }
}

impl Kind {
    fn told(self, sources: &SourceMap) -> Amendment {
        match self {
            Self::Removed(span) => Amendment::Removed(sources.locate(span)),
            Self::Retargeted(span) => Amendment::Retargeted(sources.locate(span)),
            Self::Skipped(operator, reason) => Amendment::Skipped { operator, reason },
        }
    }
}
