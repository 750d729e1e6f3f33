//! What a matcher keeps from one value to the next.
//!
//! Invariant: it belongs to one matcher at a time and is emptied when used with another, since what
//! one has learnt says nothing to the other. Non-goal: sharing between workers; each has its own.

use std::sync::Arc;

use regex_automata::{Input, meta};

use super::Test;
use super::known::Known;
use super::texts::Texts;

/// Memory of one worker for [`Matcher::run`](super::Matcher::run). It is bounded: the caches of
/// regular expressions by their configuration, all else by the matcher's size.
#[derive(Default)]
pub struct Scratch {
    /// Of the matcher it was used with.
    owner: Option<Arc<()>>,
    pub(super) known: Known,
    pub(super) texts: Texts,
    pub(super) caches: Caches,
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

/// The caches of regular expressions, by the condition's number.
#[derive(Default)]
pub(super) struct Caches(Vec<Option<meta::Cache>>);

impl Caches {
    /// Whether a condition's test holds for a text.
    pub(super) fn holds(&mut self, bit: u16, test: &Test, text: &[u8]) -> bool {
        let regex = match test {
            Test::Other { holds, .. } => return holds(text),
            Test::Regex { regex, .. } => regex,
        };
        let place = usize::from(bit);
        if self.0.len() <= place {
            self.0.resize_with(place + 1, || None);
        }
        let Some(slot) = self.0.get_mut(place) else {
            return regex.is_match(text);
        };
        let cache = slot.get_or_insert_with(|| regex.create_cache());
        let input = Input::new(text).earliest(true);
        regex.search_half_with(cache, &input).is_some()
    }
}
