//! What an exchange holds under masked names, to be known again where a rule has copied it.
//!
//! Captures and members of `TX` do not say where they are from. They are compared by their letters and
//! digits, without case, so that most transformations make no difference. Non-goal: a copy that was
//! decoded from Base64 or the like on its way.

use aho_corasick::AhoCorasick;

use super::masks::compact;

/// Fewer letters and digits are not looked for: they are in everything.
const SHORTEST: usize = 4;

/// Bytes of secrets that are looked for; with more, everything is taken for one.
const MOST: usize = 256 << 10;

/// The secrets of an exchange.
#[derive(Debug)]
pub(super) enum Secrets {
    Known {
        /// One after the other, with line feeds between.
        all: Vec<u8>,
        /// Finds any of them.
        each: Option<AhoCorasick>,
    },
    TooMany,
}

impl Secrets {
    /// Of these values.
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut all = Vec::new();
        for value in values {
            all.extend_from_slice(&compact(value));
            all.push(b'\n');
            if all.len() > MOST {
                return Self::TooMany;
            }
        }
        let long = all.split(|byte| *byte == b'\n');
        let mut long: Vec<_> = long.filter(|it| it.len() >= SHORTEST).collect();
        long.sort_unstable();
        long.dedup();
        let each = match long.is_empty() {
            true => None,
            false => match AhoCorasick::new(&long) {
                Ok(each) => Some(each),
                Err(_) => return Self::TooMany,
            },
        };
        Self::Known { all, each }
    }

    /// Whether `text` holds a secret, or is a piece of one.
    pub(super) fn touch(&self, text: &[u8]) -> bool {
        let text = compact(text);
        match self {
            Self::Known { all, each } => {
                let holds = |each: &AhoCorasick| each.is_match(&text);
                let is_piece = || memchr::memmem::find(all, &text).is_some();
                each.as_ref().is_some_and(holds) || text.len() >= SHORTEST && is_piece()
            }
            Self::TooMany => !text.is_empty(),
        }
    }

    /// Whether `text` holds a secret.
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
