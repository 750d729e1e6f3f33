//! What `TX` holds during one exchange.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use super::{Decimal, Slot, TxNames};
use crate::waf::{
    operators::leading_number,
    ruleset::{NamePattern, TxChange},
};

/// Members whose names come from requests; more are not kept. ModSecurity has no such bound; rules
/// count arguments this way, of which there are at most 1,000 by default.
const DYNAMIC_MEMBERS: usize = 2048;

/// Their places that are kept for the next exchange.
const SPARE: usize = 64;

/// The members of `TX`, all unset at first.
#[derive(Debug, Default)]
pub(crate) struct TxStore {
    fixed: Vec<Value>,
    /// Which of `fixed` have been set, so that beginning anew costs only as much.
    touched: Vec<Slot>,
    /// Where in `dynamic` a name is, by its hash.
    places: HashTable<usize>,
    /// In the order in which they came; those from `held` on are spare.
    dynamic: Vec<Dynamic>,
    held: usize,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Dynamic {
    lower: Vec<u8>,
    name: Vec<u8>,
    value: Value,
}

/// A member's place, whichever kind it has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Member<'a> {
    /// Its name stands in the rules.
    Fixed(Slot),
    /// Its name came about; as written, in any case.
    Named(&'a [u8]),
}

#[derive(Debug, Default)]
struct Value {
    kind: Kind,
    /// Of a text, what it begins with.
    number: i64,
    text: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Unset,
    Number,
    Text,
}

impl Value {
    fn number(&self) -> Option<i64> {
        match self.kind {
            Kind::Unset => None,
            Kind::Number | Kind::Text => Some(self.number),
        }
    }

    /// `number`: what the text begins with.
    fn set_text(&mut self, text: &[u8], number: i64) {
        self.kind = Kind::Text;
        self.number = number;
        self.text.clear();
        self.text.extend_from_slice(text);
    }

    fn add(&mut self, change: i64) {
        self.number = self.number().unwrap_or(0).saturating_add(change).max(0);
        self.kind = Kind::Number;
    }

    fn write(&self, out: &mut Vec<u8>) -> bool {
        match self.kind {
            Kind::Unset => return false,
            Kind::Number => out.extend_from_slice(Decimal::default().of(self.number)),
            Kind::Text => out.extend_from_slice(&self.text),
        }
        true
    }
}

impl TxStore {
    /// Unsets everything and makes room for `names` fixed members.
    pub(crate) fn reset(&mut self, names: usize) {
        for slot in self.touched.drain(..) {
            if let Some(value) = self.fixed.get_mut(slot.0 as usize) {
                value.kind = Kind::Unset;
            }
        }
        if self.fixed.len() < names {
            self.fixed.resize_with(names, Value::default);
        }
        self.places.clear();
        self.held = 0;
        self.dynamic.truncate(SPARE);
    }

    /// Whether a fixed member is set.
    pub(crate) fn is_set(&self, slot: Slot) -> bool {
        self.fixed
            .get(slot.0 as usize)
            .is_some_and(|value| value.kind != Kind::Unset)
    }

    /// A fixed member's number; `None` where it is not set.
    pub(crate) fn number(&self, slot: Slot) -> Option<i64> {
        self.fixed.get(slot.0 as usize)?.number()
    }

    /// Appends a fixed member's value; `false` where it is not set.
    pub(crate) fn write(&self, slot: Slot, out: &mut Vec<u8>) -> bool {
        self.fixed
            .get(slot.0 as usize)
            .is_some_and(|value| value.write(out))
    }

    /// Appends the value of the member of this name, which is in lower case; `false` where it is
    /// not set.
    pub(crate) fn write_named(&self, names: &TxNames, lower: &[u8], out: &mut Vec<u8>) -> bool {
        match names.find(lower) {
            Some(slot) => self.write(slot, out),
            None => self
                .place(lower)
                .and_then(|place| self.dynamic.get(place))
                .is_some_and(|dynamic| dynamic.value.write(out)),
        }
    }

    /// Where the member is whose name, in lower case, came about.
    fn place(&self, lower: &[u8]) -> Option<usize> {
        let is_it = |place: &usize| {
            let dynamic = self.dynamic.get(*place);
            dynamic.is_some_and(|dynamic| dynamic.lower == lower)
        };
        self.places
            .find(self.hasher.hash_one(lower), is_it)
            .copied()
    }

