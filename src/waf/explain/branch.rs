//! The smallest branch of a pattern that still matches where the whole one does.
//!
//! Alternatives are left out, group by group from the outside, and what is left is asked again whether
//! it matches the same bytes. Invariant: the branch does. Non-goal: the shortest pattern; quantifiers
//! and classes stay as they are.

use std::ops::Range;

use crate::waf::{
    operators::{Caches, Captures, CompileEnv, Limits, Operator},
    seclang::NoFiles,
};

/// How often a smaller pattern is compiled and asked for one match.
const TRIES: usize = 300;

/// Alternatives up to which each is left out on its own where no half will do.
const ONE_BY_ONE: usize = 40;

/// The smallest branch of `pattern` that matches `value` at `span`; `None` where that is all of it.
pub(super) fn smallest(pattern: &[u8], value: &[u8], span: &Range<usize>) -> Option<Vec<u8>> {
    let mut search = Search {
        value,
        span,
        tries: TRIES,
    };
    let mut branch = pattern.to_vec();
    let mut settled = 0;
    while let Some(group) = groups(&branch).into_iter().nth(settled) {
        let smaller = match group.alternatives.len() {
            1 => None,
            _ => search.narrowed(&branch, &group),
        };
        match smaller {
            Some(smaller) => branch = smaller,
            None => settled += 1,
        }
        if search.tries == 0 {
            break;
        }
    }
    let mut settled = 0;
    while let Some(group) = groups(&branch).into_iter().nth(settled) {
        match group.unwrapped(&branch) {
            Some(plain) if search.holds(&plain) => branch = plain,
            _ => settled += 1,
        }
    }
    (branch != pattern).then_some(branch)
}

struct Search<'a> {
    value: &'a [u8],
    span: &'a Range<usize>,
    tries: usize,
}

impl Search<'_> {
    /// The pattern with fewer alternatives in a group, if some can be spared.
    fn narrowed(&mut self, pattern: &[u8], group: &Group) -> Option<Vec<u8>> {
        if group.is_fixed {
            return None;
        }
        let mut kept = group.alternatives.clone();
        let all = kept.len();
        while kept.len() > 1 {
            let middle = kept.len() / 2;
            let (first, second) = kept.split_at_checked(middle)?;
            let half = [first, second].into_iter().find(|half| {
                let smaller = group.with(pattern, half);
                self.holds(&smaller)
            });
            match half {
                Some(half) => kept = half.to_vec(),
                None => break,
            }
        }
        if kept.len() > 1 && kept.len() <= ONE_BY_ONE {
            let mut at = 0;
            while at < kept.len() {
                let mut fewer = kept.clone();
                fewer.remove(at);
                if self.holds(&group.with(pattern, &fewer)) {
                    kept = fewer;
                } else {
                    at += 1;
                }
            }
        }
        (kept.len() < all).then(|| group.with(pattern, &kept))
    }

    /// Whether a pattern matches the value where the whole one does.
    fn holds(&mut self, pattern: &[u8]) -> bool {
        let Some(left) = self.tries.checked_sub(1) else {
            return false;
        };
        self.tries = left;
        let compiled = Operator::compile(
            "rx",
            pattern,
            &mut CompileEnv {
                files: &NoFiles,
                from: "",
                limits: Limits::default(),
                slots: &mut 0,
                warnings: &mut Vec::new(),
            },
        );
        let Ok(operator) = compiled else {
            return false;
        };
        let mut captures = Captures::default();
        let outcome = operator.evaluate(
            self.value,
            pattern,
            &mut Caches::default(),
            Some(&mut captures),
        );
        outcome.matched && !outcome.exhausted && captures.range(0).as_ref() == Some(self.span)
    }
}

/// A group of a pattern, or the pattern as a whole.
#[derive(Clone, Debug)]
struct Group {
    /// With its parentheses.
    whole: Range<usize>,
    alternatives: Vec<Range<usize>>,
    /// Whether its alternatives depend on one another, or what it does not match is what counts.
    is_fixed: bool,
    /// Whether it captures nothing and says nothing: `(?:`.
    is_plain: bool,
}

impl Group {
    /// The pattern with these alternatives of the group alone.
    fn with(&self, pattern: &[u8], kept: &[Range<usize>]) -> Vec<u8> {
        let (Some(first), Some(last)) = (self.alternatives.first(), self.alternatives.last())
        else {
            return pattern.to_vec();
        };
        let mut out = pattern.get(..first.start).unwrap_or_default().to_vec();
        for (index, alternative) in kept.iter().enumerate() {
            if index > 0 {
                out.push(b'|');
            }
            out.extend_from_slice(pattern.get(alternative.clone()).unwrap_or_default());
        }
        out.extend_from_slice(pattern.get(last.end..).unwrap_or_default());
        out
    }

