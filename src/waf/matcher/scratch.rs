//! What a matcher keeps from one value to the next.
//!
//! Invariant: it belongs to one matcher at a time and is emptied when used with another, since what
//! one has learnt says nothing to the other. Non-goal: sharing between workers; each has its own.

use std::fmt;
use std::sync::Arc;

use super::known::Known;
use super::texts::Texts;
use crate::waf::operators::Caches;

/// Memory of one worker for [`Matcher::run`](super::Matcher::run). It is bounded: the caches of
/// operators by what these say, all else by the matcher's size.
#[derive(Default)]
pub struct Scratch {
    /// Of the matcher it was used with.
    owner: Option<Arc<()>>,
    pub(super) known: Known,
    pub(super) texts: Texts,
    pub(super) caches: Caches,
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}

impl Scratch {
    /// Makes it one of `owner`.
    #[inline]
    pub(super) fn belong_to(&mut self, owner: &Arc<()>) {
        let same = self
            .owner
            .as_ref()
            .is_some_and(|mine| Arc::ptr_eq(mine, owner));
        if !same {
            *self = Self {
                owner: Some(Arc::clone(owner)),
                ..Self::default()
            };
        }
    }
}
