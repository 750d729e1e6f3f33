//! The two engines and the superset, held to each other on patterns and values made up.

use proptest::prelude::*;

use super::super::{Machine, lower, parse::parse, program};
use super::{by_machine, groups, rx, rx_with};
use crate::waf::operators::Limits;

/// Patterns of what both engines can do, over few letters so that they match at times.
fn regular() -> impl Strategy<Value = String> {
    let pieces = [
        "a", "b", "c", "B", ".", "[ab]", "[^a]", r"\w", r"\W", r"\b", r"\B", "^", "$", r"\n",
        "(?i)b",
    ];
    let leaf = prop::sample::select(pieces.to_vec()).prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let quantifier = prop::sample::select(vec!["*", "+?", "?", "{2}", "{1,2}?", "{0,1}"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|pieces| pieces.concat()),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|pieces| pieces.join("|")),
            inner.clone().prop_map(|inner| format!("({inner})")),
            (inner, quantifier).prop_map(|(inner, times)| format!("(?:{inner}){times}")),
        ]
    })
}

/// Patterns of what the machine alone can do, too.
fn irregular() -> impl Strategy<Value = String> {
    let around = vec!["(?=", "(?!", "(?>", "(?<=", "(?<!", "(?:", "("];
    let quantifier = vec!["", "*", "++", "?+", "{2}"];
    let piece = (
        prop::sample::select(around),
        regular(),
        prop::sample::select(quantifier),
    );
    let piece = piece.prop_map(|(open, inner, times)| format!("{open}{inner}){times}"));
    let reference = prop::sample::select(vec![r"\1".to_owned(), r"(?i)\1".to_owned()]);
    prop::collection::vec(
        prop_oneof![4 => piece, 1 => regular(), 1 => reference],
        1..5,
    )
    .prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aabbcB \n\xff".to_vec()), 0..12)
}

/// Mostly bytes that mean something in a pattern.
fn any_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        6 => prop::sample::select(br"()[]{}|?*+^$.\-:<>=!&'#,01i aQERKgk".to_vec()),
        1 => any::<u8>(),
    ]
}

proptest! {
    // Patterns take long to compile without optimisation.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_engines_find_the_same(pattern in regular(), inputs in prop::collection::vec(value(), 4)) {
        let (automaton, machine) = (rx(pattern.as_bytes()), by_machine(pattern.as_bytes()));
        for input in inputs {
            let found = groups(&machine, &input);
            prop_assert_eq!(groups(&automaton, &input).0, found.0, "{}", pattern);
        }
    }

    #[test]
    fn the_superset_matches_where_the_pattern_does(
        pattern in irregular(),
        inputs in prop::collection::vec(value(), 4),
    ) {
        let Ok(parsed) = parse(pattern.as_bytes(), false) else {
            return Ok(());
        };
        let Ok(program) = program::compile(&parsed, 2 << 20) else {
            return Ok(());
        };
        let superset = regex_automata::meta::Builder::new()
            .configure(regex_automata::meta::Config::new().utf8_empty(false))
            .build_from_hir(&lower::superset(&parsed.node))
            .unwrap();
        let mut machine = Machine::default();
        for input in inputs {
            machine.allow(100_000);
            if machine.search(&program, &input, 0) == Ok(true) {
                prop_assert!(superset.is_match(&input), "{} of {:?}", pattern, input);
            }
        }
    }

    #[test]
    fn any_bytes_are_a_pattern_or_an_error(
        pattern in prop::collection::vec(any_byte(), 0..24),
        input in value(),
    ) {
        if let Ok(rx) = rx_with(&pattern, Limits::default())
            && !rx.expands()
        {
            groups(&rx, &input);
        }
    }
}
