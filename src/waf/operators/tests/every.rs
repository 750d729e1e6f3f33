//! What all operators are held to, and what their tests share.

use super::super::{
    Caches, Captures, CompileEnv, Limits, Operator, OperatorError, OperatorWarning, Outcome,
};
use crate::waf::seclang::Memory;

/// Compiles with files at hand, and says what was doubtful.
pub(in crate::waf::operators) fn compile_with(
    name: &str,
    argument: &[u8],
    files: &Memory,
    limits: Limits,
) -> (Result<Operator, OperatorError>, Vec<OperatorWarning>) {
    let mut warnings = Vec::new();
    let compiled = Operator::compile(
        name,
        argument,
        &mut CompileEnv {
            files,
            from: "rules/a.conf",
            limits,
            slots: &mut 0,
            warnings: &mut warnings,
        },
    );
    (compiled, warnings)
}

pub(in crate::waf::operators) fn compile(name: &str, argument: &[u8]) -> Operator {
    let (operator, _) = compile_with(name, argument, &Memory::default(), Limits::default());
    operator.unwrap_or_else(|error| panic!("@{name} {}: {error}", argument.escape_ascii()))
}

fn fails(name: &str, argument: &[u8]) -> OperatorError {
    let (operator, _) = compile_with(name, argument, &Memory::default(), Limits::default());
    operator.unwrap_err()
}

/// Evaluates with what the macros in the argument became, twice, and says what group 0 was.
pub(in crate::waf::operators) fn evaluate(
    operator: &Operator,
    expanded: &[u8],
    input: &[u8],
) -> (Outcome, Option<Vec<u8>>) {
    let mut caches = Caches::default();
    let mut captures = Captures::default();
    let outcome = operator.evaluate(input, expanded, &mut caches, Some(&mut captures));
    let without = operator.evaluate(input, expanded, &mut caches, None);
    assert_eq!(outcome, without, "captures change no outcome");
    (outcome, captures.group(0, input).map(<[u8]>::to_vec))
}

pub(in crate::waf::operators) fn check(name: &str, argument: &[u8], input: &[u8], expected: bool) {
    let operator = compile(name, argument);
    assert!(!operator.expands());
    let (outcome, captured) = evaluate(&operator, b"not looked at", input);
    let shown = (argument.escape_ascii(), input.escape_ascii());
    assert_eq!(
        outcome,
        Outcome::matched(expected),
        "@{name} {} of {}",
        shown.0,
        shown.1
    );
    assert_eq!(captured, None);
}

/// An operator, its argument, that with its macros expanded, a value, and whether it matches.
type Expanded = (
    &'static str,
    &'static [u8],
    &'static [u8],
    &'static [u8],
    bool,
);

#[test]
fn macros_are_taken_as_they_were_expanded() {
    let cases: &[Expanded] = &[
        ("within", b"%{tx.methods}", b"GET POST", b"POST", true),
        ("streq", b"a%{tx.0}", b"ab", b"ab", true),
        ("contains", b"%{tx.0}", b"b", b"abc", true),
        ("containsWord", b"%{tx.0}", b"b", b"abc", false),
        ("gt", b"%{tx.limit}", b"100", b"101", true),
        ("gt", b"%{tx.limit}", b"", b"0", false),
        ("rx", b"^%{tx.pattern}$", b"^(a|b)$", b"b", true),
        ("rx", b"^%{tx.pattern}$", b"^(a|b)$", b"c", false),
        (
            "verifyCC",
            b"%{tx.pattern}",
            b"\\d{16}",
            b"4111111111111111",
            true,
        ),
    ];
    for (name, argument, expanded, input, expected) in cases {
        let operator = compile(name, argument);
        assert!(operator.expands(), "@{name}");
        let (outcome, _) = evaluate(&operator, expanded, input);
        assert_eq!(outcome, Outcome::matched(*expected), "@{name}");
    }
}

