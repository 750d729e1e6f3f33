//! `@verifyCC`, `@verifyCPF`, `@verifySSN` and `@verifySVNR`: whether a value contains a number of the
//! kind, found by a pattern and told from others by its check digits or ranges.
//!
//! `^` and `$` in the pattern match at every line. Invariant: the bytes that candidates span are
//! bounded; a value with more of them counts as a match.

use super::caches::Caches;
use super::captures::Captures;
use super::operator::Outcome;
use super::rx::{Groups, Rx};

/// Bytes of candidates that are looked at, whatever the value and for each byte of it.
const BYTES: usize = 64 << 10;
const BYTES_PER_BYTE: usize = 64;

/// What a candidate costs besides its length.
const CANDIDATE: usize = 32;

/// A pattern for numbers, and how they are verified.
#[derive(Clone, Debug)]
pub struct Verification {
    kind: Number,
    pattern: Rx,
}

/// A kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// Of a credit card: the check digit is Luhn's.
    CreditCard,
    /// Of a taxpayer in Brazil: eleven digits, two of them check digits.
    Cpf,
    /// Of the social security in the United States: nine digits, some areas never given.
    Ssn,
    /// Of the social insurance in Austria: ten digits, the fourth a check digit.
    Svnr,
}

impl Verification {
    pub(super) fn new(kind: Number, pattern: Rx) -> Self {
        Self { kind, pattern }
    }

    pub(super) fn expands(&self) -> bool {
        self.pattern.expands()
    }

    /// Looks for a number; it is captured as group 0.
    pub(super) fn evaluate(
        &self,
        input: &[u8],
        argument: &[u8],
        caches: &mut Caches,
        captures: Option<&mut Captures>,
    ) -> Outcome {
        let Some((pattern, caches)) = self.pattern.ready(argument, caches) else {
            return Outcome::EXHAUSTED;
        };
        pattern.allow(input, caches);
        let mut allowed = BYTES.saturating_add(input.len().saturating_mul(BYTES_PER_BYTE));
        let mut from = 0;
        loop {
            let mut groups = Groups::default();
            match pattern.find(input, from, caches, Some(&mut groups)) {
                Ok(true) => {}
                Ok(false) => return Outcome::matched(false),
                Err(_) => return Outcome::EXHAUSTED,
            }
            let Some(whole) = groups.first().cloned().flatten() else {
                return Outcome::matched(false);
            };
            let candidate = input.get(whole.clone()).unwrap_or_default();
            if self.kind.is_valid(candidate) {
                if let Some(captures) = captures {
                    captures.set(0, whole);
                }
                return Outcome::matched(true);
            }
            match allowed.checked_sub(candidate.len() + CANDIDATE) {
                Some(rest) => allowed = rest,
                None => return Outcome::EXHAUSTED,
            }
            from = whole.start + 1;
        }
    }
}

impl Number {
    fn is_valid(self, candidate: &[u8]) -> bool {
        let digits = candidate.iter().filter(|byte| byte.is_ascii_digit());
        let digits = digits.map(|digit| u32::from(digit - b'0'));
        match self {
            Self::CreditCard => luhn(digits),
            Self::Cpf => exactly(digits).is_some_and(cpf),
            Self::Ssn => exactly(digits).is_some_and(ssn),
            Self::Svnr => exactly(digits).is_some_and(svnr),
        }
    }
}

/// The digits, if there are just as many.
fn exactly<const N: usize>(mut digits: impl Iterator<Item = u32>) -> Option<[u32; N]> {
    let mut exactly = [0; N];
    for digit in &mut exactly {
        *digit = digits.next()?;
    }
    digits.next().is_none().then_some(exactly)
}

/// ISO/IEC 7812-1, annex B: from the right, every second digit is doubled.
fn luhn(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    let mut digits = digits.rev().peekable();
    if digits.peek().is_none() {
        return false;
    }
    let weighted = digits.enumerate().map(|(place, digit)| {
        let doubled = if place % 2 == 1 { digit * 2 } else { digit };
        u64::from(doubled / 10 + doubled % 10)
    });
    weighted.sum::<u64>() % 10 == 0
}

fn cpf(digits: [u32; 11]) -> bool {
    const EXAMPLE: [u32; 11] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0];
    let check = |length: u32| {
        let weighted = digits.iter().zip((2..=length + 1).rev());
        let sum: u32 = weighted.map(|(digit, weight)| digit * weight).sum();
        match sum % 11 {
            0 | 1 => 0,
            rest => 11 - rest,
        }
    };
    let [.., first, second] = digits;
    !all_same(&digits) && digits != EXAMPLE && first == check(9) && second == check(10)
}

fn ssn(digits: [u32; 9]) -> bool {
    let [a, b, c, d, e, f, g, h, i] = digits;
    let (area, group, serial) = (a * 100 + b * 10 + c, d * 10 + e, f + g + h + i);
    let rising = digits
        .iter()
        .zip(digits.iter().skip(1))
        .all(|(a, b)| a + 1 == *b);
    let given = area != 0 && area != 666 && area < 740;
    given && group != 0 && serial != 0 && !rising && !all_same(&digits)
}

fn svnr(digits: [u32; 10]) -> bool {
    const WEIGHTS: [u32; 10] = [3, 7, 9, 0, 5, 8, 4, 2, 1, 6];
    let [_, _, _, check, ..] = digits;
    let weighted = digits.iter().zip(WEIGHTS);
    let sum: u32 = weighted.map(|(digit, weight)| digit * weight).sum();
    !all_same(&digits) && sum % 11 % 10 == check
}

fn all_same(digits: &[u32]) -> bool {
    digits
        .iter()
        .zip(digits.iter().skip(1))
        .all(|(a, b)| a == b)
}
