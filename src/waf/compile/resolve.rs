//! Which rules an id, a tag or a message means.

use std::sync::Arc;

use regex_automata::{
    meta::{Config, Regex},
    util::syntax,
};

use super::{Fault, FaultKind, draft::Draft};
use crate::waf::{
    ruleset::{Program, RuleBits, any_holds},
    seclang::{IdRange, Span},
};

/// Bytes of a compiled expression that chooses rules or members.
const SELECTOR_SIZE: usize = 1 << 20;

/// What chooses rules.
pub(super) enum Chosen<'a> {
    Ids(&'a [IdRange]),
    Tag(Regex),
    Msg(Regex),
}

impl Chosen<'_> {
    /// Whether a rule is chosen.
    pub(super) fn draft(&self, draft: &Draft) -> bool {
        match self {
            Self::Ids(ranges) => any_holds(ranges, draft.id),
            Self::Tag(regex) => draft.tags().any(|tag| regex.is_match(&tag)),
            Self::Msg(regex) => draft.msg().is_some_and(|msg| regex.is_match(&msg)),
        }
    }

    /// The rules of a program that are chosen.
    pub(super) fn program(&self, program: &Program) -> RuleBits {
        let mut chosen = RuleBits::default();
        for (index, rule) in program.rules.iter().enumerate() {
            let holds = match self {
                Self::Ids(ranges) => any_holds(ranges, rule.info.id),
                Self::Tag(regex) => rule
                    .tags
                    .iter()
                    .any(|tag| regex.is_match(tag.literal().unwrap_or_default())),
                Self::Msg(regex) => regex.is_match(rule.msg.literal().unwrap_or_default()),
            };
            if holds {
                chosen.insert(index);
            }
        }
        chosen
    }
}

/// Compiles an expression that chooses rules, with case, or members, without.
pub(super) fn selector(pattern: &[u8], fold: bool, span: Span) -> Result<Regex, Fault> {
    let failed = |reason: String| Fault {
        span,
        kind: FaultKind::Selector {
            pattern: String::from_utf8_lossy(pattern).into_owned(),
            reason,
        },
    };
    let text = std::str::from_utf8(pattern).map_err(|error| failed(error.to_string()))?;
    Regex::builder()
        .syntax(
            syntax::Config::new()
                .unicode(false)
                .utf8(false)
                .dot_matches_new_line(true)
                .case_insensitive(fold),
        )
        .configure(
            Config::new()
                .utf8_empty(false)
                .nfa_size_limit(Some(SELECTOR_SIZE)),
        )
        .build(text)
        .map_err(|error| failed(error.to_string()))
}

/// The rules that `chosen` means among programs that are compiled already and drafts that are not,
/// program by program. `documents`: how many programs the drafts become.
pub(super) fn bits(
    chosen: &Chosen<'_>,
    prior: &[Arc<Program>],
    drafts: &[Draft],
    documents: usize,
) -> Arc<[RuleBits]> {
    let mut all: Vec<RuleBits> = prior
        .iter()
        .map(|program| chosen.program(program))
        .collect();
    for document in 0..documents {
        let mut bits = RuleBits::default();
        let kept = drafts.iter().filter(|draft| !draft.removed);
        let of_document = kept.filter(|draft| draft.document == document);
        for (index, draft) in of_document.enumerate() {
            if chosen.draft(draft) {
                bits.insert(index);
            }
        }
        all.push(bits);
    }
    all.into()
}
