//! What an exchange holds under masked names, to be known again where a rule has copied it.
//!
//! Captures and members of `TX` do not say where they are from. They are compared by their letters and
//! digits, without case, so that most transformations make no difference. Non-goal: a copy that was
//! decoded from Base64 or the like on its way.

use aho_corasick::AhoCorasick;
use hashbrown::HashSet;

use super::masks::compact;

/// Fewer letters and digits are not looked for: they are in everything.
const SHORTEST: usize = 5;

/// A text of fewer is no piece of a secret.
const PIECE: usize = 4;

/// Bytes of secrets that are looked for; with more, everything is taken for one.
const MOST: usize = 64 << 10;

/// The secrets of an exchange.
#[derive(Debug)]
pub(super) enum Secrets {
    /// All of them.
    Known {
        /// One after the other, with line feeds between.
        all: Vec<u8>,
        /// Every [`SHORTEST`] bytes in a row.
        grams: HashSet<[u8; SHORTEST]>,
        /// Finds any of them as a whole.
        each: Option<AhoCorasick>,
    },
    /// There are more than are looked for.
    TooMany,
}

impl Secrets {
    /// Of these values.
    pub(super) fn of<T: AsRef<[u8]>>(values: impl Iterator<Item = T>) -> Self {
        let mut all = Vec::new();
        for value in values {
            all.extend_from_slice(&compact(value.as_ref()));
            all.push(b'\n');
            if all.len() > MOST {
                return Self::TooMany;
            }
        }
        let values = all.split(|byte| *byte == b'\n');
        let mut long: Vec<_> = values.filter(|it| it.len() >= SHORTEST).collect();
        long.sort_unstable();
        long.dedup();
        let each = match long.is_empty() {
            true => None,
            false => match AhoCorasick::new(&long) {
                Ok(each) => Some(each),
                Err(_) => return Self::TooMany,
            },
        };
        let grams = long.iter().flat_map(|value| grams(value)).collect();
        Self::Known { all, grams, each }
    }

    /// Whether `text` has a piece of a secret in it, or is one.
    pub(super) fn touch(&self, text: &[u8]) -> bool {
        let text = compact(text);
        match self {
            Self::Known { all, grams, .. } => {
                let is_piece = || memchr::memmem::find(all, &text).is_some();
                self::grams(&text).any(|gram| grams.contains(&gram))
                    || text.len() >= PIECE && is_piece()
            }
            Self::TooMany => text.len() >= PIECE,
        }
    }

    /// Whether a secret is in `text`.
    pub(super) fn are_in(&self, text: &[u8]) -> bool {
        match self {
            Self::Known { each: None, .. } => false,
            Self::Known {
                each: Some(each), ..
            } => each.is_match(&compact(text)),
            Self::TooMany => true,
        }
    }
}

/// Every so many bytes in a row.
fn grams(text: &[u8]) -> impl Iterator<Item = [u8; SHORTEST]> {
    let windows = text.windows(SHORTEST);
    windows.filter_map(|window| window.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_pieces_are_known_again() {
        let secrets = Secrets::of([&b"Hunter-2!"[..], b"abc"].into_iter());
        for (text, touched) in [
            (&b"x hunter2 y"[..], true),
            (b"HUNTER 2", true),
            (b"unte", true),
            (b"nter2 and more", true),
            (b"hun", false),
            (b"abcd", false),
            (b"15", false),
            (b"", false),
        ] {
            assert_eq!(secrets.touch(text), touched, "{}", text.escape_ascii());
        }
        let many = vec![&b"0123456789abcdef"[..]; MOST / 16];
        assert!(matches!(Secrets::of(many.into_iter()), Secrets::TooMany));
    }
}
