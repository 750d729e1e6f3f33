//! Patterns that are refused, and searches that give up.

use super::{super::PatternError, rx, rx_with};
use crate::waf::operators::tests::compile_with;
use crate::waf::operators::{Caches, Limits, Operator, OperatorWarning, Outcome};
use crate::waf::seclang::Memory;

#[test]
fn patterns_have_limits() {
    let nested = |depth| ["(".repeat(depth), ")".repeat(depth)].concat();
    let too_large = PatternError::TooLarge(2 << 20);
    let (at, limit) = (100, 100);
    let cases = [
        (nested(100), None),
        (nested(101), Some(PatternError::TooDeep { at, limit })),
        ("a".repeat(200_000), Some(PatternError::TooLong(128 << 10))),
        ("(?:(?:\\w{100}){100}){100}".to_owned(), Some(too_large)),
        ("(?:(?:(?>a){999}){999}){999}".to_owned(), Some(too_large)),
        (
            "(?:(?:(?=){65535}){65535}){65535}".to_owned(),
            Some(too_large),
        ),
        ("(?:a{65535}){0}".to_owned(), None),
        // Braces and bars that would be looked at over and over.
        ("{".repeat(10_000), None),
        (r"(a)\1".to_owned() + &r"|\1".repeat(3_000), None),
    ];
    for (pattern, expected) in cases {
        let error = rx_with(pattern.as_bytes(), Limits::default()).err();
        let begin = pattern.get(..20).unwrap_or(&pattern);
        assert_eq!(error, expected, "{begin}");
    }
}

#[test]
fn what_takes_too_many_steps_is_a_match_that_gave_up() {
    let cases = [
        (r"(?:a+)+(?!)", vec![b'a'; 64]),
        (r"(a|aa)+(?!)", vec![b'a'; 200]),
        (r"(\w*)*\1(?!)", vec![b'a'; 3000]),
        (r".*.*(?!)", vec![b'a'; 20_000]),
        // More choices than are kept.
        (r"(?:(a|b)(?=))*(?!)", vec![b'a'; 200_000]),
    ];
    for (pattern, input) in cases {
        let mut caches = Caches::default();
        let outcome = rx(pattern.as_bytes()).is_match(&input, &mut caches);
        assert_eq!(outcome, Outcome::EXHAUSTED, "{pattern}");
        assert!(caches.memory_usage() < 4 << 20, "{pattern}");
    }
}

#[test]
fn steps_are_allowed_for_each_byte_of_the_value() {
    let mut caches = Caches::default();
    for (steps_per_byte, expected) in [(16, Outcome::matched(false)), (2, Outcome::EXHAUSTED)] {
        let limits = Limits {
            steps: 100,
            steps_per_byte,
            ..Limits::default()
        };
        let rx = rx_with(b"a(?!a)(?!b)", limits).unwrap();
        let outcome = rx.is_match(&b"ab".repeat(10_000), &mut caches);
        assert_eq!(outcome, expected);
    }
}

#[test]
fn only_what_an_automaton_cannot_do_is_warned_of() {
    let cases = [
        ("a+?(b|c)*$", None),
        ("a++", Some("possessive quantifier")),
        ("(?>a)", Some("atomic group")),
        (r"(a)\1", Some("back-reference")),
        ("a(?=b)", Some("look-ahead")),
        ("(?<!a)b", Some("look-behind")),
    ];
    for (pattern, construct) in cases {
        let files = Memory::default();
        let (operator, warnings) =
            compile_with("rx", pattern.as_bytes(), &files, Limits::default());
        let expected: Vec<_> = construct
            .map(|construct| OperatorWarning::Backtracking { construct })
            .into_iter()
            .collect();
        assert_eq!(warnings, expected, "{pattern}");
        let Ok(Operator::Rx(rx)) = operator else {
            panic!("{pattern}");
        };
        assert_eq!(rx.is_exact(), construct.is_none());
        assert!(rx.hir().is_some());
    }
}

#[test]
fn patterns_that_are_none_are_errors() {
    use PatternError as E;
    let unsupported = |at, construct| E::Unsupported { at, construct };
    let cases = [
        ("a(b", E::UnclosedGroup(1)),
        ("(?:", E::UnclosedGroup(0)),
        ("(?", E::UnclosedGroup(0)),
        ("(?#a", E::UnclosedGroup(0)),
        ("(?<a", E::UnclosedGroup(0)),
        ("a)b", E::UnopenedGroup(1)),
        ("a[b", E::UnclosedClass(1)),
        ("[]", E::UnclosedClass(0)),
        ("[z-a]", E::ClassRange(1)),
        ("[[:alfa:]]", E::PosixClass(1)),
        ("*a", E::NothingToRepeat(0)),
        ("a|+", E::NothingToRepeat(2)),
        ("({2})", E::NothingToRepeat(1)),
        ("a**", E::NothingToRepeat(2)),
        ("(?i)*", E::NothingToRepeat(0)),
        ("a{2,1}", E::Repetition(1)),
        ("a{65536}", E::Repetition(1)),
        ("a{99999999999}", E::Repetition(1)),
        (r"a\", E::Escape(1)),
        (r"\j", E::Escape(0)),
        (r"[\B]", E::Escape(1)),
        (r"\x{100}", E::NotAByte(0)),
        (r"\x{+1}", E::NotAByte(0)),
        (r"\777", E::NotAByte(0)),
        (r"\o{8}", E::NotAByte(0)),
        (r"(a)\2", E::NoSuchGroup(3)),
        (r"\g0", E::NoSuchGroup(0)),
        (r"(a)\g{-2}", E::NoSuchGroup(3)),
        (r"\k<x>", E::NoSuchGroup(0)),
        ("(?<1a>b)", E::GroupName(3)),
        ("(?<a>b)(?<a>c)", E::GroupName(10)),
        ("(?y)", E::Group(2)),
        ("(?R)", unsupported(0, "a recursion")),
        ("(?-1)", unsupported(0, "a recursion")),
        ("(?&a)", unsupported(0, "a recursion")),
        ("(a)(?(1)b)", unsupported(3, "a condition `(?(`")),
        ("(?|a)", unsupported(0, "a branch reset `(?|`")),
        ("(*SKIP)", unsupported(0, "a verb `(*...)`")),
        (r"\pL", unsupported(0, "a Unicode property `\\p`")),
        ("(?<=a+)b", E::Lookbehind),
        ("(?<=a(?:b|cd))e", E::Lookbehind),
    ];
    for (pattern, expected) in cases {
        let error = rx_with(pattern.as_bytes(), Limits::default()).err();
        assert_eq!(error, Some(expected), "{pattern}");
    }
}
