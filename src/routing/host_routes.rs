//! The rules of one host, compiled.

use std::cmp::Reverse;

use smallvec::SmallVec;

use super::{Match, PathMatch, PatternError, conditions::Conditions, path_index::PathIndex};
use crate::message::RequestHead;

/// Up to this many rules looking at each is faster than hashing the path.
const LINEAR: usize = 16;

/// The compiled rules of one host; the module says which of them answers.
///
/// Immutable, so that snapshots share it. A host with one rule and a short path, which is what most
/// have, is one allocation: with many hosts a look-up waits for little but memory.
#[derive(Debug)]
pub struct HostRoutes<T> {
    /// In order of precedence.
    entries: SmallVec<[Entry<T>; 1]>,
    /// The literal paths of all entries, one after another.
    text: SmallVec<[u8; 24]>,
    /// For hosts with more than [`LINEAR`] rules.
    index: Option<Box<PathIndex>>,
}

#[derive(Debug)]
struct Entry<T> {
    path: PathSpan,
    /// What is asked besides the literal path.
    conditions: Option<Box<Conditions>>,
    value: T,
}

/// A literal path in the text of its host. Entries with equal spans have equal paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PathSpan {
    /// Where it begins in the text; 0 for regular expressions.
    start: u32,
    /// Length in bytes of the path, or of the pattern as written.
    pub(super) length: u16,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Exact,
    Prefix,
    Regex,
}

impl<T> HostRoutes<T> {
    /// Compiles rules, each with the value that [`HostRoutes::find`] returns for it; of rules with
    /// equal matches the first one answers. Paths have to be canonical, as requests' paths are.
    ///
    /// # Errors
    /// If a regular expression cannot be used or a path is too long; [`Match::check`] tells which.
    pub fn build(rules: Vec<(Match, T)>) -> Result<Self, PatternError> {
        let mut fault = None;
        let routes = Self::build_what_compiles(rules, |_, error| {
            fault.get_or_insert(error);
        });
        fault.map_or(Ok(routes), Err)
    }

    /// The same, but without the rules that cannot be compiled, whose values `refused` is given.
    pub fn build_what_compiles(
        mut rules: Vec<(Match, T)>,
        mut refused: impl FnMut(T, PatternError),
    ) -> Self {
        // Stable: rules that are equal by it stay in the order given.
        rules.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)));
        let mut text = SmallVec::new();
        let mut entries: SmallVec<[Entry<T>; 1]> = SmallVec::with_capacity(rules.len());
        for (rule, value) in rules {
            let previous = entries.last().map(|entry| entry.path);
            let compiled = Conditions::compile(&rule)
                .and_then(|it| Ok((it, PathSpan::add(&rule.path, previous, &mut text)?)));
            match compiled {
                Ok((conditions, path)) => entries.push(Entry {
                    path,
                    conditions,
                    value,
                }),
                Err(error) => refused(value, error),
            }
        }
        let index = (entries.len() > LINEAR).then(|| {
            let paths: Vec<_> = entries.iter().map(|entry| entry.path).collect();
            Box::new(PathIndex::build(&paths, &text))
        });
        text.shrink_to_fit();
        Self {
            entries,
            text,
            index,
        }
    }

    /// The value of the rule that answers a request with this canonical path and this query
    /// (without its `?`).
    pub fn find(&self, path: &[u8], query: Option<&[u8]>, head: &RequestHead) -> Option<&T> {
        match &self.index {
            None => self
                .entries
                .iter()
                .find(|entry| {
                    entry.has_path(&self.text, path) && entry.conditions_hold(query, head)
                })
                .map(|entry| &entry.value),
            Some(index) => self.find_by_index(index, path, query, head),
        }
    }

    fn find_by_index(
        &self,
        index: &PathIndex,
        path: &[u8],
        query: Option<&[u8]>,
        head: &RequestHead,
    ) -> Option<&T> {
        if let Some(value) = self.find_literal(index, Kind::Exact, path, query, head) {
            return Some(value);
        }
        let mut regexes = index
            .regexes
            .iter()
            .filter_map(|n| self.entry(*n))
            .peekable();
        for length in index.cuts(path) {
            // Expressions that are longer than the prefixes still to come.
            while let Some(entry) = regexes.next_if(|e| usize::from(e.path.length) > length) {
                if entry.has_path(&self.text, path) && entry.conditions_hold(query, head) {
                    return Some(&entry.value);
                }
            }
            let cut = path.get(..length).unwrap_or(path);
            if let Some(value) = self.find_literal(index, Kind::Prefix, cut, query, head) {
                return Some(value);
            }
        }
        regexes
            .find(|entry| entry.has_path(&self.text, path) && entry.conditions_hold(query, head))
            .map(|entry| &entry.value)
    }

    /// The first of the entries with just this literal path whose conditions hold.
    fn find_literal(
        &self,
        index: &PathIndex,
        kind: Kind,
        path: &[u8],
        query: Option<&[u8]>,
        head: &RequestHead,
    ) -> Option<&T> {
        let first = index.find(kind, path, |number| {
            self.entry(number)
                .is_some_and(|entry| entry.path.kind == kind && entry.path.of(&self.text) == path)
        })?;
        let same = self.entry(first)?.path;
        self.entries
            .get(first as usize..)?
            .iter()
            .take_while(|entry| entry.path == same)
            .find(|entry| entry.conditions_hold(query, head))
            .map(|entry| &entry.value)
    }

    fn entry(&self, number: u32) -> Option<&Entry<T>> {
        self.entries.get(number as usize)
    }
}

