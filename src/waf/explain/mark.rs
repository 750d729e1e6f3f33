//! Which bytes of a value an operator matched.

use std::ops::Range;

use crate::waf::operators::{Caches, Captures, Operator};

/// Where a match lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// The bytes of the value; `None`: no bytes of it are what matched.
    pub(super) span: Option<Range<usize>>,
    /// What `@detectSQLi` took the value for.
    pub(super) fingerprint: Option<Vec<u8>>,
    /// Whether the search gave up, which counts as a match.
    pub(super) exhausted: bool,
}

/// Asks an operator, which has matched, where.
pub(super) fn mark(
    (name, operator): (&str, &Operator),
    negated: bool,
    argument: &[u8],
    value: &[u8],
) -> Mark {
    let mut captures = Captures::default();
    let outcome = operator.evaluate(value, argument, &mut Caches::default(), Some(&mut captures));
    if outcome.exhausted {
        return Mark {
            exhausted: true,
            ..Mark::default()
        };
    }
    if negated {
        // That nothing of it is what was looked for is the match.
        return Mark::default();
    }
    let captured = captures.range(0);
    let fingerprint = match operator {
        Operator::DetectSqli => captures.group(0, value).map(<[u8]>::to_vec),
        _ => None,
    };
    Mark {
        span: captured.or_else(|| place((name, operator), argument, value)),
        fingerprint,
        exhausted: false,
    }
}

/// The place of a match of an operator that captures nothing.
fn place(
    (name, operator): (&str, &Operator),
    argument: &[u8],
    value: &[u8],
) -> Option<Range<usize>> {
    let of = |start: usize| start..start + argument.len();
    let whole = 0..value.len();
    match (name, operator) {
        ("beginsWith", _) => Some(of(0)),
        ("endsWith", _) => Some(value.len().checked_sub(argument.len())?..value.len()),
        ("contains" | "containsWord" | "strmatch", _) => {
            memchr::memmem::find(value, argument).map(of)
        }
        ("streq" | "within", _) | (_, Operator::Number(_) | Operator::Address(_)) => Some(whole),
        ("validateByteRange", _) => {
            let mut caches = Caches::default();
            let mut bytes = value.iter().map(std::slice::from_ref);
            let at = bytes.position(|byte| operator.evaluate(byte, b"", &mut caches, None).matched);
            at.map(|at| at..at + 1)
        }
        ("validateUtf8Encoding", _) => {
            let at = std::str::from_utf8(value).err()?.valid_up_to();
            Some(at..at + 1)
        }
        ("validateUrlEncoding", _) => {
            let digits = |at: usize| value.get(at + 1..at + 3);
            let is_broken =
                |at: &usize| !digits(*at).is_some_and(|it| it.iter().all(u8::is_ascii_hexdigit));
            let at = memchr::memchr_iter(b'%', value).find(is_broken)?;
            Some(at..(at + 3).min(value.len()))
        }
        _ => None,
    }
}
