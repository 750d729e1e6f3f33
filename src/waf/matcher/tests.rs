//! The matcher against the rules' own words: transform, test, negate, one condition at a time.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use regex_automata::{meta, util::syntax};
use regex_syntax::ParserBuilder;

use super::{AtomSpec, Bits, BuildError, Expression, Matcher, Requires, Scratch, Test};
use crate::waf::operators::{Caches, Outcome};
use crate::waf::{Buffers, ByteSet, Transformation};

/// Expressions as rules have them: words among noise, classes, anchors, case, alternatives.
const EXPRESSIONS: [&str; 39] = [
    r"^.*$",
    r"^.{2,}$",
    r".+",
    r".{64,}",
    r".",
    r"(?i)\bunion\b.{0,20}\bselect\b",
    r#"(?i)[\x5c'"\[]*s[\x5c'"\[]*e[\x5c'"\[]*l[\x5c'"\[]*e[\x5c'"\[]*c[\x5c'"\[]*t"#,
    r"(?:^|[/\x5c])\.\.(?:[/\x5c]|$)",
    r"(?i)<script[^>]*>[\s\S]*?",
    r"(?i)on(?:load|error|click)\s*=",
    r"^[\d.]+$",
    r"^(?i:get|post|head)$",
    r"[\n\r]",
    r"\x00",
    r"(?i)\b(?:cat|ls|id|wget|curl)\b\s*[-/a-z]",
    r"\$\((?:[^)]+|\([^)]*\))\)",
    r"`[^`]+`",
    r"(?i)(?:sleep|benchmark)\s*?\(.*?\)",
    r"[^a-z0-9]{4}",
    r"(?:a{3}|b{2,}c)d?",
    r"(?i)%[0-9a-f]{2}",
    r"^$",
    r"",
    r"x*",
    r"(?i)java\s*script\s*:",
    r"[\x80-\xff]{2}",
    r"(?:\x27|\x22)\s*(?:or|and)\s+\d+=\d+",
    r"[a-z]{60}",
    r"(?i)0x[0-9a-f]{63}",
    r".{64}",
    r".{65}",
    r"ABC",
    r"[A-Z][a-z]+",
    r"(?:)|zzz",
    r"[a&&b]",
    r"^.{3,5}$",
    r"(?i)/etc/(?:passwd|shadow)",
    r"\.(?:php|asp)x?\b",
    r"(?-u:\xe2\x80\x99)|’",
];

/// What values are made of.
const PIECES: [&[u8]; 60] = [
    b"union",
    b"SELECT",
    b"select",
    b"s'e\"l[e\\ct",
    b"..",
    b"/",
    b"\\",
    b"<script",
    b">",
    b"onload",
    b"onError",
    b" ",
    b"=",
    b"1",
    b"23.4",
    b"GET",
    b"\n",
    b"\r\n",
    b"\0",
    b"cat",
    b"ls -l",
    b"id",
    b"$(",
    b")",
    b"`",
    b"SLEEP(",
    b"!!!!",
    b"aaa",
    b"bbc",
    b"%41",
    b"%2527",
    b"+",
    b"%u0041",
    b"java",
    b"script",
    b":",
    b"\xe2\x80\x99",
    b"\xc2\xa0",
    b"'",
    b" or 1=1",
    b"\"",
    b"A",
    b"Abc",
    b"/*",
    b"*/",
    b"#",
    b"--",
    b"&lt;",
    b"&#x41;",
    b"\\x41",
    b"\\u0041",
    b"dW5pb24gc2VsZWN0",
    b"0x41",
    b"/etc/passwd",
    b"/etc/./x/../shadow",
    b".php",
    b"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrs",
    b"^",
    b",;",
    b"\t",
];

const WORDS: [&[u8]; 5] = [b"passwd", b"Wget", b"0x", b"/*", b"union select"];

fn test(holds: impl Fn(&[u8]) -> bool + Send + Sync + 'static, requires: Requires) -> Test {
    let outcome = move |text: &[u8]| Outcome {
        matched: holds(text),
        exhausted: false,
    };
    Test {
        holds: Arc::new(move |text, _| outcome(text)),
        requires,
    }
}

