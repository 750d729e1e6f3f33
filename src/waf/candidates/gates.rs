//! Rules that only lead past others: paranoia levels, mostly.

use crate::waf::{
    matcher::Bits,
    ruleset::{Jump, Program, Quick, Right},
    tx::{Slot, TxStore},
};

/// A rule that compares a member of `TX` with a number and then skips others.
#[derive(Clone, Copy, Debug)]
struct Gate {
    quick: Quick,
    number: i64,
    to: usize,
}

/// A step of the phases, as far as skipping goes.
#[derive(Clone, Copy, Debug)]
enum Step {
    Gate(Gate),
    Atom(u16),
    Other,
}

/// The gates of some phases.
#[derive(Debug, Default)]
pub(super) struct Gates {
    phases: Vec<Vec<Step>>,
    /// The members that gates look at.
    slots: Vec<Slot>,
}

impl Gates {
    /// The gates of these phases of a program, whose atoms are numbered already.
    pub(super) fn of(program: &Program, phases: &[u8]) -> Self {
        let mut gates = Self::default();
        for number in phases {
            let Some(phase) = program.phase(*number) else {
                continue;
            };
            let steps = phase.steps.iter().map(|step| {
                if let Some(atom) = step.atom {
                    return Step::Atom(atom);
                }
                gate(program, step.rule).map_or(Step::Other, Step::Gate)
            });
            let steps: Vec<Step> = steps.collect();
            for step in &steps {
                if let Step::Gate(gate) = step
                    && !gates.slots.contains(&gate.quick.slot)
                {
                    gates.slots.push(gate.quick.slot);
                }
            }
            gates.phases.push(steps);
        }
        gates
    }

    /// Writes what the gates depend on at the moment.
    pub(super) fn key(&self, tx: &TxStore, key: &mut Vec<Option<i64>>) {
        key.clear();
        key.extend(self.slots.iter().map(|slot| tx.number(*slot)));
    }

    /// The atoms that are not skipped while the members stay as they are.
    pub(super) fn reached(&self, tx: &TxStore) -> Bits {
        let mut reached = Bits::EMPTY;
        for steps in &self.phases {
            let mut at = 0;
            while let Some(step) = steps.get(at) {
                at += 1;
                match step {
                    Step::Atom(atom) => reached.insert(*atom),
                    Step::Gate(gate) if gate.quick.holds(tx, gate.number) => at = at.max(gate.to),
                    Step::Gate(_) | Step::Other => {}
                }
            }
        }
        reached
    }
}

/// The members of `TX` that gates of these phases look at, whatever the atoms.
pub(super) fn gate_slots(program: &Program, phases: &[u8]) -> Vec<Slot> {
    Gates::of(program, phases).slots
}

fn gate(program: &Program, rule: usize) -> Option<Gate> {
    let rule = program.rules.get(rule)?;
    let Jump::To(to) = rule.jump else {
        return None;
    };
    let [link] = &*rule.links else {
        return None;
    };
    let quick = link.quick?;
    let Right::Number(number) = quick.right else {
        return None;
    };
    Some(Gate { quick, number, to })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waf::{
        RuleSet,
        seclang::{NoFiles, SourceMap, Trust, parse},
    };

    #[test]
    fn a_gate_stays_one_whatever_is_excluded_of_what_it_does_not_look_at() {
        let text = br#"
            SecRule TX:level "@lt 2" "id:1,phase:2,pass,nolog,t:none,skipAfter:END"
            SecRule ARGS "@rx attack" "id:2,phase:2,pass,nolog,t:none"
            SecMarker END
            SecRule TX:other "@lt 2" "id:3,phase:2,pass,nolog,t:none,skipAfter:END2"
            SecRule ARGS "@rx attack" "id:4,phase:2,pass,nolog,t:none"
            SecMarker END2
            SecRuleUpdateTargetById 1-2 "!REQUEST_COOKIES:/^_ga/"
            SecRuleUpdateTargetById 3 "!TX:other"
        "#;
        let mut sources = SourceMap::default();
        let parsed = parse(&mut sources, &NoFiles, Trust::Operator, "gates.conf", text);
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        let compiled = RuleSet::compile(&parsed.directives, &sources, &NoFiles);
        let policy = compiled.result.expect("the rules compile").policy();
        let gates = Gates::of(&policy.programs[0], &[1, 2]);
        let steps = gates.phases.iter().flatten();
        let steps: Vec<_> = steps
            .map(|step| match step {
                Step::Gate(gate) => format!("gate to {}", gate.to),
                Step::Atom(_) => "atom".to_owned(),
                Step::Other => "other".to_owned(),
            })
            .collect();
        assert_eq!(steps, ["gate to 2", "atom", "other", "atom"]);
    }
}
