//! A piece of inspection that runs in one go, on a worker or on a thread of its own.

use super::{
    budget::{Holder, Share},
    guard::guarded,
    kept::Kept,
};
use crate::waf::{
    Transaction, Verdict, Workspace,
    body::coding::{CodingError, CodingLimits, Decoder},
};

/// Bytes of what is looked at up to which a worker does it itself: about a millisecond.
const INLINE: usize = 12 << 10;
/// Bytes that are decoded between two looks at the budget.
const DECODE_STEP: usize = 4 << 10;

/// What is to be done. What it looks at was told to the transaction before, but for bodies.
#[derive(Debug)]
pub(super) enum Work {
    /// Phase 1.
    RequestHead {
        /// Bytes of the head.
        length: usize,
        /// Whether no body is looked at, so that phase 2 follows at once.
        alone: bool,
    },
    /// Phase 2.
    RequestBody(Content),
    /// Phase 3.
    ResponseHead,
    /// Phase 4.
    ResponseBody(Content),
}

/// A body to be looked at.
#[derive(Debug)]
pub(super) struct Content {
    /// What there is of it, as it came.
    pub(super) bytes: Vec<u8>,
    /// How many of `bytes` are looked at.
    pub(super) shown: usize,
    /// Whether these are all of the body.
    pub(super) whole: bool,
    /// What has been done to it, if anything.
    pub(super) coding: Option<Coding>,
    /// What `bytes` draw on, which is given back where they are let go.
    pub(super) share: Option<Share>,
    /// Who holds what is kept for the audit log, where there is one.
    pub(super) keep: Option<Holder>,
    /// What was kept, as it was looked at.
    pub(super) kept: Kept,
}

/// How a body is decoded.
#[derive(Debug)]
pub(super) struct Coding {
    /// The value of `Content-Encoding`.
    pub(super) name: Vec<u8>,
    /// Bytes of the decoded body that are looked at.
    pub(super) limit: u64,
    /// What the decoded body draws on.
    pub(super) share: Share,
    /// Bytes that have come of it.
    pub(super) decoded: usize,
    /// Whether a body longer than `limit` is looked at up to there, rather than not at all.
    pub(super) cut: bool,
    /// Whether a body with a fault is looked at as far as it can be read, rather than not at all.
    pub(super) lenient: bool,
    /// Whether what came of a whole body takes its place: what is forwarded is then what was looked at,
    /// also to those who do not heed `Content-Encoding`.
    pub(super) replaces: bool,
}

/// Why a body was not looked at, or not all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It cannot be decoded.
    Coding(CodingError),
    /// There is no room for the decoded body.
    NoRoom,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) verdict: Verdict,
    pub(super) fault: Option<Fault>,
}

impl Work {
    /// Bytes of bodies that the transaction was given.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::RequestHead { .. } | Self::ResponseHead => 0,
            Self::RequestBody(content) | Self::ResponseBody(content) => {
                let coding = content.coding.as_ref();
                content.shown.max(coding.map_or(0, |coding| coding.decoded))
            }
        }
    }

    /// Whether it may take long enough to hold up a worker.
    pub(super) const fn is_long(&self) -> bool {
        match self {
            Self::RequestHead { length, alone: _ } => *length > INLINE,
            Self::ResponseHead => false,
            Self::RequestBody(content) | Self::ResponseBody(content) => {
                // What is coded may be much longer than it looks.
                content.shown > INLINE || content.coding.is_some()
            }
        }
    }
}

/// Lends `workspace` to a transaction for as long as `run` takes. `None`, as `run` gives it, where the
/// engine panicked: what was lent may be in any state then, and goes with the transaction.
pub(super) fn lend<T>(
    workspace: &mut Box<Workspace>,
    transaction: &mut Transaction,
    run: impl FnOnce(&mut Transaction) -> Option<T>,
) -> Option<T> {
    transaction.exchange_workspace(workspace);
    let done = run(transaction)?;
    transaction.exchange_workspace(workspace);
    Some(done)
}

/// Does it; `None` where the engine panicked, and then the transaction is not to be used any more.
pub(super) fn perform_guarded(transaction: &mut Transaction, work: &mut Work) -> Option<Found> {
    guarded(|| perform(transaction, work)).ok()
}

