//! Sets of words of which one must occur, and how rare that is.
//!
//! Words are in lower case: the scan that looks for them does not tell cases apart. Invariant: a
//! set's weight is the sum of its words' weights under one model of ordinary traffic, so that the
//! rarer of two sets is known without any. Non-goal: being right about any one site's traffic; the
//! model decides speed, never an answer.

/// Words in lower case, in order, each once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Literals {
    words: Vec<Vec<u8>>,
    weight: f64,
}

impl Literals {
    /// Most words of a set.
    const MAX_WORDS: usize = 1 << 13;

    /// Most words of a set that comes of writing one set after another.
    const MAX_PRODUCT: usize = 160;

    /// Bytes of the longest word that comes of it.
    const MAX_PRODUCT_LEN: usize = 24;

    /// The set of the empty word.
    pub(super) fn empty_word() -> Self {
        Self::new(vec![Vec::new()])
    }

    /// The set of one word, given in any case.
    pub(super) fn word(word: &[u8]) -> Self {
        Self::new(vec![word.to_ascii_lowercase()])
    }

    /// The set of words of one byte, given in any case.
    pub(super) fn bytes(bytes: impl Iterator<Item = u8>) -> Self {
        Self::new(bytes.map(|byte| vec![byte.to_ascii_lowercase()]).collect())
    }

    fn new(mut words: Vec<Vec<u8>>) -> Self {
        words.sort_unstable();
        words.dedup();
        let weight = words.iter().map(|word| weight(word)).sum();
        Self { words, weight }
    }

    /// The words.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.words.iter().map(Vec::as_slice)
    }

    /// How often one of the words begins at a byte of ordinary traffic.
    pub(super) fn weight(&self) -> f64 {
        self.weight
    }

    /// Whether the set rules anything out: it has words, and not the empty one.
    pub(super) fn is_telling(&self) -> bool {
        self.words.first().is_some_and(|word| !word.is_empty())
    }

    /// The words of all sets; `None` if they are too many or a set is missing.
    pub(super) fn union(sets: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let mut words = Vec::new();
        for set in sets {
            words.append(&mut set?.words);
            if words.len() > Self::MAX_WORDS {
                return None;
            }
        }
        Some(Self::new(words))
    }

    /// Each word of this set followed by each of `next`; `None` if that is too much.
    pub(super) fn followed_by(&self, next: &Self) -> Option<Self> {
        let longest = |set: &Self| set.words.iter().map(Vec::len).max().unwrap_or_default();
        if self.words.len() * next.words.len() > Self::MAX_PRODUCT
            || longest(self) + longest(next) > Self::MAX_PRODUCT_LEN
        {
            return None;
        }
        let pairs = self.words.iter().flat_map(|first| {
            next.words
                .iter()
                .map(|second| [&first[..], second].concat())
        });
        Some(Self::new(pairs.collect()))
    }
}

/// The rarer of two sets that one may rely on.
pub(super) fn rarer(first: Option<Literals>, second: Option<Literals>) -> Option<Literals> {
    match (first, second) {
        (Some(first), Some(second)) if second.weight < first.weight => Some(second),
        (Some(first), _) => Some(first),
        (None, second) => second,
    }
}

/// The part of a word to look for: as few of its bytes in a row as make it rare enough, up to
/// `longest`, and of those of one length the rarest.
pub(super) fn rare_part(word: &[u8], longest: usize) -> &[u8] {
    /// A hit in some ten million bytes.
    const RARE: f64 = 1e-7;
    let mut best = word;
    for len in 1..=longest.min(word.len()) {
        let rarest = word
            .windows(len)
            .min_by(|first, second| weight(first).total_cmp(&weight(second)));
        best = rarest.unwrap_or(word);
        if weight(best) < RARE {
            break;
        }
    }
    best
}

fn weight(word: &[u8]) -> f64 {
    word.iter().map(|byte| byte_weight(*byte)).product()
}

/// How often a byte occurs in the values of ordinary requests, cases taken together.
pub(super) fn byte_weight(byte: u8) -> f64 {
    match byte.to_ascii_lowercase() {
        b'e' => 0.08,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' | b't' => 0.055,
        b'c' | b'd' | b'h' | b'l' | b'm' | b'p' | b'u' => 0.03,
        b'b' | b'f' | b'g' | b'k' | b'v' | b'w' | b'y' => 0.016,
        b'j' | b'q' | b'x' | b'z' => 0.006,
        b'0'..=b'9' => 0.022,
        b' ' => 0.06,
        b'-' | b'.' | b'/' | b'_' => 0.02,
        b',' | b':' | b';' | b'=' => 0.01,
        b'"' | b'%' | b'&' | b'\'' | b'(' | b')' | b'+' => 0.004,
        b'\t' | b'\n' | b'\r' => 0.001,
        0..=0x1f | 0x7f..=0xff => 0.0005,
        _ => 0.001,
    }
}
