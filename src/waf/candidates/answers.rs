//! What the matcher has answered during one exchange.

use smallvec::SmallVec;

use super::{
    memo::Memo,
    plan::{Plan, Row},
};
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
    /// Atoms whose rules can match: those that hold, and those that were not asked.
    possible: Bits,
    scratch: Scratch,
    memo: Memo,
    /// What `reached` was made from.
    key: Vec<Option<i64>>,
    now: Vec<Option<i64>>,
    reached: Option<Bits>,
    /// The sets of each row, without what the gates keep from being asked.
    wanted: Vec<Vec<Bits>>,
}

/// The value of a variable that has one, and what is asked about it.
struct Single<'a> {
    /// Its row.
    place: usize,
    value: &'a [u8],
    wanted: Bits,
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
            possible,
            scratch,
            memo,
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
        let all = asked.map_or(mask, |asked| asked.intersection(&mask));
        *asked = Some(all);
        rows.resize_with(plan.rows.len(), Vec::new);
        let mut ask = |value: &[u8], wanted: &Bits| {
            if wanted.is_empty() {
                return Bits::EMPTY;
            }
            let holds = memo.answer(value, wanted, |wanted, holds| {
                plan.matcher.run(value, wanted, scratch, holds);
            });
            if !holds.is_empty() {
                *any = any.union(&holds);
            }
            holds
        };
        let mut single = SmallVec::<[Single<'_>; 8]>::new();
        let asking = plan.rows.iter().zip(&*wanted).zip(&mut *rows);
        for (place, ((row, sets), answers)) in asking.enumerate() {
            for index in answers.len()..values.count(row.source) {
                let (name, value) = values.at(row.source, index).unwrap_or_default();
                let wanted = sets.get(row.set(name)).copied().unwrap_or(Bits::EMPTY);
                if let Source::One(_) = row.source {
                    single.push(Single {
                        place,
                        value,
                        wanted,
                    });
                } else {
                    answers.push(ask(value, &wanted));
                }
            }
        }
        // Variables may be one text, `REQUEST_URI` and `REQUEST_URI_RAW` mostly are: it is asked for
        // all of them at once.
        while let Some(first) = single.last() {
            let value = first.value;
            let is_same = |one: &Single<'_>| std::ptr::eq(one.value, value);
            let same = single.iter().filter(|one| is_same(one));
            let wanted = same.fold(Bits::EMPTY, |all, one| all.union(&one.wanted));
            let holds = ask(value, &wanted);
            single.retain(|one| {
                if is_same(one)
                    && let Some(answers) = rows.get_mut(one.place)
                {
                    answers.push(holds.intersection(&one.wanted));
                }
                !is_same(one)
            });
        }
        *possible = any.union(&all.complement());
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