fn regex(pattern: &str) -> Test {
    let syntax = syntax::Config::new()
        .unicode(false)
        .utf8(false)
        .dot_matches_new_line(true);
    let regex = meta::Regex::builder()
        .configure(meta::Config::new().utf8_empty(false))
        .syntax(syntax)
        .build(pattern)
        .unwrap();
    let mut parser = ParserBuilder::new();
    parser.unicode(false).utf8(false).dot_matches_new_line(true);
    let expression = Some(Expression {
        hir: parser.build().parse(pattern).unwrap(),
        is_exact: true,
    });
    test(
        move |text| regex.is_match(text),
        Requires {
            expression,
            ..Requires::default()
        },
    )
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len())
        .any(|part| part.eq_ignore_ascii_case(word))
}

fn others() -> Vec<Test> {
    let special = ByteSet::range(0, 31).union(ByteSet::range(127, 255));
    vec![
        test(
            |text| WORDS.iter().any(|word| contains(text, word)),
            Requires {
                words: Some(WORDS.map(Box::from).to_vec()),
                ..Requires::default()
            },
        ),
        test(
            |text| text.iter().any(|byte| !(32..127).contains(byte)),
            Requires {
                bytes: Some(special),
                ..Requires::default()
            },
        ),
        test(
            |text| text.len() > 70 && contains(text, b"a"),
            Requires {
                words: Some(vec![Box::from(&b"A"[..])]),
                min_len: 71,
                ..Requires::default()
            },
        ),
        test(|text| text.len() % 2 == 0, Requires::default()),
        // Searches that give up count as matches, negated or not.
        Test {
            holds: Arc::new(|text, _| Outcome {
                matched: true,
                exhausted: text.len() % 3 == 0,
            }),
            requires: Requires::default(),
        },
    ]
}

/// Chains of rules, and each transformation by itself.
fn chains() -> Vec<Vec<Transformation>> {
    use Transformation::*;
    let mut chains = vec![
        vec![],
        vec![UrlDecodeUni, Lowercase],
        vec![Lowercase, UrlDecodeUni],
        vec![Lowercase, RemoveWhitespace],
        vec![UrlDecodeUni, ReplaceComments, CompressWhitespace],
        vec![
            Utf8ToUnicode,
            UrlDecodeUni,
            HtmlEntityDecode,
            JsDecode,
            CssDecode,
            RemoveNulls,
        ],
        vec![Utf8ToUnicode, UrlDecodeUni, NormalizePathWin, CmdLine],
        vec![
            UrlDecodeUni,
            JsDecode,
            Base64Decode,
            UrlDecodeUni,
            Lowercase,
        ],
        vec![Lowercase, Sha1, HexEncode],
        vec![Lowercase, Uppercase, Lowercase],
    ];
    chains.extend(Transformation::all().map(|transformation| vec![transformation]));
    chains
}

/// Every test with several chains, negated now and then.
fn atoms() -> Vec<AtomSpec> {
    let chains = chains();
    let tests: Vec<_> = EXPRESSIONS.into_iter().map(regex).chain(others()).collect();
    let count = Bits::CAPACITY;
    (0..u16::try_from(count).unwrap())
        .map(|bit| {
            let number = usize::from(bit);
            let chain = |step: usize| chains[(number * 7 + step * 13) % chains.len()].clone();
            AtomSpec {
                bit,
                chains: (0..=usize::from(number % 9 == 0) * 2).map(chain).collect(),
                negated: number % 5 == 0,
                test: tests[number % tests.len()].clone(),
            }
        })
        .collect()
}

fn asked_one_by_one(atoms: &[AtomSpec], value: &[u8], wanted: &Bits) -> Bits {
    let (mut buffers, mut caches) = (Buffers::default(), Caches::default());
    let mut holds = |atom: &AtomSpec| {
        atom.chains.iter().any(|chain| {
            let text = buffers.apply_chain(chain, value);
            let outcome = (atom.test.holds)(text, &mut caches);
            outcome.exhausted || outcome.matched != atom.negated
        })
    };
    let wanted = atoms.iter().filter(|atom| wanted.contains(atom.bit));
    wanted
        .filter(|atom| holds(atom))
        .map(|atom| atom.bit)
        .collect()
}

