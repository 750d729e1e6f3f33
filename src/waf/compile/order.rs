//! Rules in the order of their phases, and where each leads.
//!
//! Takes time n log n in the rules and markers of a document, whatever leads where: a tenant's rules
//! may all lead to the last. Non-goal: leading back, which the rule language does not know.

use hashbrown::HashMap;

use super::{Fault, FaultKind};
use crate::waf::{
    ruleset::{Jump, Program, Rule, Step, Turn},
    seclang::Span,
};

/// A rule of a document, as far as order goes.
pub(super) struct Placed {
    pub(super) span: Span,
    pub(super) id: u64,
    pub(super) phase: u8,
    /// Its place among the drafts of its unit.
    pub(super) place: usize,
    pub(super) lead: Lead,
}

/// Where a rule leads when it matches, as written.
pub(super) enum Lead {
    /// To the next.
    Next,
    /// Past so many of its phase: `skip`.
    Past(u32),
    /// To what is below a marker or rule of this name: `skipAfter`.
    After(Box<[u8]>),
}

/// The markers of a document: by name, above which places of its unit they stand, in order.
pub(super) type Markers = HashMap<Box<[u8]>, Vec<usize>>;

/// Puts rules, which are the program's in its order, into their phases. Returns what is doubtful.
pub(super) fn order(program: &mut Program, rules: &[Placed], markers: &Markers) -> Vec<Fault> {
    let mut doubts = Vec::new();
    let mut places: [Vec<usize>; Program::PHASES] = Default::default();
    let ids: HashMap<u64, usize> = rules
        .iter()
        .map(|placed| (placed.id, placed.place))
        .collect();
    for placed in rules {
        if let Some(places) = places.get_mut(usize::from(placed.phase - 1)) {
            places.push(placed.place);
        }
    }
    for (index, placed) in rules.iter().enumerate() {
        let number = usize::from(placed.phase - 1);
        let Some((phase, places)) = program.phases.get_mut(number).zip(places.get(number)) else {
            continue;
        };
        let position = phase.steps.len();
        let rule = program.rules.get(index);
        let first = rule.and_then(|rule| rule.links.first());
        phase.steps.push(Step {
            rule: index,
            atom: None,
            quick: first.and_then(|link| link.quick),
            turn: rule.map_or(Turn::Look, Rule::turn),
            until: 0,
        });
        // Rules of this phase that stand above a place.
        let above = |end: usize| places.partition_point(|place| *place < end);
        let to = match &placed.lead {
            Lead::Next => continue,
            Lead::Past(count) => position + 1 + *count as usize,
            Lead::After(name) => {
                let marker = markers.get(name).and_then(|of_name| {
                    let below = of_name.partition_point(|at| *at <= placed.place);
                    of_name.get(below).copied()
                });
                let rule = id(name).and_then(|id| ids.get(&id).copied());
                let rule = rule.filter(|place| *place > placed.place);
                match (marker, rule) {
                    (Some(at), _) => above(at),
                    (None, Some(place)) => above(place + 1),
                    (None, None) => {
                        let name = String::from_utf8_lossy(name).into_owned();
                        doubts.push(Fault {
                            span: placed.span,
                            kind: FaultKind::NoMarker(name),
                        });
                        usize::MAX
                    }
                }
            }
        };
        if let Some(rule) = program.rules.get_mut(index) {
            rule.jump = Jump::To(to);
        }
    }
    doubts
}

/// The id that a name is, written as ids are.
fn id(name: &[u8]) -> Option<u64> {
    let id: u64 = std::str::from_utf8(name).ok()?.parse().ok()?;
    (id.to_string().as_bytes() == name).then_some(id)
}