impl<T> Entry<T> {
    fn has_path(&self, text: &[u8], path: &[u8]) -> bool {
        match self.path.kind {
            Kind::Exact => path == self.path.of(text),
            Kind::Prefix => {
                let prefix = self.path.of(text);
                path.strip_prefix(prefix).is_some_and(|rest| {
                    prefix.is_empty() || rest.first().is_none_or(|next| *next == b'/')
                })
            }
            Kind::Regex => self
                .conditions
                .as_ref()
                .and_then(|conditions| conditions.pattern.as_ref())
                .is_some_and(|pattern| pattern.matches_start(path)),
        }
    }

    fn conditions_hold(&self, query: Option<&[u8]>, head: &RequestHead) -> bool {
        self.conditions
            .as_ref()
            .is_none_or(|conditions| conditions.hold(query, head))
    }
}

impl PathSpan {
    pub(super) fn check(path: &PathMatch) -> Result<(), PatternError> {
        let (kind, literal) = literal(path);
        Self::new(kind, 0, literal.len()).map(|_| ())
    }

    /// Appends a path to `text`, unless it is the `previous` one.
    fn add(
        path: &PathMatch,
        previous: Option<Self>,
        text: &mut SmallVec<[u8; 24]>,
    ) -> Result<Self, PatternError> {
        let (kind, literal) = literal(path);
        if kind == Kind::Regex {
            return Self::new(kind, 0, literal.len());
        }
        let same = |path: &Self| path.kind == kind && path.of(text) == literal.as_bytes();
        if let Some(previous) = previous.filter(same) {
            return Ok(previous);
        }
        let path = Self::new(kind, text.len(), literal.len())?;
        text.extend_from_slice(literal.as_bytes());
        Ok(path)
    }

    fn new(kind: Kind, start: usize, length: usize) -> Result<Self, PatternError> {
        Ok(Self {
            start: u32::try_from(start).map_err(|_| PatternError::PathTooLong)?,
            length: u16::try_from(length).map_err(|_| PatternError::PathTooLong)?,
            kind,
        })
    }

    /// The path's bytes; those of a regular expression have no meaning.
    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        let start = self.start as usize;
        text.get(start..start + usize::from(self.length))
            .unwrap_or_default()
    }
}

/// The kind and the text that decides: a prefix loses its trailing slash, `/` becomes empty.
fn literal(path: &PathMatch) -> (Kind, &str) {
    match path {
        PathMatch::Exact(path) => (Kind::Exact, path),
        PathMatch::Prefix(path) => (Kind::Prefix, path.strip_suffix('/').unwrap_or(path)),
        PathMatch::Regex { pattern, .. } => (Kind::Regex, pattern),
    }
}

/// Sorts rules by precedence, and those with the same literal path next to each other.
fn rank(rule: &Match) -> impl Ord {
    let Match {
        path,
        method,
        headers,
        query,
    } = rule;
    let (kind, literal) = literal(path);
    // Different literals of one length never match the same path: any order between them will do.
    let grouped = match kind {
        Kind::Exact | Kind::Prefix => literal,
        Kind::Regex => "",
    };
    (
        kind != Kind::Exact,
        Reverse(literal.len()),
        kind,
        grouped,
        method.is_none(),
        Reverse(headers.len()),
        Reverse(query.len()),
    )
}