#[track_caller]
fn check(
    atoms: &[AtomSpec],
    matcher: &Matcher,
    value: &[u8],
    wanted: &Bits,
    scratch: &mut Scratch,
) {
    let expected = asked_one_by_one(atoms, value, wanted);
    let mut out = Bits::EMPTY;
    matcher.run(value, wanted, scratch, &mut out);
    let missed = expected.difference(&out);
    let wrong = missed.union(&out.difference(&expected));
    if let Some(bit) = wrong.iter().next() {
        let atom = &atoms[usize::from(bit)];
        panic!(
            "{} is {}: {atom:?}",
            value.escape_ascii(),
            out.contains(bit)
        );
    }
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec(
        prop_oneof![
            8 => select(&PIECES[..]).prop_map(<[u8]>::to_vec),
            1 => vec(any::<u8>(), 1..4),
        ],
        0..8,
    );
    pieces.prop_map(|pieces| pieces.concat())
}

#[test]
fn the_answer_is_that_of_asking_one_by_one() {
    let atoms = atoms();
    let matcher = Matcher::build(atoms.clone()).unwrap();
    let numbers: Vec<u16> = (0..u16::try_from(atoms.len()).unwrap()).collect();
    let all: Bits = numbers.iter().copied().collect();
    let mut scratch = Scratch::default();
    for piece in PIECES {
        check(&atoms, &matcher, piece, &all, &mut scratch);
    }
    let scratch = std::cell::RefCell::new(scratch);
    let some = subsequence(numbers.clone(), 0..numbers.len());
    let config = ProptestConfig::with_cases(300);
    proptest!(config, |(value in value(), wanted in some)| {
        let wanted = wanted.into_iter().collect();
        check(&atoms, &matcher, &value, &wanted, &mut scratch.borrow_mut());
    });
}

#[test]
fn what_decodes_to_nothing_is_an_answer_to_negated_conditions() {
    let atoms = atoms();
    let matcher = Matcher::build(atoms.clone()).unwrap();
    let mut scratch = Scratch::default();
    let mut asked = 0;
    for bit in 0..u16::try_from(atoms.len()).unwrap() {
        if atoms[usize::from(bit)].negated {
            asked += 1;
            for value in [&b"s'e"[..], b"", b"'", b"====", b"%"] {
                check(&atoms, &matcher, value, &Bits::one(bit), &mut scratch);
            }
        }
    }
    assert!(asked > 10, "{asked}");
}

