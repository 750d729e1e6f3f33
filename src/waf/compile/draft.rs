//! Rules while directives may still change them.

use crate::waf::seclang::{Action, ActionKind, OperatorCall, Span, Target, skipped};

/// A rule, as written.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) span: Span,
    pub(super) phase: u8,
    pub(super) id: u64,
    /// Actions of `SecDefaultAction` for its phase, as they stood.
    pub(super) defaults: Vec<Action>,
    pub(super) links: Vec<DraftLink>,
    /// Which document of the unit it stands in.
    pub(super) document: usize,
    pub(super) removed: bool,
}

/// A link, as written.
#[derive(Clone, Debug)]
pub(super) struct DraftLink {
    pub(super) targets: Vec<Target>,
    /// `None` for `SecAction`.
    pub(super) operator: Option<OperatorCall>,
    pub(super) actions: Vec<Action>,
}

impl Draft {
    /// The actions of the first link, those of the defaults before them.
    pub(super) fn head(&self) -> impl Iterator<Item = &Action> {
        let first = self.links.first();
        let own = first.into_iter().flat_map(|link| &link.actions);
        self.defaults.iter().chain(own)
    }

    /// The tags, without macros.
    pub(super) fn tags(&self) -> impl Iterator<Item = Vec<u8>> {
        self.head().filter_map(|action| match &action.kind {
            ActionKind::Tag(tag) => Some(super::templates::plain(tag)),
            _ => None,
        })
    }

    /// An operator in it for which rules are skipped, and why they are.
    pub(super) fn skipped_for(&self) -> Option<(&'static str, &'static str)> {
        let operators = self.links.iter().filter_map(|link| link.operator.as_ref());
        let mut names = operators.map(|operator| operator.name);
        names.find_map(|name| skipped().find(|(skipped, _)| *skipped == name))
    }

    /// The message, macros left out.
    pub(super) fn msg(&self) -> Option<Vec<u8>> {
        let msgs = self.head().filter_map(|action| match &action.kind {
            ActionKind::Msg(msg) => Some(super::templates::plain(msg)),
            _ => None,
        });
        msgs.last()
    }
}

impl DraftLink {
    /// Whether another link follows.
    pub(super) fn is_chained(&self) -> bool {
        self.actions
            .iter()
            .any(|action| action.kind == ActionKind::Chain)
    }
}