fn perform(transaction: &mut Transaction, work: &mut Work) -> Found {
    let mut fault = None;
    let verdict = match work {
        Work::RequestHead { length: _, alone } => match transaction.run_request_head() {
            Verdict::Pass if *alone => {
                transaction.request_body(b"", true);
                transaction.run_request_body()
            }
            verdict => verdict,
        },
        Work::ResponseHead => transaction.run_response_head(),
        Work::RequestBody(content) => {
            fault = content.show(|bytes, whole| transaction.request_body(bytes, whole));
            match fault {
                Some(_) if !content.is_lenient() => Verdict::Pass,
                _ => transaction.run_request_body(),
            }
        }
        Work::ResponseBody(content) => {
            fault = content.show(|bytes, whole| transaction.response_body(bytes, whole));
            match fault {
                Some(_) if !content.is_lenient() => Verdict::Pass,
                _ => transaction.run_response_body(),
            }
        }
    };
    Found { verdict, fault }
}

impl Content {
    /// No body, or one that is not looked at.
    pub(super) fn nothing() -> Self {
        Self {
            bytes: Vec::new(),
            shown: 0,
            whole: true,
            coding: None,
            share: None,
            keep: None,
            kept: Kept::default(),
        }
    }

    /// Whether it is looked at although something is wrong with its coding.
    fn is_lenient(&self) -> bool {
        self.coding.as_ref().is_none_or(|coding| coding.lenient)
    }

    /// Shows what is looked at, decoded.
    fn show(&mut self, show: impl FnOnce(&[u8], bool)) -> Option<Fault> {
        let Self {
            bytes,
            shown,
            whole,
            coding,
            share: _,
            keep,
            kept,
        } = self;
        let show = |bytes: &[u8], whole| {
            if let Some(holder) = keep {
                *kept = Kept::of(bytes, whole, holder);
            }
            show(bytes, whole);
        };
        let raw = bytes.get(..*shown).unwrap_or(bytes);
        let Some(coding) = coding else {
            show(raw, *whole);
            return None;
        };
        let mut decoded = Vec::new();
        let outcome = coding.decode(raw, *whole, &mut decoded);
        coding.decoded = decoded.len();
        match outcome {
            Ok(()) => {
                show(&decoded, *whole);
                if coding.replaces && *whole {
                    *bytes = decoded;
                    *shown = bytes.len();
                }
            }
            Err(Fault::Coding(CodingError::TooLarge)) if coding.cut => {
                coding.lenient = true;
                show(&decoded, false);
                return Some(Fault::Coding(CodingError::TooLarge));
            }
            Err(fault) => {
                if coding.lenient {
                    // Where nothing can be read, rules see what came.
                    show(if decoded.is_empty() { raw } else { &decoded }, false);
                }
                return Some(fault);
            }
        }
        None
    }
}

impl Coding {
    fn decode(&mut self, raw: &[u8], whole: bool, decoded: &mut Vec<u8>) -> Result<(), Fault> {
        let limits = CodingLimits {
            size: self.limit,
            ..CodingLimits::default()
        };
        let mut decoder = Decoder::new(&self.name, limits).map_err(Fault::Coding)?;
        for piece in raw.chunks(DECODE_STEP) {
            let before = decoded.len();
            decoder.push(piece, decoded).map_err(Fault::Coding)?;
            if !self.share.grow(decoded.len() - before) {
                return Err(Fault::NoRoom);
            }
        }
        if whole {
            decoder.finish().map_err(Fault::Coding)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::*;
    use crate::waf::{
        RuleSet,
        seclang::{NoFiles, SourceMap},
    };

    #[test]
    fn what_was_lent_comes_back_unless_the_engine_panicked() {
        let rules = RuleSet::compile(&[], &SourceMap::default(), &NoFiles);
        let policy = Arc::new(rules.result.unwrap().policy());
        let mut transaction = Transaction::new(policy);
        let mut workspace = Box::<Workspace>::default();
        let lent = std::ptr::from_ref(&*workspace);
        let is_same = |workspace: &Workspace| std::ptr::eq(workspace, lent);
        let done = lend(&mut workspace, &mut transaction, |it| {
            perform_guarded(it, &mut Work::ResponseHead)
        });
        assert!(done.is_some() && is_same(&workspace));
        let done = lend(&mut workspace, &mut transaction, |_| {
            guarded(|| assert_eq!(1, 2, "this panic is part of the test")).ok()
        });
        assert!(done.is_none() && !is_same(&workspace));
        // It is with the transaction, and goes with it.
        transaction.exchange_workspace(&mut workspace);
        assert!(is_same(&workspace));
    }
}
