//! Patterns, values and groups, as PCRE2 10.42 has them; both engines must find them.
#![allow(clippy::single_range_in_vec_init)]

use std::ops::Range;

use super::{by_machine, groups, rx};
use crate::waf::operators::{Caches, Captures, Outcome};

/// Pattern, value, and where the whole match and the groups are; no groups where it does not match.
type Case = (&'static str, &'static [u8], &'static [Range<usize>]);

fn check(cases: &[Case]) {
    for (pattern, input, expected) in cases {
        for rx in [rx(pattern.as_bytes()), by_machine(pattern.as_bytes())] {
            let shown = format!("{pattern} of {}", input.escape_ascii());
            let (outcome, groups) = groups(&rx, input);
            assert_eq!(outcome, Outcome::matched(!expected.is_empty()), "{shown}");
            let expected: Vec<_> = expected.iter().cloned().map(Some).collect();
            assert_eq!(groups, expected, "{shown}");
        }
    }
}

#[test]
fn patterns_mean_what_they_mean_to_pcre_and_not_to_regex_syntax() {
    check(&[
        ("[[a]", b"[", &[0..1]),
        ("[a&&b]", b"&", &[0..1]),
        ("[a&&b]", b"a", &[0..1]),
        ("[+--]", b",", &[0..1]),
        ("[a~~b]", b"~", &[0..1]),
        (r"\<a\>", b"<a>", &[0..3]),
        (r"\v", b"\n", &[0..1]),
        (r"[\v]", b"\x85", &[0..1]),
        ("a{,2}", b"a{,2}", &[0..5]),
        ("a{", b"a{", &[0..2]),
        ("{{.*}}", b"{{7*7}}", &[0..7]),
        ("${x}", b"x", &[]),
        ("x{a}", b"x{a}", &[0..4]),
        (r"a\b{start}", b"a{start}", &[0..8]),
        (r"[^=' ?]", b"a", &[0..1]),
    ]);
}

#[test]
fn values_are_bytes_and_ends_are_ends() {
    check(&[
        ("a.b", b"a\nb", &[0..3]),
        ("(?-s)a.b", b"a\nb", &[]),
        ("^b", b"a\nb", &[]),
        ("(?m)^b", b"a\nb", &[2..3]),
        ("a$", b"a\n", &[]),
        ("(?m)a$", b"a\nb", &[0..1]),
        (r"a\Z", b"a\n", &[0..1]),
        (r"a\z", b"a\n", &[]),
        (r"\Aa", b"ba", &[]),
        (r"\x{c2}\x{b4}", b"\xc2\xb4", &[0..2]),
        (r"\x{c2}", b"\xc3\x82", &[]),
        ("\u{e9}", b"\xc3\xa9", &[0..2]),
        ("[\u{e9}]", b"\xa9", &[0..1]),
        ("(?i)\u{e9}", b"\xc3\x89", &[]),
        ("(?i)k", "\u{212a}".as_bytes(), &[]),
        (r"\xfF", b"\xff", &[0..1]),
        (r"\w", b"\xe9", &[]),
        (r"\s", b"\x0b", &[0..1]),
        (r"[^\x00-\xff]", b"a", &[]),
        ("", b"", &[0..0]),
    ]);
}

#[test]
fn classes_are_those_of_pcre() {
    check(&[
        ("[]a]+", b"a]", &[0..2]),
        ("[^]a]", b"]b", &[1..2]),
        ("[a-]+", b"-a", &[0..2]),
        ("[-a]+", b"-a", &[0..2]),
        (r"[\d-z]+", b"7-z", &[0..3]),
        (r"[a\-z]+", b"m-a", &[1..3]),
        (r"[\b]", b"\x08", &[0..1]),
        (r"[\Qa-c]\E]+", b"b-]", &[1..3]),
        ("[[:alpha:]_]+", b"1a_B", &[1..4]),
        ("[[:^digit:]]", b"1a", &[1..2]),
        ("[[:x]+", b":[x", &[0..3]),
        ("(?i)[[:upper:]]", b"a", &[0..1]),
        ("(?i)[^a]", b"Ab", &[1..2]),
        ("(?i)[W-z]+", b"awW_", &[0..4]),
        (r"[\101-\x43]+", b"ABCD", &[0..3]),
        (r"[\h]", b"\xa0", &[0..1]),
        (r"\N+", b"a\n", &[0..1]),
        (r"[\w\s]+", b"\xffa b", &[1..4]),
    ]);
}

#[test]
fn escapes_are_those_of_pcre() {
    check(&[
        (r"\Qa.b\E+", b"a.bb", &[0..4]),
        (r"\Qa.b", b"axb", &[]),
        (r"\E\.", b".", &[0..1]),
        (r"\cA\e\a\f", b"\x01\x1b\x07\x0c", &[0..4]),
        (r"\0\x\o{101}", b"\0\0A", &[0..3]),
        (r"\x4z", b"\x04z", &[0..2]),
        (r"(a)\11", b"a\t", &[0..2, 0..1]),
        (r"\/\-\_\'\ ", b"/-_' ", &[0..5]),
        (r"\R", b"\r\n", &[0..2]),
        (r"\R\n", b"\r\n", &[]),
        (
            r"(?x) a # comment
            b",
            b"ab",
            &[0..2],
        ),
        ("a(?#comment)b", b"ab", &[0..2]),
        (r"a\Kb", b"ab", &[1..2]),
    ]);
}

#[test]
fn options_hold_to_the_end_of_their_group() {
    check(&[
        ("a(?i)b|c", b"C", &[0..1]),
        ("(a(?i)b|c)d", b"CD", &[]),
        ("(a(?i)b|c)d", b"aBd", &[0..3, 0..2]),
        ("(?i:a)b", b"Ab", &[0..2]),
        ("(?i:a)b", b"aB", &[]),
        ("(?i)a(?-i)b", b"Ab", &[0..2]),
        ("(?^s:.)", b"\n", &[0..1]),
        ("(?^:.)", b"\n", &[]),
        ("(?U)a+", b"aa", &[0..1]),
        ("(?U)a+?", b"aa", &[0..2]),
    ]);
}

#[test]
fn groups_capture_and_refer() {
    check(&[
        ("(a)|(b)", b"b", &[0..1, 0..0, 0..1]),
        ("(?P<x>a)(?<y>b)(?'z'c)", b"abc", &[0..3, 0..1, 1..2, 2..3]),
        (r"(a|b)\1", b"abb", &[1..3, 1..2]),
        (r"(?i)(a)\1", b"aA", &[0..2, 0..1]),
        (r"(a)(?i)\1", b"aA", &[0..2, 0..1]),
        (r"(a)\g{1}\g1\g{-1}", b"aaaa", &[0..4, 0..1]),
        (
            r"(?<x>a)\k<x>\k{x}\k'x'(?P=x)\g{x}",
            b"aaaaaa",
            &[0..6, 0..1],
        ),
        (r"\1(a)", b"aa", &[]),
        (r"(?:\1b|(a))+", b"aab", &[0..3, 0..1]),
        (r"(a\1?){2}", b"aaa", &[0..3, 1..3]),
        (r"(\w+) \1", b"ab abc", &[0..5, 0..2]),
    ]);
}

#[test]
fn ways_once_taken_are_kept_where_the_pattern_says_so() {
    check(&[
        ("a*+a", b"aaa", &[]),
        ("a*+b", b"aab", &[0..3]),
        ("a?+a", b"a", &[]),
        ("a{1,2}+a", b"aa", &[]),
        ("a{1,2}+a", b"aaa", &[0..3]),
        ("(?:ab)++c", b"ababc", &[0..5]),
        ("(?>a|ab)c", b"abc", &[]),
        ("(?>a+)b", b"aab", &[0..3]),
        ("(?>(a)|b)+c", b"abc", &[0..3, 0..1]),
        ("(?>(?:a|(b))*)c", b"abac", &[0..4, 1..2]),
    ]);
}

#[test]
fn what_lies_around_is_looked_at_and_not_taken() {
    check(&[
        ("a(?=b)", b"acab", &[2..3]),
        ("a(?!b)", b"abac", &[2..3]),
        ("(?<=a)b", b"bab", &[2..3]),
        ("(?<!a)b", b"abb", &[2..3]),
        ("(?<=ab|c)d", b"abcd", &[3..4]),
        ("(?<=^|,)x", b"a,x", &[2..3]),
        (r"(?<=\d{3})a", b"12a123a", &[6..7]),
        ("(?=(a+))a*b", b"aab", &[0..3, 0..2]),
        ("(?!(a)b)ac", b"ac", &[0..2]),
        ("(?<!x(?=y))y", b"xyy", &[2..3]),
        ("(?=a)*b", b"b", &[0..1]),
    ]);
}

#[test]
fn the_patterns_of_older_core_rules_that_backtrack_work() {
    // In the manner of rules 920120, 942130, 942260 and 953120 of version 3.
    check(&[
        (r#"(?<!&(?:[aou]uml)|&(?:amp));|['"=]"#, b"a&auml;b", &[]),
        (
            r#"(?<!&(?:[aou]uml)|&(?:amp));|['"=]"#,
            b"a&auml;b;",
            &[8..9],
        ),
        (r#"(?<!&(?:[aou]uml)|&(?:amp));|['"=]"#, b"a=", &[1..2]),
        (
            r"(?i:\b(\w+)\b\s*?(?:=\s*?\b\1\b|<>\s*?(?!\b\1\b)\w+))",
            b"x or A=a",
            &[5..8, 5..6],
        ),
        (
            r"(?i:\b(\w+)\b\s*?(?:=\s*?\b\1\b|<>\s*?(?!\b\1\b)\w+))",
            b"1=2",
            &[],
        ),
        (
            r"(?i:\b(\w+)\b\s*?(?:=\s*?\b\1\b|<>\s*?(?!\b\1\b)\w+))",
            b"1 <> 2",
            &[0..6, 0..1],
        ),
        (
            r"(?i:\b(\w+)\b\s*?(?:=\s*?\b\1\b|<>\s*?(?!\b\1\b)\w+))",
            b"1 <> 1",
            &[],
        ),
        (r#"[^?\w\s]++\s*?\w+\W+\w"#, b"'' or 1", &[0..7]),
        (r"<\?(?!xml)", b"<?xml ?><?php", &[8..10]),
        (r"<\?(?!xml)", b"<?xml ?>", &[]),
    ]);
}

#[test]
fn all_matches_are_captured_one_after_the_other() {
    let cases: [Case; 4] = [
        (r"(\d)x", b"1x 2x", &[0..2, 0..1, 3..5, 3..4]),
        ("x*", b"ax", &[0..0, 1..2, 2..2]),
        (
            "a",
            &[b'a'; 20],
            &[0..1, 1..2, 2..3, 3..4, 4..5, 5..6, 6..7, 7..8, 8..9, 9..10],
        ),
        ("b", b"a", &[]),
    ];
    for (pattern, input, expected) in cases {
        for rx in [rx(pattern.as_bytes()), by_machine(pattern.as_bytes())] {
            let (mut caches, mut captures) = (Caches::default(), Captures::default());
            let outcome = rx.capture_all(input, &mut caches, &mut captures);
            assert_eq!(outcome, Outcome::matched(!expected.is_empty()));
            let groups: Vec<_> = (0..10).map_while(|index| captures.range(index)).collect();
            assert_eq!(groups, expected, "{pattern}");
        }
    }
}
