//! `@eq`, `@ge`, `@gt`, `@le` and `@lt`.
//!
//! Both sides are read as C's `atoi` does: blanks, a sign, digits, and whatever follows is ignored; what
//! starts otherwise is 0. Invariant: numbers too large for 64 bits are the largest or smallest there
//! are. ModSecurity has the low 32 bits of them, so that 4294967296 is 0 there.

use std::cmp::Ordering;

use super::text::has_macro;

/// How a value compares with the argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    order: Order,
    /// `None` where the argument has macros.
    constant: Option<i64>,
}

/// What the value must be in relation to the argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    GreaterOrEqual,
    Greater,
    LessOrEqual,
    Less,
}

impl Comparison {
    pub(super) fn new(order: Order, argument: &[u8]) -> Self {
        let constant = (!has_macro(argument)).then(|| leading_number(argument));
        Self { order, constant }
    }

    pub(super) fn expands(&self) -> bool {
        self.constant.is_none()
    }

    pub(super) fn holds(&self, input: &[u8], argument: &[u8]) -> bool {
        let than = self.constant.unwrap_or_else(|| leading_number(argument));
        let ordering = leading_number(input).cmp(&than);
        match self.order {
            Order::Equal => ordering == Ordering::Equal,
            Order::GreaterOrEqual => ordering != Ordering::Less,
            Order::Greater => ordering == Ordering::Greater,
            Order::LessOrEqual => ordering != Ordering::Greater,
            Order::Less => ordering == Ordering::Less,
        }
    }
}

/// The number that bytes begin with: what `@eq` compares and `setvar:tx.a=+1` adds.
pub(crate) fn leading_number(bytes: &[u8]) -> i64 {
    let bytes = match bytes.iter().position(|byte| !is_blank(*byte)) {
        Some(start) => bytes.get(start..).unwrap_or_default(),
        None => return 0,
    };
    let (negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number: i64, byte| {
        let digit = i64::from(byte - b'0');
        let shifted = number.saturating_mul(10);
        if negative {
            shifted.saturating_sub(digit)
        } else {
            shifted.saturating_add(digit)
        }
    })
}

/// What C calls a space.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        let cases: [(&[u8], i64); 10] = [
            (b"", 0),
            (b"12", 12),
            (b" \t-7x9", -7),
            (b"\x0b\x0c\r\n7", 7),
            (b"+3", 3),
            (b"x1", 0),
            (b"--1", 0),
            (b"0x10", 0),
            (b"99999999999999999999", i64::MAX),
            (b"-99999999999999999999", i64::MIN),
        ];
        for (text, number) in cases {
            assert_eq!(leading_number(text), number, "{}", text.escape_ascii());
        }
    }
}