    /// The pattern without the parentheses of the group, where they hold nothing together.
    fn unwrapped(&self, pattern: &[u8]) -> Option<Vec<u8>> {
        let [only] = self.alternatives.as_slice() else {
            return None;
        };
        let after = pattern.get(self.whole.end);
        let is_repeated = matches!(after, Some(b'*' | b'+' | b'?' | b'{'));
        if !self.is_plain || self.is_fixed || is_repeated {
            return None;
        }
        let mut out = pattern.get(..self.whole.start)?.to_vec();
        out.extend_from_slice(pattern.get(only.clone())?);
        out.extend_from_slice(pattern.get(self.whole.end..)?);
        Some(out)
    }
}

/// The groups of a pattern in the order in which they begin, the pattern as a whole first. None where
/// blanks and comments may stand in it.
fn groups(pattern: &[u8]) -> Vec<Group> {
    let mut open = vec![Open {
        number: 0,
        begin: 0,
        inside: 0,
        bars: Vec::new(),
        is_fixed: false,
        is_negative: false,
        is_plain: false,
    }];
    let mut found: Vec<(usize, Group)> = Vec::new();
    let mut count = 1;
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        match byte {
            b'\\' if pattern.get(at + 1) == Some(&b'Q') => {
                let rest = pattern.get(at + 2..).unwrap_or_default();
                at += 2 + memchr::memmem::find(rest, b"\\E").map_or(rest.len(), |end| end + 2);
                continue;
            }
            b'\\' => at += 1,
            b'[' => at = class_end(pattern, at),
            b'|' => {
                if let Some(group) = open.last_mut() {
                    group.bars.push(at);
                }
            }
            b'(' => {
                let rest = pattern.get(at + 1..).unwrap_or_default();
                let Some((length, kind)) = opening(rest) else {
                    return Vec::new();
                };
                let inside = at + 1 + length;
                match kind {
                    Kind::Comment => {}
                    Kind::Options => {
                        if let Some(group) = open.last_mut() {
                            let is_first = group.bars.is_empty() && group.inside == at;
                            group.inside = if is_first { inside } else { group.inside };
                            // They hold for the alternatives after it, too.
                            group.is_fixed |= !is_first;
                            group.is_plain = false;
                        }
                    }
                    Kind::Plain | Kind::Positive | Kind::Negative => {
                        let is_negative = open.last().is_some_and(|group| group.is_negative);
                        open.push(Open {
                            number: count,
                            begin: at,
                            inside,
                            bars: Vec::new(),
                            is_fixed: false,
                            is_negative: is_negative || kind == Kind::Negative,
                            is_plain: kind == Kind::Plain,
                        });
                        count += 1;
                    }
                }
                at += length;
            }
            b')' if open.len() > 1 => {
                if let Some(group) = open.pop() {
                    found.push(group.close(at, at + 1));
                }
            }
            _ => {}
        }
        at += 1;
    }
    let end = pattern.len();
    found.extend(open.pop().map(|group| group.close(end, end)));
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, group)| group).collect()
}

/// A group that is not closed yet.
struct Open {
    number: usize,
    begin: usize,
    inside: usize,
    bars: Vec<usize>,
    is_fixed: bool,
    /// Whether what counts is that it does not match.
    is_negative: bool,
    is_plain: bool,
}

impl Open {
    fn close(self, end: usize, after: usize) -> (usize, Group) {
        let Self {
            number,
            begin,
            inside,
            bars,
            is_fixed,
            is_negative,
            is_plain,
        } = self;
        let mut alternatives = Vec::with_capacity(bars.len() + 1);
        let mut start = inside;
        for bar in bars {
            alternatives.push(start..bar);
            start = bar + 1;
        }
        alternatives.push(start..end);
        let group = Group {
            whole: begin..after,
            alternatives,
            is_fixed: is_fixed || is_negative,
            is_plain,
        };
        (number, group)
    }
}

/// What a parenthesis opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Positive,
    /// Look-around that must not match.
    Negative,
    /// `(?i)`, closed again.
    Options,
    Comment,
}

