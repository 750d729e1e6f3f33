//! Which variables rules look at.

use super::{Expand, Expansion, Rule, TxChange, TxName, rule::Effect};
use crate::waf::Variable;

/// A set of variables: what nobody looks at need not be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used(u128);

// A bit a variable.
const _: () = assert!(Variable::COUNT <= 128);

impl Used {
    /// Whether a variable is in it.
    pub(crate) const fn contains(self, variable: Variable) -> bool {
        self.0 >> variable as u32 & 1 != 0
    }

    const fn insert(&mut self, variable: Variable) {
        self.0 |= 1 << variable as u32;
    }

    /// The variables of `rules`.
    pub(crate) fn of(rules: &[Rule]) -> Self {
        let mut used = Self::default();
        for rule in rules {
            used.texts([&rule.msg, &rule.logdata].into_iter().chain(&rule.tags));
            for link in &rule.links {
                for target in &link.targets {
                    used.insert(target.variable);
                }
                used.texts([&link.test.argument]);
                for effect in &link.effects {
                    used.effect(effect);
                }
            }
        }
        used
    }

    fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::SetTx(name, change) => {
                if let TxName::Expanded(name) = name {
                    self.texts([name]);
                }
                match change {
                    TxChange::Set(text) | TxChange::Add(text) | TxChange::Subtract(text) => {
                        self.texts([text]);
                    }
                    TxChange::SetText(..)
                    | TxChange::AddNumber(_)
                    | TxChange::AddSlot(_)
                    | TxChange::Unset => {}
                }
            }
            Effect::SetEnv(name, value) => self.texts([name, value]),
            _ => {}
        }
    }

    fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a Expansion>) {
        for piece in texts.into_iter().flat_map(|text| &text.pieces) {
            if let Expand::Variable(variable, _) = piece {
                self.insert(*variable);
            }
        }
    }
}
