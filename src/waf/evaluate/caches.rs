//! What a worker has learnt about programs.
//!
//! Invariant: nothing in it comes of one exchange in such a way that another could tell. Non-goal:
//! sharing between workers.

use std::sync::{Arc, Weak};

use crate::waf::{candidates::Inquiry, operators::Caches, ruleset::Program};

/// Programs that are kept; those used last.
const KEPT: usize = 8;

/// Bytes of caches of regular expressions that are kept. The whole Core Rule Set comes to 10 to 20 MiB
/// under attack.
const BYTES: usize = 64 << 20;

/// How many times caches are used between two looks at what they take.
const BETWEEN_LOOKS: u32 = 4096;

/// What was learnt about the programs that were used last.
///
/// A cache belongs to one expression and to no other, so each is kept with the identity of its
/// program.
#[derive(Debug, Default)]
pub(crate) struct ProgramCaches {
    /// Those of the policy at hand first, in its order.
    kept: Vec<Kept>,
    /// Uses since the last look at what they take.
    uses: u32,
}

#[derive(Debug, Default)]
struct Kept {
    identity: Weak<()>,
    caches: Caches,
    inquiries: [Option<Box<Inquiry>>; Program::PLANS],
}

impl Kept {
    fn new(program: &Program) -> Self {
        Self {
            identity: Arc::downgrade(&program.identity),
            ..Self::default()
        }
    }

    fn is_of(&self, program: &Program) -> bool {
        std::ptr::eq(self.identity.as_ptr(), Arc::as_ptr(&program.identity))
    }

    fn memory_usage(&self) -> usize {
        let inquiries = self.inquiries.iter().flatten();
        self.caches.memory_usage() + inquiries.map(|it| it.memory_usage()).sum::<usize>()
    }
}

impl ProgramCaches {
    /// Makes ready for the programs of a policy.
    pub(crate) fn follow(&mut self, programs: &[Arc<Program>]) {
        self.uses += 1;
        if self.uses >= BETWEEN_LOOKS {
            self.uses = 0;
            self.bound(BYTES);
        }
        let kept = self.kept.iter().zip(programs);
        if kept.filter(|(kept, program)| kept.is_of(program)).count() < programs.len() {
            self.find(programs);
        }
    }

    #[cold]
    fn find(&mut self, programs: &[Arc<Program>]) {
        self.forget_gone();
        for (index, program) in programs.iter().enumerate() {
            let known = self.kept.iter().position(|kept| kept.is_of(program));
            let kept = match known {
                Some(at) => self.kept.remove(at),
                None => Kept::new(program),
            };
            self.kept.insert(index.min(self.kept.len()), kept);
        }
        self.kept.truncate(KEPT.max(programs.len()));
    }

    /// Lets go of what was learnt about programs that nobody has any more.
    pub(crate) fn forget_gone(&mut self) {
        self.kept.retain(|kept| kept.identity.strong_count() > 0);
    }

    /// Lets go of what takes more than `most` bytes together, of the programs used last at last.
    fn bound(&mut self, most: usize) {
        let mut rest = most;
        self.kept.retain(|kept| {
            let left = rest.checked_sub(kept.memory_usage());
            rest = left.unwrap_or(rest);
            left.is_some()
        });
    }

    /// The caches of the program at this index of the policy.
    pub(crate) fn of(&mut self, index: usize) -> Option<&mut Caches> {
        self.kept.get_mut(index).map(|kept| &mut kept.caches)
    }

    /// Lends what was learnt about a plan of the program at this index.
    pub(crate) fn take_inquiry(&mut self, index: usize, plan: usize) -> Box<Inquiry> {
        let kept = self.kept.get_mut(index);
        let inquiry = kept.and_then(|kept| kept.inquiries.get_mut(plan));
        inquiry.and_then(Option::take).unwrap_or_default()
    }

    /// Takes it back.
    pub(crate) fn give_inquiry(&mut self, index: usize, plan: usize, inquiry: Box<Inquiry>) {
        let kept = self.kept.get_mut(index);
        if let Some(place) = kept.and_then(|kept| kept.inquiries.get_mut(plan)) {
            *place = Some(inquiry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs<const COUNT: usize>() -> [Arc<Program>; COUNT] {
        std::array::from_fn(|_| Arc::default())
    }

    /// Which of the programs something is kept of.
    fn kept(caches: &ProgramCaches, programs: &[Arc<Program>]) -> Vec<usize> {
        let places = programs.iter().enumerate();
        let is_kept = |program: &Program| caches.kept.iter().any(|kept| kept.is_of(program));
        let places = places.filter(|(_, program)| is_kept(program));
        places.map(|(place, _)| place).collect()
    }

    #[test]
    fn what_was_learnt_stays_with_its_program_whichever_policy_it_is_used_in() {
        let [main, before, after] = programs();
        let mut caches = ProgramCaches::default();
        let policies = [
            vec![Arc::clone(&main)],
            vec![Arc::clone(&before), Arc::clone(&main)],
            vec![Arc::clone(&main), Arc::clone(&after)],
            vec![Arc::clone(&after), Arc::clone(&before), Arc::clone(&main)],
        ];
        let inquiry = Box::<Inquiry>::default();
        let mark = std::ptr::from_ref(&*inquiry);
        caches.follow(&policies[0]);
        caches.give_inquiry(0, 1, inquiry);
        for policy in policies.iter().chain(&policies) {
            caches.follow(policy);
            for (index, program) in policy.iter().enumerate() {
                assert!(caches.kept[index].is_of(program));
                let inquiry = caches.take_inquiry(index, 1);
                assert_eq!(
                    std::ptr::eq(mark, &*inquiry),
                    Arc::ptr_eq(program, &main),
                    "the main program's is its own"
                );
                caches.give_inquiry(index, 1, inquiry);
            }
        }
    }

    #[test]
    fn the_programs_used_last_are_kept_and_those_that_are_gone_are_not() {
        let mut all = programs::<12>().to_vec();
        let mut caches = ProgramCaches::default();
        for program in &all {
            caches.follow(std::slice::from_ref(program));
        }
        assert_eq!(kept(&caches, &all), (4..12).collect::<Vec<_>>());
        caches.follow(&all);
        assert_eq!(kept(&caches, &all).len(), 12, "all of one policy");
        all.truncate(3);
        caches.forget_gone();
        assert_eq!(caches.kept.len(), 3);
        caches.bound(0);
        assert_eq!(caches.kept.len(), 3, "what takes nothing stays");
    }
}