/// What a parenthesis opens, and how many bytes after it belong to that. `None`: what follows cannot be
/// read here.
fn opening(rest: &[u8]) -> Option<(usize, Kind)> {
    let Some(after) = rest.strip_prefix(b"?") else {
        return Some((0, Kind::Positive));
    };
    for (start, kind) in [
        (&b":"[..], Kind::Plain),
        (b"=", Kind::Positive),
        (b"!", Kind::Negative),
        (b"<=", Kind::Positive),
        (b"<!", Kind::Negative),
        (b">", Kind::Positive),
    ] {
        if after.starts_with(start) {
            return Some((1 + start.len(), kind));
        }
    }
    let until = |end: u8| memchr::memchr(end, after);
    match after.first()? {
        b'#' => Some((until(b')')? + 2, Kind::Comment)),
        b'<' => Some((until(b'>')? + 2, Kind::Positive)),
        b'\'' => {
            let name = after.get(1..)?;
            Some((memchr::memchr(b'\'', name)? + 3, Kind::Positive))
        }
        b'P' if after.starts_with(b"P<") => Some((until(b'>')? + 2, Kind::Positive)),
        b'P' => Some((until(b')')? + 2, Kind::Comment)),
        _ => {
            let is_option = |byte: &u8| matches!(byte, b'i' | b'm' | b's' | b'U' | b'-' | b'^');
            let end = after.iter().position(|byte| !is_option(byte))?;
            match after.get(end)? {
                b')' => Some((end + 2, Kind::Options)),
                b':' => Some((end + 2, Kind::Positive)),
                _ => None,
            }
        }
    }
}

/// Where the class ends that begins at `start`: its last byte.
fn class_end(pattern: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    if pattern.get(at) == Some(&b'^') {
        at += 1;
    }
    let first = at;
    while let Some(&byte) = pattern.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' if pattern.get(at + 1) == Some(&b':') => {
                let rest = pattern.get(at + 2..).unwrap_or_default();
                let name = rest
                    .iter()
                    .take_while(|it| it.is_ascii_alphabetic() || **it == b'^');
                let length = name.count();
                if rest.get(length..).is_some_and(|it| it.starts_with(b":]")) {
                    at += 2 + length + 1;
                }
            }
            b']' if at > first => return at,
            _ => {}
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(pattern: &str, value: &str) -> String {
        let span = {
            let compiled = Operator::compile(
                "rx",
                pattern.as_bytes(),
                &mut CompileEnv {
                    files: &NoFiles,
                    from: "",
                    limits: Limits::default(),
                    slots: &mut 0,
                    warnings: &mut Vec::new(),
                },
            );
            let mut captures = Captures::default();
            let operator = compiled.unwrap_or_else(|error| panic!("{pattern}: {error}"));
            let caches = &mut Caches::default();
            operator.evaluate(value.as_bytes(), b"", caches, Some(&mut captures));
            captures
                .range(0)
                .unwrap_or_else(|| panic!("{pattern} does not match"))
        };
        let found = smallest(pattern.as_bytes(), value.as_bytes(), &span);
        found.map_or_else(
            || pattern.to_owned(),
            |found| String::from_utf8_lossy(&found).into_owned(),
        )
    }

    #[test]
    fn only_the_alternatives_that_match_are_left() {
        for (pattern, value, expected) in [
            ("a|b|c", "xbx", "b"),
            (
                "(?i)(?:union|select|insert)\\s",
                "SELECT 1",
                "(?i)select\\s",
            ),
            ("(?i:a(?:b|c|d)|e)f", "acf", "(?i:ac)f"),
            ("(?:a|b)+", "abab", "(?:a|b)+"),
            ("(?:a|b|c)+", "abab", "(?:a|b)+"),
            ("(a|b)\\1", "bb", "(b)\\1"),
            ("x(?:|y|z)", "xz", "x"),
            ("[|a](?:b|[)|]c)", "a)c", "[|a][)|]c"),
            ("[]|](?:b|c)", "]c", "[]|]c"),
            ("[[:alpha:]|](?:b|c)", "qc", "[[:alpha:]|]c"),
            ("\\Q(a|b\\E(?:c|d)", "(a|bd", "\\Q(a|b\\Ed"),
            ("\\((?:c|d)\\|", "(d|", "\\(d\\|"),
            ("a(?!b|c)(?:d|e)", "ae", "a(?!b|c)e"),
            ("(?#x|y)(?:d|e)", "e", "(?#x|y)e"),
            ("a(?i)b|C", "c", "a(?i)b|C"),
            ("plain", "plain", "plain"),
        ] {
            assert_eq!(branch(pattern, value), expected, "{pattern} on {value}");
        }
    }

    #[test]
    fn patterns_with_thousands_of_words_take_few_tries() {
        let words: Vec<String> = (0..3000).map(|number| format!("word{number}x")).collect();
        let pattern = format!("(?:{})", words.join("|"));
        assert_eq!(branch(&pattern, "a word2718x b"), "word2718x");
    }
}