#[test]
fn macros_that_make_no_pattern_count_as_a_match_that_gave_up() {
    let operator = compile("rx", b"%{tx.pattern}");
    let mut caches = Caches::default();
    for (expanded, exhausted) in [(&b"("[..], true), (b"b", false), (b"(", true)] {
        let outcome = operator.evaluate(b"b", expanded, &mut caches, None);
        assert!(outcome.matched);
        assert_eq!(outcome.exhausted, exhausted);
    }
    let long = vec![b'b'; 5 << 10];
    let outcome = operator.evaluate(b"b", &long, &mut caches, None);
    assert_eq!(outcome, Outcome::EXHAUSTED);
}

#[test]
fn what_gave_up_holds_negated_or_not() {
    let cases = [
        (Outcome::matched(true), [true, false]),
        (Outcome::matched(false), [false, true]),
        (Outcome::EXHAUSTED, [true, true]),
    ];
    for (outcome, expected) in cases {
        assert_eq!([outcome.holds(false), outcome.holds(true)], expected);
    }
}

#[test]
fn arguments_that_are_none_are_errors() {
    use OperatorError::{Address, ByteRange, Escape, NoArgument, Pattern, Unknown};
    let cases: &[(&str, &[u8], OperatorError)] = &[
        ("rxx", b"", Unknown("rxx".into())),
        ("pm", b"", NoArgument("pm")),
        ("strmatch", b" ", NoArgument("strmatch")),
        ("strmatch", br"a\n", Escape(1)),
        ("ipMatch", b"", NoArgument("ipMatch")),
        ("ipMatch", b"::1,10.0.0.0/33", Address("10.0.0.0/33".into())),
        (
            "ipMatch",
            b"10.0.0.0/255.0.0.0",
            Address("10.0.0.0/255.0.0.0".into()),
        ),
        ("ipMatch", b"localhost\n", Address("localhost".into())),
        ("validateByteRange", b"", NoArgument("validateByteRange")),
        ("validateByteRange", b"1-256", ByteRange("1-256".into())),
        ("validateByteRange", b"9-1", ByteRange("9-1".into())),
        ("validateByteRange", b"a", ByteRange("a".into())),
        (
            "verifyCC",
            b"(",
            Pattern(super::super::PatternError::UnclosedGroup(0)),
        ),
    ];
    for (name, argument, expected) in cases {
        let error = fails(name, argument);
        assert_eq!(error, *expected, "@{name} {}", argument.escape_ascii());
    }
}

#[test]
fn the_table_is_in_the_order_of_the_alphabet() {
    let names: Vec<_> = Operator::names().map(str::to_ascii_lowercase).collect();
    assert!(names.is_sorted());
}

#[test]
fn a_capture_replaces_all_groups_and_no_capture_none() {
    let mut captures = Captures::default();
    let mut caches = Caches::default();
    let (two, one, none) = (
        compile("rx", b"(a)(x)?(b)(x)?"),
        compile("pm", b"b"),
        compile("streq", b"ab"),
    );
    let evaluate = |operator: &Operator, captures: &mut Captures, caches: &mut Caches| {
        let outcome = operator.evaluate(b"ab", b"", caches, Some(captures));
        assert_eq!(outcome, Outcome::matched(true));
        (0..10).map(|at| captures.range(at)).collect::<Vec<_>>()
    };
    let groups = evaluate(&two, &mut captures, &mut caches);
    let expected = [Some(0..2), Some(0..1), Some(0..0), Some(1..2), None];
    assert_eq!(groups.get(..5), Some(&expected[..]));
    let groups = evaluate(&one, &mut captures, &mut Caches::default());
    assert_eq!(groups.get(..2), Some(&[Some(1..2), None][..]));
    let groups = evaluate(&none, &mut captures, &mut Caches::default());
    assert!(captures.is_empty() && groups.iter().all(Option::is_none));
}
