//! What of an exchange may be shown to whoever asks why, by the masks of the logs.
//!
//! Non-goal: how it is shown.

use std::borrow::Cow;

use super::{About, Masks, assignments, view::View};
use crate::waf::{Match, Transaction};

/// Bytes shown of a message, its data or a tag.
const TEXT: usize = 4 << 10;

/// What of an exchange may be shown.
#[derive(Debug)]
pub(in crate::waf) struct Disclosure<'a> {
    view: View<'a>,
}

/// The texts of a match as they may be shown.
#[derive(Clone, Debug, Default)]
pub(in crate::waf) struct Texts {
    pub(in crate::waf) msg: Vec<u8>,
    pub(in crate::waf) data: Vec<u8>,
    pub(in crate::waf) tags: Vec<Vec<u8>>,
}

impl<'a> Disclosure<'a> {
    pub(in crate::waf) fn new(
        transaction: &'a Transaction,
        about: &'a About<'a>,
        masks: &'a Masks,
    ) -> Self {
        Self {
            view: View::new(transaction, about, masks),
        }
    }

    /// The target of the request.
    pub(in crate::waf) fn target(&self) -> &[u8] {
        &self.view.target
    }

    /// The name of a variable with its member.
    pub(in crate::waf) fn variable<'m>(&self, variable: &'m [u8]) -> Cow<'m, [u8]> {
        self.view.variable(variable)
    }

    /// Whether a value, or anything in it, is masked.
    pub(in crate::waf) fn hides(&self, variable: &[u8], value: &[u8]) -> bool {
        self.view.hides_match(variable, value) || assignments::hides(self.view.masks, value)
    }

    /// The texts of a match.
    pub(in crate::waf) fn texts(&self, found: &Match<'_>) -> Texts {
        let shown = self.view.shown(found, TEXT);
        Texts {
            msg: shown.msg.text.into_owned(),
            data: shown.data.text.into_owned(),
            tags: shown
                .tags
                .into_iter()
                .map(|tag| tag.text.into_owned())
                .collect(),
        }
    }
}
