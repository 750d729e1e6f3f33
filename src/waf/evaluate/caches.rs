//! Caches of regular expressions, program by program.

use std::sync::Arc;

use crate::waf::{candidates::Answers, operators::Caches, ruleset::Program};

/// Programs whose caches a worker keeps.
const KEPT: usize = 8;

/// The caches of the programs that a worker has used last.
///
/// A cache belongs to one expression and to no other, so each is kept with the identity of its
/// program.
#[derive(Debug, Default)]
pub(crate) struct ProgramCaches {
    /// Those of the policy at hand first, in its order.
    kept: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    identity: Arc<()>,
    caches: Caches,
    answers: [Option<Box<Answers>>; Program::PLANS],
}

impl ProgramCaches {
    /// Makes ready for the programs of a policy.
    pub(crate) fn follow(&mut self, programs: &[Arc<Program>]) {
        for (index, program) in programs.iter().enumerate() {
            let known = self
                .kept
                .iter()
                .position(|kept| Arc::ptr_eq(&kept.identity, &program.identity));
            match known {
                Some(at) if at == index => {}
                Some(at) => {
                    let kept = self.kept.remove(at);
                    self.kept.insert(index.min(self.kept.len()), kept);
                }
                None => {
                    let kept = Kept {
                        identity: Arc::clone(&program.identity),
                        caches: Caches::default(),
                        answers: Default::default(),
                    };
                    self.kept.insert(index.min(self.kept.len()), kept);
                }
            }
        }
        self.kept.truncate(KEPT.max(programs.len()));
        let used = self.kept.iter_mut().take(programs.len());
        for answers in used.flat_map(|kept| &mut kept.answers).flatten() {
            answers.clear();
        }
    }

    /// The caches of the program at this index of the policy.
    pub(crate) fn of(&mut self, index: usize) -> Option<&mut Caches> {
        self.kept.get_mut(index).map(|kept| &mut kept.caches)
    }

    /// Lends the matcher's answers for a plan of the program at this index.
    pub(crate) fn take_answers(&mut self, index: usize, plan: usize) -> Box<Answers> {
        let kept = self.kept.get_mut(index);
        let answers = kept.and_then(|kept| kept.answers.get_mut(plan));
        answers.and_then(Option::take).unwrap_or_default()
    }

    /// Takes them back.
    pub(crate) fn give_answers(&mut self, index: usize, plan: usize, answers: Box<Answers>) {
        let kept = self.kept.get_mut(index);
        if let Some(place) = kept.and_then(|kept| kept.answers.get_mut(plan)) {
            *place = Some(answers);
        }
    }
}
