//! The shape of an injection, as logs and exclusions name it.

use std::fmt;

/// The kinds of the first tokens of an SQL injection after folding, a letter each: `s&1`, `1UE`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    letters: [u8; Fingerprint::MAX],
    length: u8,
}

impl Fingerprint {
    /// Most letters that one has.
    pub const MAX: usize = 5;

    /// Of up to [`Fingerprint::MAX`] ASCII letters; what is more is cut off.
    pub(super) fn new(letters: impl IntoIterator<Item = u8>) -> Self {
        let mut fingerprint = Self {
            letters: [0; Self::MAX],
            length: 0,
        };
        for (slot, letter) in fingerprint.letters.iter_mut().zip(letters) {
            *slot = letter;
            fingerprint.length += 1;
        }
        fingerprint
    }

    /// The letters, as libinjection writes them.
    pub fn as_bytes(&self) -> &[u8] {
        self.letters
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes()
            .iter()
            .try_for_each(|&letter| fmt::Write::write_char(f, char::from(letter)))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}