    /// Sets `TX:0` and on to the groups of a match; what was captured before is gone.
    pub(crate) fn capture<'a>(&mut self, groups: impl Iterator<Item = Option<&'a [u8]>>) {
        let Self { fixed, touched, .. } = self;
        for ((slot, value), group) in (0..Slot::CAPTURES).map(Slot).zip(fixed).zip(groups) {
            match group {
                Some(group) => {
                    if value.kind == Kind::Unset {
                        touched.push(slot);
                    }
                    value.set_text(group, leading_number(group));
                }
                None => value.kind = Kind::Unset,
            }
        }
    }

    /// Sets a member to a text.
    pub(crate) fn set(&mut self, names: &TxNames, member: Member<'_>, text: &[u8]) {
        self.set_known(names, member, text, leading_number(text));
    }

    /// Changes a fixed member, if it takes no macros to do so.
    #[inline]
    pub(crate) fn change(&mut self, slot: Slot, change: &TxChange) -> bool {
        let (number, text) = match change {
            TxChange::SetText(text, number) => (*number, Some(text)),
            TxChange::AddNumber(number) => (*number, None),
            TxChange::AddSlot(other) => (self.number(*other).unwrap_or(0), None),
            TxChange::Set(_) | TxChange::Add(_) | TxChange::Subtract(_) | TxChange::Unset => {
                return false;
            }
        };
        if let Some(value) = self.fixed_mut(slot) {
            match text {
                Some(text) => value.set_text(text, number),
                None => value.add(number),
            }
        }
        true
    }

    /// Sets a member to a text of which it is known what number it begins with.
    pub(crate) fn set_known(
        &mut self,
        names: &TxNames,
        member: Member<'_>,
        text: &[u8],
        number: i64,
    ) {
        if let Some(value) = self.value_mut(names, member) {
            value.set_text(text, number);
        }
    }

    /// Adds to a member's number. An unset one is 0; none falls below 0, as in ModSecurity 2.
    pub(crate) fn add(&mut self, names: &TxNames, member: Member<'_>, change: i64) {
        if let Some(value) = self.value_mut(names, member) {
            value.add(change);
        }
    }

    /// Unsets a member.
    pub(crate) fn unset(&mut self, names: &TxNames, member: Member<'_>) {
        if let Some(value) = self.value_mut(names, member) {
            value.kind = Kind::Unset;
        }
    }

    fn value_mut(&mut self, names: &TxNames, member: Member<'_>) -> Option<&mut Value> {
        let name = match member {
            Member::Fixed(slot) => return self.fixed_mut(slot),
            Member::Named(name) => name,
        };
        // The name is written where it will stay, if it is a new one.
        if self.dynamic.len() == self.held {
            self.dynamic.push(Dynamic::default());
        }
        let spare = self.dynamic.get_mut(self.held)?;
        spare.lower.clear();
        spare.lower.extend_from_slice(name);
        spare.lower.make_ascii_lowercase();
        if let Some(slot) = names.find(&spare.lower) {
            return self.fixed_mut(slot);
        }
        let hash = self.hasher.hash_one(spare.lower.as_slice());
        let (known, new) = self.dynamic.split_at_mut_checked(self.held)?;
        let spare = new.first_mut()?;
        let is_it = |place: &usize| known.get(*place).is_some_and(|it| it.lower == spare.lower);
        if let Some(place) = self.places.find(hash, is_it) {
            return known.get_mut(*place).map(|dynamic| &mut dynamic.value);
        }
        if self.held >= DYNAMIC_MEMBERS {
            return None;
        }
        spare.name.clear();
        spare.name.extend_from_slice(name);
        spare.value.kind = Kind::Unset;
        let hasher = &self.hasher;
        let rehash = |place: &usize| {
            let lower = known.get(*place).map(|dynamic| dynamic.lower.as_slice());
            hasher.hash_one(lower.unwrap_or_default())
        };
        self.places.insert_unique(hash, self.held, rehash);
        self.held += 1;
        Some(&mut spare.value)
    }

