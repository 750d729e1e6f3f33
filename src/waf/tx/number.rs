//! Numbers as the rule language reads them.

/// The number at the beginning of `text`, as C's `atoi` finds it: white space, a sign, digits. 0
/// where there is none; what does not fit is the nearest that does.
pub(crate) fn leading_number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let mut number = 0i64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            break;
        }
        let digit = i64::from(byte - b'0');
        number = number.saturating_mul(10);
        number = match negative {
            true => number.saturating_sub(digit),
            false => number.saturating_add(digit),
        };
    }
    number
}

/// A number's decimal digits, without an allocation.
#[derive(Default)]
pub(crate) struct Decimal(itoa::Buffer);

impl Decimal {
    /// The digits of `number`.
    pub(crate) fn of(&mut self, number: i64) -> &[u8] {
        self.0.format(number).as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        let cases: [(&[u8], i64); 9] = [
            (b"", 0),
            (b"12", 12),
            (b" \t-7x9", -7),
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
