//! What the matcher has answered during one exchange.

use super::plan::{Plan, Row};
use crate::waf::{
    matcher::{Bits, Scratch},
    tx::TxStore,
    values::{Source, Values},
};

/// Answers that are kept for reuse; an exchange with more values gives the rest back.
const KEPT: usize = 4096;

/// What the matcher has answered during one exchange, and its memory.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    rows: Vec<Vec<Bits>>,
    /// Atoms that hold for some value.
    any: Bits,
    /// Atoms that were asked of every value so far.
    asked: Option<Bits>,
    scratch: Scratch,
    /// What `reached` was made from.
    key: Vec<Option<i64>>,
    now: Vec<Option<i64>>,
    reached: Option<Bits>,
    /// The sets of each row, without what the gates keep from being asked.
    wanted: Vec<Vec<Bits>>,
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

    /// Asks the matcher about the values that have come since it was asked last.
    pub(crate) fn follow(&mut self, plan: &Plan, values: &Values, tx: &TxStore) {
        let Self {
            rows,
            any,
            asked,
            scratch,
            key,
            now,
            reached,
            wanted,
        } = self;
        plan.gates.key(tx, now);
        let mask = match reached {
            Some(mask) if key == now => *mask,
            _ => {
                std::mem::swap(key, now);
                let mask = *reached.insert(plan.gates.reached(tx));
                let of_row = |row: &Row| {
                    let sets = row.sets.iter();
                    sets.map(|set| set.intersection(&mask)).collect()
                };
                *wanted = plan.rows.iter().map(of_row).collect();
                mask
            }
        };
        *asked = Some(asked.map_or(mask, |asked| asked.intersection(&mask)));
        rows.resize_with(plan.rows.len(), Vec::new);
        for ((row, wanted), answers) in plan.rows.iter().zip(&*wanted).zip(rows) {
            let count = values.count(row.source);
            for index in answers.len()..count {
                let mut holds = Bits::EMPTY;
                if let Some((name, value)) = values.at(row.source, index)
                    && let Some(wanted) = wanted.get(row.set(name))
                    && !wanted.is_empty()
                {
                    match row.recurs {
                        true => plan.matcher.recall(value, wanted, scratch, &mut holds),
                        false => plan.matcher.run(value, wanted, scratch, &mut holds),
                    }
                    if !holds.is_empty() {
                        *any = any.union(&holds);
                    }
                }
                answers.push(holds);
            }
        }
    }

    /// Whether a rule can match at all. `true` where that was not asked.
    pub(crate) fn possible(&self, atom: u16) -> bool {
        self.any.contains(atom) || !self.was_asked(atom)
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
