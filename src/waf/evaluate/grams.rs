//! What three bytes in a row occur in a text: most words that are not in it are told apart by that.
//!
//! `@within` asks a list of names, which macros make, for one name after the other; searching takes
//! ten times as long. Invariant: a word that is in the text is never said not to be.

/// Bits of the table; a list of names has some 200 different grams.
const BITS: usize = 1024;

/// What is known of the argument of a `@within`, value after value.
#[derive(Debug, Default)]
pub(super) enum Within {
    /// No value was looked for yet.
    #[default]
    Nothing,
    /// One was.
    Once,
    /// There may be many: it pays to know the argument's grams.
    Often(Grams),
}

impl Within {
    /// Whether it is known without a search that `word` is not in `text`, which is the same each time.
    pub(super) fn rules_out(&mut self, text: &[u8], word: &[u8]) -> bool {
        match self {
            Self::Nothing => *self = Self::Once,
            Self::Once => *self = Self::Often(Grams::of(text)),
            Self::Often(_) => {}
        }
        matches!(self, Self::Often(grams) if !grams.may_hold(word))
    }
}

/// The grams of a text.
#[derive(Clone, Debug)]
pub(super) struct Grams([u64; BITS / 64]);

impl Grams {
    /// Those of `text`. Takes time linear in its length.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut grams = Self([0; BITS / 64]);
        for (word, bit) in text.windows(3).map(place) {
            if let Some(word) = grams.0.get_mut(word) {
                *word |= bit;
            }
        }
        grams
    }

    /// Whether a word may be in the text, by its first grams.
    pub(super) fn may_hold(&self, word: &[u8]) -> bool {
        const LOOKED_AT: usize = 6;
        let mut grams = word.windows(3).take(LOOKED_AT).map(place);
        grams.all(|(word, bit)| self.0.get(word).is_some_and(|word| word & bit != 0))
    }
}

fn place(gram: &[u8]) -> (usize, u64) {
    let hash = gram
        .iter()
        .fold(0, |hash, byte| hash << 3 ^ usize::from(*byte))
        % BITS;
    (hash / 64, 1 << (hash % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_text_may_be_in_it_and_most_words_may_not() {
        let text =
            b"/content-encoding/ /proxy/ /lock-token/ /if/ /x-http-method-override/ /expect/";
        let grams = Grams::of(text);
        for start in 0..text.len() {
            for end in start..text.len() {
                assert!(grams.may_hold(&text[start..end]));
            }
        }
        for word in [
            "/accept/",
            "/user-agent/",
            "/cookie/",
            "/host/",
            "/referer/",
        ] {
            assert!(!grams.may_hold(word.as_bytes()), "{word}");
        }
    }
}
