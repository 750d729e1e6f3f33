//! What is noted of an evaluation where somebody asks why: every match of a link, every change of `TX`
//! and what the rules that refuse have compared.
//!
//! Invariant: it notes what evaluation does and changes nothing of it; where nobody asks, a match costs
//! one test. Non-goal: explaining; that is [`crate::waf::explain`]'s.

use super::{State, link::Looking, targets::Named};
use crate::waf::{
    policy::Policy,
    ruleset::{Effect, Link, Quick, Right, TxName},
    tx::Slot,
};

/// Matches and changes that are noted of an exchange.
const NOTES: usize = 8192;

/// Bytes of all values that are noted together.
const BYTES: usize = 16 << 20;

/// What is noted of an exchange.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    /// In the order in which they came.
    pub(crate) notes: Vec<Note>,
    /// What rules that refuse have compared, as each phase ended.
    pub(crate) comparisons: Vec<Comparison>,
    /// How many notes there was no room for.
    pub(crate) lost: u64,
    bytes: usize,
}

/// Which link of which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkPlace {
    pub(crate) program: usize,
    pub(crate) rule: usize,
    pub(crate) link: usize,
}

/// Something that a link did.
#[derive(Debug)]
pub(crate) enum Note {
    /// It matched.
    Hit {
        place: LinkPlace,
        /// What it matched, as `MATCHED_VAR_NAME` has it; empty for `SecAction`.
        name: Box<[u8]>,
        /// The value before its transformations.
        raw: Box<[u8]>,
        /// How many of its transformations had been applied.
        applied: usize,
        /// What the operator compared with, macros expanded.
        argument: Box<[u8]>,
    },
    /// It changed a member of `TX`.
    Change {
        place: LinkPlace,
        name: Box<[u8]>,
        /// The effect's index among those of the link.
        effect: usize,
        before: Option<Box<[u8]>>,
        after: Option<Box<[u8]>>,
    },
}

/// What a rule that refuses compares, all of it numbers of `TX`.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) program: usize,
    pub(crate) rule: usize,
    pub(crate) links: Vec<Compared>,
    /// Whether it was not evaluated at all, since a directive, a policy or a rule has removed it.
    pub(crate) removed: bool,
}

/// One link of it.
#[derive(Debug)]
pub(crate) struct Compared {
    /// A member of `TX`.
    pub(crate) left: Box<[u8]>,
    /// What it was: a number, or how many there are of it. `None`: it is not set.
    pub(crate) number: Option<i64>,
    pub(crate) counted: bool,
    pub(crate) operator: &'static str,
    pub(crate) negated: bool,
    /// The member that it is compared with, if it is one.
    pub(crate) right: Option<Box<[u8]>>,
    pub(crate) limit: i64,
    pub(crate) holds: bool,
}

impl Recording {
    fn add(&mut self, note: Note) {
        self.bytes = self.bytes.saturating_add(note.size());
        if self.notes.len() >= NOTES || self.bytes > BYTES {
            self.lost += 1;
        } else {
            self.notes.push(note);
        }
    }

    /// Notes what the rules of a phase that refuse have compared.
    pub(crate) fn compare(policy: &Policy, state: &mut State, phase: u8) {
        let Some(mut recording) = state.recording.take() else {
            return;
        };
        for program in policy.order.iter().copied() {
            let rules = policy.programs.get(program).map(|it| it.rules.iter());
            for (rule, compiled) in rules.into_iter().flatten().enumerate() {
                if compiled.phase != phase || !compiled.is_disruptive() {
                    continue;
                }
                let links = compiled.links.iter();
                let links: Option<Vec<_>> = links.map(|it| compared(it, policy, state)).collect();
                let Some(links) = links else { continue };
                recording.comparisons.push(Comparison {
                    program,
                    rule,
                    links,
                    removed: policy.is_removed(program, rule) || state.is_removed(program, rule),
                });
            }
        }
        state.recording = Some(recording);
    }
}

impl Note {
    fn size(&self) -> usize {
        match self {
            Self::Hit {
                place: _,
                name,
                raw,
                applied: _,
                argument,
            } => name.len() + raw.len() + argument.len(),
            Self::Change {
                place: _,
                name,
                effect: _,
                before,
                after,
            } => {
                let values = before.iter().chain(after);
                name.len() + values.map(|it| it.len()).sum::<usize>()
            }
        }
    }
}

impl Looking<'_> {
    /// Notes that the link matches a value, its first `applied` transformations applied.
    pub(super) fn note(
        &self,
        name: Option<&Named<'_>>,
        raw: &[u8],
        applied: usize,
        state: &mut State,
    ) {
        let Some(recording) = &mut state.recording else {
            return;
        };
        let mut written = Vec::new();
        if let Some(name) = name {
            name.write(&mut written);
        }
        recording.add(Note::Hit {
            place: self.link_place(),
            name: written.into(),
            raw: raw.into(),
            applied,
            argument: self.argument.into(),
        });
    }

    /// Does what the link does besides refusing, and notes every change of `TX`.
    pub(super) fn apply_noting(&self, state: &mut State) {
        for (index, effect) in self.link.effects.iter().enumerate() {
            let name = match effect {
                Effect::SetTx(TxName::Slot(slot), _) => Some(self.name_of(*slot).into()),
                Effect::SetTx(TxName::Expanded(name), _) => Some(self.expander.text(name, state)),
                _ => None,
            };
            let before = name.as_ref().map(|name| self.tx_member(name, state));
            self.expander.apply(std::slice::from_ref(effect), state);
            let (Some(name), Some(before)) = (name, before) else {
                continue;
            };
            let after = self.tx_member(&name, state);
            if let Some(recording) = &mut state.recording {
                recording.add(Note::Change {
                    place: self.link_place(),
                    name,
                    effect: index,
                    before,
                    after,
                });
            }
        }
    }

    fn tx_member(&self, name: &[u8], state: &State) -> Option<Box<[u8]>> {
        let names = &self.expander.policy.names;
        let mut value = Vec::new();
        let lower = name.to_ascii_lowercase();
        let is_set = state.tx.write_named(names, &lower, &mut value);
        is_set.then(|| value.into())
    }

    fn name_of(&self, slot: Slot) -> &[u8] {
        self.expander.policy.names.name(slot)
    }

    fn link_place(&self) -> LinkPlace {
        let mut links = self.place.rule.links.iter();
        LinkPlace {
            program: self.place.index,
            rule: self.place.number,
            link: links
                .position(|link| std::ptr::eq(link, self.link))
                .unwrap_or_default(),
        }
    }
}

/// What a link compares; `None` if that is not a number of `TX` alone.
fn compared(link: &Link, policy: &Policy, state: &State) -> Option<Compared> {
    let quick: Quick = link.quick?;
    let (right, limit) = match quick.right {
        Right::Number(number) => (None, number),
        Right::Slot(slot) => {
            let name = policy.names.name(slot).into();
            (Some(name), state.tx.number(slot).unwrap_or(0))
        }
    };
    Some(Compared {
        left: policy.names.name(quick.slot).into(),
        number: match quick.count {
            true => Some(i64::from(state.tx.is_set(quick.slot))),
            false => state.tx.number(quick.slot),
        },
        counted: quick.count,
        operator: link.test.name,
        negated: link.test.negated,
        right,
        limit,
        holds: quick.matches(&state.tx),
    })
}
