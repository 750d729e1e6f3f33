//! Where a message's text is from, and so whether it may be shown.
//!
//! A message is expanded when its rule matches, long before it is written; its template still says
//! what each piece was. Invariant: a text is shown as it is only where every piece is from what is not
//! masked.

use std::borrow::Cow;

use super::{
    templates,
    view::{Cut, View},
};
use crate::waf::{
    Variable,
    ruleset::{Expand, Expansion, Rule, Select},
};

/// What matched, as far as masks bear on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    /// Whether its value is masked.
    pub(super) hides: bool,
    /// Whether a piece of it is.
    pub(super) hides_piece: bool,
    /// Whether its name is.
    pub(super) hides_name: bool,
}

/// Where a text is from; of several, the last of these counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// From what is not masked.
    Open,
    /// From wherever a rule has copied it.
    Copy,
    /// From what is masked.
    Masked,
}

impl View<'_> {
    /// A text as it was expanded from `template`, for a match on `subject`, cut after `limit` bytes.
    pub(super) fn expanded<'m>(
        &self,
        rule: &Rule,
        template: &Expansion,
        text: &'m [u8],
        subject: &Subject,
        limit: usize,
    ) -> Cut<'m> {
        if template.literal().is_some() {
            let shown = text.get(..limit).unwrap_or(text);
            return Cut {
                text: Cow::Borrowed(shown),
                missing: text.len() - shown.len(),
            };
        }
        let origins = |macros: &[Expand]| {
            let each = macros.iter().map(|piece| self.origin(rule, piece, subject));
            each.max().unwrap_or(Origin::Open)
        };
        let hides = match origins(&template.pieces) {
            Origin::Open => false,
            Origin::Masked => true,
            Origin::Copy => match templates::pieces(template, text) {
                None => self.secrets().touch(text),
                Some(pieces) => pieces.iter().any(|piece| {
                    origins(piece.macros) == Origin::Copy && self.secrets().touch(piece.text)
                }),
            },
        };
        match hides {
            true => Cut::MASKED,
            false => self.cut(text, limit),
        }
    }

    /// Where the text of a macro is from.
    fn origin(&self, rule: &Rule, piece: &Expand, subject: &Subject) -> Origin {
        let masked = |hides: bool| match hides {
            true => Origin::Masked,
            false => Origin::Open,
        };
        let copy = |name: &[u8]| match self.masks.name(name) {
            true => Origin::Masked,
            false => Origin::Copy,
        };
        let captures = rule.links.last().is_some_and(|link| link.capture);
        match piece {
            Expand::Literal(_) => Origin::Open,
            Expand::Tx(slot) => match self.transaction.policy().names.name(*slot) {
                [b'0'..=b'9'] if subject.hides || self.captures(rule) => Origin::Masked,
                [b'0'..=b'9'] if captures && !subject.hides_piece => Origin::Open,
                name => copy(name),
            },
            Expand::Variable(variable, member) => match (variable, member.as_deref()) {
                (Variable::MatchedVar, _) => masked(subject.hides),
                (Variable::MatchedVars, _) => masked(subject.hides || self.captures(rule)),
                (Variable::MatchedVarName, _) => masked(subject.hides_name),
                (Variable::MatchedVarsNames, _) => Origin::Copy,
                (Variable::Tx | Variable::Env, member) => copy(member.unwrap_or_default()),
                (variable, Some(member)) => masked(self.hides(*variable, member)),
                (variable, None) => masked(self.hides_any(*variable)),
            },
        }
    }

    /// Whether an earlier link of a chain may have looked at what is masked.
    fn captures(&self, rule: &Rule) -> bool {
        let earlier = rule
            .links
            .split_last()
            .map_or(&[][..], |(_, earlier)| earlier);
        let mut targets = earlier.iter().flat_map(|link| &link.targets);
        targets.any(|target| match &target.select {
            Select::Name(name) => self.hides(target.variable, name),
            Select::All | Select::Regex(_) | Select::TxRegex(..) => self.hides_any(target.variable),
            Select::Tx(_) => false,
        })
    }
}
