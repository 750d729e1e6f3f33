//! The id that names a request in the log, to the upstream and on error pages: 128 random bits.

use std::cell::RefCell;

/// 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestId([u8; 32]);

impl RequestId {
    /// The digits.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A worker's source of ids. They are hard to repeat, not hard to guess: nothing rests on them being
/// secret.
#[derive(Debug)]
pub(super) struct RequestIds(RefCell<fastrand::Rng>);

impl RequestIds {
    pub(super) fn new() -> Self {
        Self(RefCell::new(fastrand::Rng::new()))
    }

    pub(super) fn next(&self) -> RequestId {
        let random = self.0.borrow_mut().u128(..);
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(random.to_le_bytes()) {
            if let [high, low] = pair {
                *high = digit(byte >> 4);
                *low = digit(byte & 15);
            }
        }
        RequestId(digits)
    }
}

const fn digit(nibble: u8) -> u8 {
    // '0'..='9', then 'a'..='f': 39 lies between '9' and 'a', and the shift is 1 only above 9.
    b'0' + nibble + 39 * ((nibble + 6) >> 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_lower_case_hexadecimal() {
        let digits: Vec<u8> = (0..16).map(digit).collect();
        assert_eq!(digits, b"0123456789abcdef");
    }

    #[test]
    fn two_ids_differ() {
        let ids = RequestIds::new();
        assert_ne!(ids.next(), ids.next());
    }
}
