//! Finds the literal paths of a host with many rules by hash, one probe a length that occurs.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::host_routes::{Kind, PathSpan};

/// From a literal path to the first entry that has it.
#[derive(Debug)]
pub(super) struct PathIndex {
    entries: HashTable<u32>,
    hasher: RandomState,
    /// Bit `min(n, 255)` is set if some prefix is `n` bytes long.
    prefix_lengths: [u64; 4],
    /// Length of the longest prefix, in bytes.
    longest_prefix: usize,
    /// The entries whose path is a regular expression, the one with precedence first.
    pub(super) regexes: Box<[u32]>,
}

impl PathIndex {
    /// Indexes `paths`, which has to be in order of precedence; `text` is what they point into.
    pub(super) fn build(paths: &[PathSpan], text: &[u8]) -> Self {
        let mut index = Self {
            entries: HashTable::with_capacity(paths.len()),
            hasher: RandomState::default(),
            prefix_lengths: [0; 4],
            longest_prefix: 0,
            regexes: Box::default(),
        };
        let mut regexes = Vec::new();
        let mut previous = None;
        for (number, path) in (0_u32..).zip(paths) {
            match path.kind {
                Kind::Regex => regexes.push(number),
                // Of entries with one path the first stands for all.
                Kind::Exact | Kind::Prefix if previous == Some(path) => {}
                Kind::Exact | Kind::Prefix => index.insert(number, paths, text),
            }
            previous = Some(path);
        }
        index.regexes = regexes.into();
        index
            .entries
            .shrink_to_fit(|number| hash_of(&index.hasher, paths, text, *number));
        index
    }

    /// The first entry of this kind and path, if there is one.
    pub(super) fn find(&self, kind: Kind, path: &[u8], is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.entries
            .find(hash(&self.hasher, kind, path), |number| is_it(*number))
            .copied()
    }

    /// The lengths at which `path` may be cut to a prefix that some rule has, longest first.
    pub(super) fn cuts(&self, path: &[u8]) -> impl Iterator<Item = usize> {
        let whole = (path.len() <= self.longest_prefix).then_some(path.len());
        let window = path.get(..=self.longest_prefix).unwrap_or(path);
        // The empty prefix takes every path, even one that is no path (`OPTIONS *`).
        let inner = memchr::memrchr_iter(b'/', window).filter(|at| *at != 0);
        let root = (!path.is_empty()).then_some(0);
        whole
            .into_iter()
            .chain(inner)
            .chain(root)
            .filter(|length| self.has_length(*length))
    }

    fn insert(&mut self, number: u32, paths: &[PathSpan], text: &[u8]) {
        let Some(path) = paths.get(number as usize) else {
            return;
        };
        if path.kind == Kind::Prefix {
            let length = usize::from(path.length);
            self.longest_prefix = self.longest_prefix.max(length);
            let (word, bit) = place(length);
            if let Some(word) = self.prefix_lengths.get_mut(word) {
                *word |= bit;
            }
        }
        let hasher = &self.hasher;
        self.entries
            .insert_unique(hash(hasher, path.kind, path.of(text)), number, |number| {
                hash_of(hasher, paths, text, *number)
            });
    }

    fn has_length(&self, length: usize) -> bool {
        let (word, bit) = place(length);
        self.prefix_lengths
            .get(word)
            .is_some_and(|word| word & bit != 0)
    }
}

/// Which word and bit of the lengths stand for `length`.
fn place(length: usize) -> (usize, u64) {
    let length = length.min(255);
    (length / 64, 1 << (length % 64))
}

fn hash(hasher: &RandomState, kind: Kind, path: &[u8]) -> u64 {
    hasher.hash_one((kind, path))
}

fn hash_of(hasher: &RandomState, paths: &[PathSpan], text: &[u8], number: u32) -> u64 {
    paths
        .get(number as usize)
        .map_or(0, |path| hash(hasher, path.kind, path.of(text)))
}