    fn fixed_mut(&mut self, slot: Slot) -> Option<&mut Value> {
        let value = self.fixed.get_mut(slot.0 as usize)?;
        if value.kind == Kind::Unset {
            self.touched.push(slot);
        }
        Some(value)
    }

    /// Calls `each` with the name and value of those members of `slots` that are set, and of those
    /// whose places are not below `below` or that have none and whose names `pattern` chooses.
    pub(crate) fn for_some(
        &self,
        names: &TxNames,
        (slots, below): (&[Slot], u16),
        pattern: &NamePattern,
        mut each: impl FnMut(&[u8], &[u8]),
    ) {
        let mut buffer = Vec::new();
        for slot in slots {
            buffer.clear();
            if self.write(*slot, &mut buffer) {
                each(names.name(*slot), &buffer);
            }
        }
        for (slot, name) in names.from(below).filter(|(_, name)| pattern.holds(name)) {
            buffer.clear();
            if self.write(slot, &mut buffer) {
                each(name, &buffer);
            }
        }
        self.for_dynamic(&mut buffer, |lower| pattern.holds_lower(lower), each);
    }

    /// Calls `each` with the name and value of those members that came about whose names, in lower
    /// case, `holds` says yes to.
    fn for_dynamic(
        &self,
        buffer: &mut Vec<u8>,
        holds: impl Fn(&[u8]) -> bool,
        mut each: impl FnMut(&[u8], &[u8]),
    ) {
        for dynamic in self.dynamic.iter().take(self.held) {
            if !holds(&dynamic.lower) {
                continue;
            }
            match dynamic.value.kind {
                Kind::Text => each(&dynamic.name, &dynamic.value.text),
                Kind::Unset | Kind::Number => {
                    buffer.clear();
                    if dynamic.value.write(buffer) {
                        each(&dynamic.name, buffer);
                    }
                }
            }
        }
    }

    /// Calls `each` with the name and value of every set member: those of the rules, then the
    /// others in the order in which they came.
    pub(crate) fn for_each(&self, names: &TxNames, mut each: impl FnMut(&[u8], &[u8])) {
        let mut buffer = Vec::new();
        for (index, value) in self.fixed.iter().enumerate() {
            buffer.clear();
            if value.write(&mut buffer)
                && let Ok(slot) = u16::try_from(index)
            {
                each(names.name(Slot(slot)), &buffer);
            }
        }
        self.for_dynamic(&mut buffer, |_| true, each);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn all(store: &TxStore, names: &TxNames) -> Vec<(String, String)> {
        let mut found = Vec::new();
        store.for_each(names, |name, value| {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            found.push((text(name), text(value)));
        });
        found
    }

    #[test]
    fn members_are_set_counted_and_unset_by_either_kind_of_name() {
        let mut names = TxNames::of_captures();
        let score = names.intern(b"score").unwrap();
        let mut store = TxStore::default();
        store.reset(names.len());
        store.add(&names, Member::Fixed(score), 5);
        store.add(&names, Member::Named(b"SCORE"), 2);
        store.set(&names, Member::Named(b"Seen_A"), b"yes");
        store.add(&names, Member::Named(b"seen_b"), 1);
        assert_eq!(store.number(score), Some(7));
        let expected = [("score", "7"), ("Seen_A", "yes"), ("seen_b", "1")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(all(&store, &names), expected);
        store.unset(&names, Member::Named(b"seen_a"));
        store.add(&names, Member::Fixed(score), -100);
        assert_eq!(store.number(score), Some(0), "no counter falls below zero");
        assert_eq!(all(&store, &names).len(), 2);
        store.reset(names.len());
        assert_eq!(all(&store, &names), []);
        assert_eq!(store.number(score), None);
    }

    #[test]
    fn names_that_requests_bring_about_are_bounded() {
        let names = TxNames::of_captures();
        let mut store = TxStore::default();
        store.reset(names.len());
        for index in 0..DYNAMIC_MEMBERS + 10 {
            store.set(&names, Member::Named(format!("n{index}").as_bytes()), b"1");
        }
        assert_eq!(all(&store, &names).len(), DYNAMIC_MEMBERS);
    }
}
