//! The values that a target stands for.

use super::{State, link::Looking};
use crate::waf::{
    Pairs, Variable,
    ruleset::{LinkTarget, Select, TargetKind},
    tx::Decimal,
    values::sources,
};

/// Members of collections that rules write which one target looks at; more are not seen.
pub(super) const GATHERED: usize = 4096;

/// A value's name, as `MATCHED_VAR_NAME` has it.
pub(super) struct Named<'a> {
    pub(super) variable: Variable,
    pub(super) count: bool,
    /// Empty for the value of a variable without members.
    pub(super) member: &'a [u8],
}

impl Named<'_> {
    /// Appends it: `ARGS:name`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if self.count {
            out.push(b'&');
        }
        out.extend_from_slice(self.variable.name().as_bytes());
        if self.variable.is_collection() && !self.member.is_empty() {
            out.push(b':');
            out.extend_from_slice(self.member);
        }
    }
}

impl Looking<'_> {
    /// Looks at everything that `target` stands for.
    pub(super) fn target(&mut self, target: &LinkTarget, state: &mut State) -> bool {
        if target.kind == TargetKind::Count {
            return self.count(target, state);
        }
        let mut any = false;
        match target.variable {
            Variable::Tx
            | Variable::MatchedVars
            | Variable::MatchedVarsNames
            | Variable::MatchedVar
            | Variable::MatchedVarName
            | Variable::HighestSeverity
            | Variable::ReqbodyProcessor
            | Variable::Rule
            | Variable::Env => {
                let mut gathered = std::mem::take(&mut state.work.gathered);
                gathered.clear();
                self.gather(target, state, &mut gathered);
                for (member, value) in gathered.iter() {
                    any |= self.member(target.variable, member, value, state);
                    if state.interruption.is_some() {
                        break;
                    }
                }
                state.work.gathered = gathered;
            }
            variable => {
                let values = self.expander.values;
                for source in sources(variable).into_iter().flatten() {
                    for index in 0..values.count(source) {
                        if self.found.is_some_and(|found| !found.has(source, index)) {
                            continue;
                        }
                        let Some((member, value)) = values.at(source, index) else {
                            break;
                        };
                        if target.select.holds(member) {
                            any |= self.member(variable, member, value, state);
                            if state.interruption.is_some() {
                                return any;
                            }
                        }
                    }
                }
            }
        }
        any
    }

    fn member(
        &mut self,
        variable: Variable,
        member: &[u8],
        value: &[u8],
        state: &mut State,
    ) -> bool {
        if self.is_excluded(variable, member, state) {
            return false;
        }
        let name = Named {
            variable,
            count: false,
            member,
        };
        self.value(&name, value, state)
    }

    fn is_excluded(&self, variable: Variable, member: &[u8], state: &State) -> bool {
        let of_link = self.link.excludes.iter();
        let of_link = of_link.filter(|(excluded, _)| *excluded == variable);
        if of_link.into_iter().any(|(_, select)| select.holds(member)) {
            return true;
        }
        let of_policy = self.expander.policy.exclusions.iter();
        let of_exchange = state.exclusions.iter().map(AsRef::as_ref);
        of_policy.chain(of_exchange).any(|exclusion| {
            exclusion.variable == variable
                && exclusion
                    .rules
                    .get(self.place.index)
                    .is_some_and(|rules| rules.contains(self.place.number))
                && exclusion.select.holds(member)
        })
    }

    fn count(&mut self, target: &LinkTarget, state: &mut State) -> bool {
        let count = match (target.variable, &target.select) {
            (Variable::Tx, Select::Tx(slot)) => usize::from(state.tx.is_set(*slot)),
            _ => {
                let values = self.expander.values;
                let mut gathered = std::mem::take(&mut state.work.gathered);
                gathered.clear();
                self.gather(target, state, &mut gathered);
                let held = gathered
                    .iter()
                    .filter(|(member, _)| !self.is_excluded(target.variable, member, state))
                    .count();
                state.work.gathered = gathered;
                let lists = match target.variable {
                    // Gathered above.
                    Variable::ReqbodyProcessor | Variable::Env => [None, None],
                    variable => sources(variable),
                };
                let lists = lists.into_iter().flatten();
                held + lists
                    .flat_map(|source| {
                        (0..values.count(source)).filter_map(move |index| values.at(source, index))
                    })
                    .filter(|(member, _)| {
                        target.select.holds(member)
                            && !self.is_excluded(target.variable, member, state)
                    })
                    .count()
            }
        };
        let member = match &target.select {
            Select::All | Select::Regex(_) | Select::TxRegex(..) => &b""[..],
            Select::Name(name) => name,
            Select::Tx(slot) => self.expander.policy.names.name(*slot),
        };
        let name = Named {
            variable: target.variable,
            count: true,
            member,
        };
        let mut digits = Decimal::default();
        let text = digits.of(i64::try_from(count).unwrap_or(i64::MAX));
        self.value(&name, text, state)
    }

    /// Copies the members of what rules write, so that looking at them may change it.
    fn gather(&self, target: &LinkTarget, state: &State, out: &mut Pairs) {
        let mut add = |member: &[u8], value: &[u8]| {
            if out.len() < GATHERED {
                out.push(member, value);
            }
        };
        match target.variable {
            Variable::Tx => {
                let names = &self.expander.policy.names;
                let mut buffer = Vec::new();
                match &target.select {
                    Select::Tx(slot) => {
                        if state.tx.write(*slot, &mut buffer) {
                            add(names.name(*slot), &buffer);
                        }
                    }
                    Select::TxRegex(pattern, known) => {
                        let known = (known.slots.as_slice(), known.below);
                        state.tx.for_some(names, known, pattern, add);
                    }
                    select => state.tx.for_each(names, |member, value| {
                        if select.holds(member) {
                            add(member, value);
                        }
                    }),
                }
            }
            Variable::MatchedVars => state.matched.iter().for_each(|(name, value)| {
                if target.select.holds(name) {
                    add(name, value);
                }
            }),
            Variable::MatchedVarsNames => state.matched.iter().for_each(|(name, _)| {
                if target.select.holds(name) {
                    add(name, name);
                }
            }),
            Variable::MatchedVar => add(b"", &state.matched_value),
            Variable::MatchedVarName => add(b"", &state.matched_name),
            Variable::HighestSeverity => {
                add(b"", Decimal::default().of(state.highest_severity.into()));
            }
            Variable::ReqbodyProcessor => {
                if let Some(name) = self.expander.body_processor(state) {
                    add(b"", name);
                }
            }
            Variable::Rule => {
                if let Select::Name(field) = &target.select {
                    let mut value = Vec::new();
                    self.expander.rule_field(field, &mut value);
                    add(field, &value);
                }
            }
            Variable::Env => state.environment.iter().for_each(|(name, value)| {
                if target.select.holds(name) {
                    add(name, value);
                }
            }),
            _ => {}
        }
    }
}