/// Expressions over few letters, so that values match now and then.
fn expression() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "a",
        "b",
        "ab",
        "ba",
        "c",
        "'",
        "ab'c",
        "[ab]",
        "[^a]",
        "[a-c ]",
        ".",
        "^",
        "$",
        r"\b",
        r"\B",
        "B",
        "(?i:aC)",
        r"[\x80-\xff]",
        "",
        "[abc'&&[^b]]",
        "aaaabbbb",
    ]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(4, 24, 4, |inner| {
            let repeat = select(vec![
                "?", "*", "+", "{2}", "{0}", "{1,3}", "{7}", "*?", "{2,}",
            ]);
            prop_oneof![
                vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
                vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
                (inner, repeat).prop_map(|(part, repeat)| format!("(?:{part}){repeat}")),
            ]
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn so_it_is_for_expressions_at_random(
        patterns in vec(expression(), 1..4),
        values in vec(vec(select(&b"aaabbbcABC '\xe9"[..]), 0..24), 16),
    ) {
        let atoms: Vec<_> = patterns
            .iter()
            .zip(0..)
            .map(|(pattern, bit)| AtomSpec {
                bit,
                chains: vec![vec![]],
                negated: false,
                test: regex(pattern),
            })
            .collect();
        let matcher = Matcher::build(atoms.clone()).unwrap();
        let mut scratch = Scratch::default();
        for value in values {
            check(&atoms, &matcher, &value, &Bits::ALL, &mut scratch);
        }
    }
}

#[test]
fn lengths_around_the_last_that_is_told_apart_are_right() {
    let atoms = atoms();
    let matcher = Matcher::build(atoms.clone()).unwrap();
    let mut scratch = Scratch::default();
    for len in 55..75 {
        for byte in [b'a', b'0', b'\'', 0xe9] {
            let value = [b"0x", &vec![byte; len][..]].concat();
            check(&atoms, &matcher, &value, &Bits::ALL, &mut scratch);
        }
    }
}

#[test]
fn values_too_large_to_hold_all_their_texts_are_right() {
    let atoms = atoms();
    let matcher = Matcher::build(atoms.clone()).unwrap();
    let mut scratch = Scratch::default();
    let value = PIECES.concat().repeat(400);
    // One of each test: the whole takes long without optimisation.
    let wanted: Bits = (0..40).collect();
    check(&atoms, &matcher, &value, &wanted, &mut scratch);
    check(&atoms, &matcher, b"union select", &Bits::ALL, &mut scratch);
}

#[test]
fn a_scratch_serves_one_matcher_after_another() {
    let matcher = |pattern| {
        Matcher::build(vec![AtomSpec {
            bit: 3,
            chains: vec![vec![]],
            negated: false,
            test: regex(pattern),
        }])
    };
    let (first, second) = (matcher("abc").unwrap(), matcher("a[0-9]+").unwrap());
    let mut scratch = Scratch::default();
    for (value, expected) in [(b"abc", [true, false]), (b"a12", [false, true])] {
        for (matcher, expected) in [&first, &second].into_iter().zip(expected) {
            let mut out = Bits::EMPTY;
            matcher.run(value, &Bits::ALL, &mut scratch, &mut out);
            assert_eq!(out.contains(3), expected);
        }
    }
}

#[test]
fn conditions_that_are_not_wanted_stay_as_they_are() {
    let matcher = Matcher::build(atoms()).unwrap();
    let mut out = Bits::one(500);
    matcher.run(
        b"union select",
        &Bits::EMPTY,
        &mut Scratch::default(),
        &mut out,
    );
    assert_eq!(out, Bits::one(500));
}

#[test]
fn a_text_is_asked_once_what_several_conditions_test() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let shared = test(
        move |text| {
            counter.fetch_add(1, Ordering::Relaxed);
            text == b"a b"
        },
        Requires::default(),
    );
    let [nulls, lower] = [Transformation::RemoveNulls, Transformation::Lowercase];
    // One condition with a test of its own stands between those that share one.
    let rows = [
        (0, vec![], false, shared.clone()),
        (1, vec![nulls], true, shared.clone()),
        (2, vec![], false, regex("b$")),
        (3, vec![lower, nulls], false, shared),
    ];
    let atoms = rows.map(|(bit, chain, negated, test)| AtomSpec {
        bit,
        chains: vec![chain],
        negated,
        test,
    });
    let matcher = Matcher::build(atoms.to_vec()).unwrap();
    let wanted = (0..4).collect();
    let cases: [(&[u8], &[u16], usize); 3] = [
        (b"a b", &[0, 2, 3], 1),
        (b"a c", &[1], 1),
        (b"A b", &[1, 2, 3], 2),
    ];
    for (value, expected, times) in cases {
        let mut out = Bits::EMPTY;
        matcher.run(value, &wanted, &mut Scratch::default(), &mut out);
        assert_eq!(out, expected.iter().copied().collect(), "{value:?}");
        assert_eq!(asked.swap(0, Ordering::Relaxed), times, "{value:?}");
    }
}

#[test]
fn conditions_that_make_no_sense_are_refused() {
    let atom = |bit, chains| AtomSpec {
        bit,
        chains,
        negated: false,
        test: others().remove(0),
    };
    let chain = vec![Transformation::Lowercase];
    let table = [
        (
            vec![atom(512, vec![chain.clone()])],
            BuildError::NumberTooLarge(512),
        ),
        (
            vec![atom(7, vec![chain.clone()]), atom(7, vec![chain.clone()])],
            BuildError::NumberTaken(7),
        ),
        (vec![atom(1, vec![])], BuildError::NoChain(1)),
        (
            vec![atom(1, vec![chain.repeat(65)])],
            BuildError::ChainTooLong(1, 64),
        ),
    ];
    for (atoms, expected) in table {
        assert_eq!(Matcher::build(atoms).err(), Some(expected));
    }
}
