//! What a matcher keeps from one value to the next.
//!
//! Invariant: it belongs to one matcher at a time and is emptied when used with another, since what
//! one has learnt says nothing to the other. Non-goal: sharing between workers; each has its own.

use std::fmt;
use std::sync::Arc;

use super::Bits;
use super::courses::Courses;
use super::questions::Questions;
use super::texts::Texts;
use crate::waf::operators::Caches;

/// Memory of one worker for [`Matcher::run`](super::Matcher::run). It is bounded: the caches of
/// operators by what these say, all else by the matcher's size.
#[derive(Default)]
pub struct Scratch {
    /// Of the matcher it was used with.
    owner: Option<Arc<()>>,
    questions: Questions,
    pub(super) courses: Courses,
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

    /// Bytes that the caches of regular expressions take, roughly.
    pub fn memory_usage(&self) -> usize {
        self.caches.memory_usage()
    }

    /// The number of a question. Where there are too many, all that is kept with numbers goes.
    #[inline]
    pub(super) fn question(&mut self, wanted: &Bits) -> u16 {
        match self.questions.number(wanted) {
            Some(number) => number,
            None => self.question_anew(wanted),
        }
    }

    #[cold]
    fn question_anew(&mut self, wanted: &Bits) -> u16 {
        self.questions = Questions::default();
        self.courses = Courses::default();
        self.questions.number(wanted).unwrap_or(Questions::LIMIT)
    }
}
