//! What the matcher has answered during one exchange.

use super::plan::Plan;
use crate::waf::{matcher::Bits, values::Source};

/// Answers of which the memory is kept for reuse; an exchange with more values gives the rest back.
const KEPT: usize = 1024;

/// What the matcher has answered during one exchange about the values of some phases.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// By row of the plan, and value.
    pub(super) rows: Vec<Vec<Bits>>,
    /// Atoms that hold for some value.
    pub(super) any: Bits,
    /// Atoms that were asked of every value so far.
    pub(super) asked: Option<Bits>,
    /// Atoms whose rules can match: those that hold, and those that were not asked.
    pub(super) possible: Bits,
}

impl Answers {
    /// Forgets the exchange and keeps the memory.
    pub(crate) fn clear(&mut self) {
        for row in &mut self.rows {
            row.clear();
            row.shrink_to(KEPT);
        }
        self.any = Bits::EMPTY;
        self.asked = None;
    }

    /// The first atom, `atom` or after it, whose rule can match at all.
    pub(crate) fn possible(&self, atom: u16) -> Option<u16> {
        self.possible.next(atom)
    }

    /// Whether the matcher was asked.
    pub(crate) fn was_asked(&self, atom: u16) -> bool {
        self.asked.is_some_and(|asked| asked.contains(atom))
    }

    /// Whether an atom, which was asked, holds for the value at `index` of a source.
    pub(crate) fn holds(&self, plan: &Plan, source: Source, index: usize, atom: u16) -> bool {
        let row = plan.row(source).and_then(|row| self.rows.get(row));
        row.and_then(|row| row.get(index))
            .is_some_and(|holds| holds.contains(atom))
    }
}
