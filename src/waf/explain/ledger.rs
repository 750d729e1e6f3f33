//! Scores: which rule added what to which of them, and what the rules that refuse compared.
//!
//! A score is a number of `TX` that rules add to. Invariant: the numbers are those that the evaluation
//! saw. Non-goal: what a score means; rule sets name them as they like.

use std::sync::Arc;

use crate::waf::{
    Transaction,
    evaluate::{Compared, Comparison, Note, Recording},
    ruleset::{Effect, TxChange},
};

/// The scores of an exchange.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Additions, in the order in which they came.
    pub postings: Vec<Posting>,
    /// What each rule compared that refuses by a number, in the order of the phases that were run.
    pub thresholds: Vec<Threshold>,
}

/// An addition to a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The rule that added.
    pub rule: u64,
    /// The score, without `tx.`.
    pub score: Vec<u8>,
    /// What it was; 0 where it was not set.
    pub before: i64,
    /// What it became.
    pub after: i64,
}

/// A comparison that decides whether a rule refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The rule.
    pub rule: u64,
    /// The file that it stands in.
    pub file: Arc<str>,
    /// The line that it begins at, from 1.
    pub line: u32,
    /// Its phase, 1 to 5.
    pub phase: u8,
    /// What is compared, without `tx.`.
    pub score: Vec<u8>,
    /// What it was as the phase ended; `None`: not set, so that the comparison did not hold.
    pub number: Option<i64>,
    /// Whether it is how many members there are of that name, rather than its number.
    pub counted: bool,
    /// The operator, for example `ge`.
    pub operator: &'static str,
    /// Whether it is negated.
    pub negated: bool,
    /// The member that has the limit, without `tx.`, where it does not stand in the rule.
    pub limit_name: Option<Vec<u8>>,
    /// The limit.
    pub limit: i64,
    /// Whether the comparison held.
    pub holds: bool,
    /// Whether the rule refused the exchange, or would have if rules were obeyed.
    pub refused: bool,
    /// Whether the rule has been removed.
    pub removed: bool,
}

impl Ledger {
    pub(super) fn of(transaction: &Transaction, recording: &Recording) -> Self {
        let postings = recording.notes.iter();
        let postings = postings.filter_map(|note| posting(transaction, note));
        let thresholds = recording.comparisons.iter();
        let thresholds =
            thresholds.flat_map(|comparison| thresholds_of(transaction, recording, comparison));
        Self {
            postings: postings.collect(),
            thresholds: thresholds.collect(),
        }
    }
}

fn posting(transaction: &Transaction, note: &Note) -> Option<Posting> {
    let Note::Change {
        place,
        name,
        effect,
        before,
        after,
    } = note
    else {
        return None;
    };
    let rule = transaction.rule(place.program, place.rule)?;
    let effect = rule.links.get(place.link)?.effects.get(*effect)?;
    let Effect::SetTx(_, change) = effect else {
        return None;
    };
    let adds = match change {
        TxChange::AddNumber(_)
        | TxChange::AddSlot(_)
        | TxChange::Add(_)
        | TxChange::Subtract(_) => true,
        TxChange::Set(_) | TxChange::SetText(..) | TxChange::Unset => false,
    };
    let number = |value: &Option<Box<[u8]>>| match value {
        None => Some(0),
        Some(value) => std::str::from_utf8(value).ok()?.trim().parse::<i64>().ok(),
    };
    let (before, after) = (number(before)?, number(after)?);
    (adds && before != after).then(|| Posting {
        rule: rule.info.id,
        score: name.to_ascii_lowercase(),
        before,
        after,
    })
}

fn thresholds_of(
    transaction: &Transaction,
    recording: &Recording,
    comparison: &Comparison,
) -> Vec<Threshold> {
    let Comparison {
        program,
        rule,
        links,
        removed,
    } = comparison;
    let Some(compiled) = transaction.rule(*program, *rule) else {
        return Vec::new();
    };
    let last = compiled.links.len().saturating_sub(1);
    let refused = recording.notes.iter().any(|note| match note {
        Note::Hit { place, .. } => {
            (place.program, place.rule, place.link) == (*program, *rule, last)
        }
        Note::Change { .. } => false,
    });
    let each = links.iter().map(|link| {
        let Compared {
            left,
            number,
            counted,
            operator,
            negated,
            right,
            limit,
            holds,
        } = link;
        Threshold {
            rule: compiled.info.id,
            file: Arc::clone(&compiled.info.file),
            line: compiled.info.line,
            phase: compiled.phase,
            score: left.to_ascii_lowercase(),
            number: *number,
            counted: *counted,
            operator,
            negated: *negated,
            limit_name: right.as_ref().map(|name| name.to_ascii_lowercase()),
            limit: *limit,
            holds: *holds,
            refused,
            removed: *removed,
        }
    });
    each.collect()
}
