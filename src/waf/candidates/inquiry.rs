//! Asking the matcher, and what is worth knowing the next time.
//!
//! Invariant: what is kept depends on the plan and on bytes that are compared whole, never on the
//! exchange that they came with, so that it serves every exchange alike. Non-goal: the answers
//! themselves; each exchange has its own.

use smallvec::SmallVec;

use super::{
    answers::Answers,
    memo::Memo,
    plan::{Plan, Row},
};
use crate::waf::{
    matcher::{Bits, Scratch},
    tx::TxStore,
    values::{Source, Values},
};

/// States of the gates for which is kept what is asked then: paranoia levels that are in use.
const STATES: usize = 4;

/// What one worker keeps of one plan.
#[derive(Debug, Default)]
pub(crate) struct Inquiry {
    scratch: Scratch,
    memo: Memo,
    /// What the gates depend on at the moment.
    key: Vec<Option<i64>>,
    /// [`STATES`] at the most, the one used last in front.
    states: Vec<State>,
    /// Memory for the answers of the next exchange.
    spare: Vec<Vec<Bits>>,
}

/// What is asked while the gates are in some state.
#[derive(Debug)]
struct State {
    key: Vec<Option<i64>>,
    reached: Bits,
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

impl State {
    fn new(plan: &Plan, tx: &TxStore, key: &[Option<i64>]) -> Self {
        let reached = plan.gates.reached(tx);
        let of_row = |row: &Row| {
            let sets = row.sets.iter();
            sets.map(|set| set.intersection(&reached)).collect()
        };
        Self {
            key: key.to_vec(),
            reached,
            wanted: plan.rows.iter().map(of_row).collect(),
        }
    }
}

impl Inquiry {
    /// Asks the matcher about the values that have come since it was asked last during the exchange.
    pub(crate) fn follow(
        &mut self,
        answers: &mut Answers,
        plan: &Plan,
        values: &Values,
        tx: &TxStore,
    ) {
        let Self {
            scratch,
            memo,
            key,
            states,
            spare,
        } = self;
        let Answers {
            rows,
            any,
            asked,
            possible,
        } = answers;
        plan.gates.key(tx, key);
        match states.iter().position(|state| state.key == *key) {
            Some(0) => {}
            Some(place) => states.swap(0, place),
            None => {
                states.truncate(STATES - 1);
                states.insert(0, State::new(plan, tx, key));
            }
        }
        let Some(State {
            reached, wanted, ..
        }) = states.first()
        else {
            return;
        };
        let all = asked.map_or(*reached, |asked| asked.intersection(reached));
        *asked = Some(all);
        if rows.is_empty() {
            std::mem::swap(rows, spare);
        }
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
        let asking = plan.rows.iter().zip(wanted).zip(&mut *rows);
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

    /// Ends what was asked during an exchange: its answers are not read any more.
    pub(crate) fn end(&mut self, answers: &mut Answers) {
        answers.clear();
        self.spare = std::mem::take(&mut answers.rows);
    }

    /// Bytes that the caches of regular expressions take, roughly.
    pub(crate) fn memory_usage(&self) -> usize {
        self.scratch.memory_usage()
    }
}
