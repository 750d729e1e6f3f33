//! Variables that have one value.

use crate::waf::{Variable, tx::Decimal};

/// The values of variables that have one each.
#[derive(Debug)]
pub(crate) struct Scalars {
    bytes: Vec<u8>,
    /// Where each lies in `bytes`.
    spans: [Option<(u32, u32)>; Variable::COUNT],
}

impl Default for Scalars {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            spans: [None; Variable::COUNT],
        }
    }
}

impl Scalars {
    /// Forgets all values and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.spans = [None; Variable::COUNT];
    }

    /// The value of a variable.
    pub(crate) fn value(&self, variable: Variable) -> Option<&[u8]> {
        let (start, end) = (*self.spans.get(variable as usize)?)?;
        self.bytes.get(start as usize..end as usize)
    }

    /// Gives a variable a value. What would take all values together over 4 GiB is not kept.
    pub(crate) fn set(&mut self, variable: Variable, value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.point(variable, start, self.bytes.len());
    }

    /// Gives a variable a number.
    pub(crate) fn set_number(&mut self, variable: Variable, value: i64) {
        self.set(variable, Decimal::default().of(value));
    }

    /// Gives `variable` a part of the value of `of`, which shares its memory.
    pub(crate) fn set_part(&mut self, variable: Variable, of: Variable, start: usize, end: usize) {
        let Some(Some((from, to))) = self.spans.get(of as usize) else {
            return;
        };
        let (from, to) = (*from as usize, *to as usize);
        if start <= end && from + end <= to {
            self.point(variable, from + start, from + end);
        }
    }

    fn point(&mut self, variable: Variable, start: usize, end: usize) {
        let span = match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Some((start, end)),
            _ => None,
        };
        if let Some(slot) = self.spans.get_mut(variable as usize) {
            *slot = span;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_the_value_that_they_are_of() {
        let mut scalars = Scalars::default();
        scalars.set(Variable::RequestUri, b"/a/b?c");
        scalars.set_part(Variable::RequestFilename, Variable::RequestUri, 0, 4);
        scalars.set_part(Variable::QueryString, Variable::RequestUri, 5, 6);
        scalars.set_part(Variable::RequestBasename, Variable::RequestUri, 5, 7);
        assert_eq!(scalars.value(Variable::RequestFilename), Some(&b"/a/b"[..]));
        assert_eq!(scalars.value(Variable::QueryString), Some(&b"c"[..]));
        assert_eq!(
            scalars.value(Variable::RequestBasename),
            None,
            "past the end"
        );
        scalars.clear();
        assert_eq!(scalars.value(Variable::RequestUri), None);
    }
}
