//! What the tests share.

use std::ops::Range;

use super::super::{PatternError, Rx};
use crate::waf::operators::tests::compile_with;
use crate::waf::operators::{Caches, Captures, Limits, Operator, OperatorError, Outcome};
use crate::waf::seclang::Memory;

pub(in crate::waf::operators) fn rx_with(
    pattern: &[u8],
    limits: Limits,
) -> Result<Rx, PatternError> {
    match compile_with("rx", pattern, &Memory::default(), limits).0 {
        Ok(Operator::Rx(rx)) => Ok(rx),
        Ok(other) => panic!("{other:?}"),
        Err(OperatorError::Pattern(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

pub(in crate::waf::operators) fn rx(pattern: &[u8]) -> Rx {
    rx_with(pattern, Limits::default())
        .unwrap_or_else(|error| panic!("the pattern {} {error}", pattern.escape_ascii()))
}

/// The pattern as the machine runs it, whatever is in it: an empty look-ahead changes nothing else.
pub(in crate::waf::operators) fn by_machine(pattern: &[u8]) -> Rx {
    let rx = rx(&[b"(?=)", pattern].concat());
    assert!(!rx.is_exact());
    rx
}

/// The outcome, and where the groups are as far as there are any.
pub(in crate::waf::operators) fn groups(
    rx: &Rx,
    input: &[u8],
) -> (Outcome, Vec<Option<Range<usize>>>) {
    let (mut caches, mut captures) = (Caches::default(), Captures::default());
    let outcome = rx.captures(input, &mut caches, &mut captures);
    assert_eq!(outcome, rx.is_match(input, &mut caches));
    let mut groups: Vec<_> = (0..10).map(|index| captures.range(index)).collect();
    while groups.pop_if(|group| group.is_none()).is_some() {}
    (outcome, groups)
}
