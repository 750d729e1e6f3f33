//! Detectors: no bytes are too strange, what they say of every match holds, and no input is read over
//! and over.
#![no_main]

use std::sync::OnceLock;

use portcullis::waf::{
    operators::{Caches, Captures, CompileEnv, Limits, Operator},
    seclang::NoFiles,
};

/// What repeats becomes so long: read again for each repetition, it would not end within the limit.
const REPEATED: usize = 128 << 10;

const NAMES: [(&str, &[u8]); 7] = [
    ("detectBase64", b""),
    ("detectHTML", b""),
    ("detectShell", b""),
    ("detectShell", b"likely"),
    ("detectSQL", b""),
    ("detectSSRF", b""),
    ("detectTraversal", b""),
];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    match input {
        [0, piece @ ..] if !piece.is_empty() => check(&repeated(piece)),
        // What stands before, what is repeated and what stands behind, with 1 between them.
        [1, pieces @ ..] => {
            let pieces = pieces.split(|byte| *byte == 1).take(3);
            check(&pieces.flat_map(repeated).collect::<Vec<u8>>());
        }
        _ => check(input),
    }
});

fn repeated(piece: &[u8]) -> Vec<u8> {
    piece.repeat(REPEATED.checked_div(piece.len()).unwrap_or_default())
}

fn check(input: &[u8]) {
    static OPERATORS: OnceLock<Vec<Operator>> = OnceLock::new();
    let operators = OPERATORS.get_or_init(|| NAMES.map(|(name, argument)| compile(name, argument)).into());
    let mut caches = Caches::default();
    for operator in operators {
        let mut captures = Captures::default();
        let outcome = operator.evaluate(input, b"", &mut caches, Some(&mut captures));
        assert_eq!(outcome, operator.evaluate(input, b"", &mut caches, None));
        assert_eq!(outcome.matched, captures.group(0, input).is_some());
        let Operator::Detect(detector) = operator else {
            unreachable!("all of them are detectors");
        };
        if !outcome.matched {
            continue;
        }
        let lower = input.to_ascii_lowercase();
        let has = |word: &&[u8]| lower.windows(word.len()).any(|it| it.eq_ignore_ascii_case(word));
        assert!(detector.words().is_none_or(|words| words.iter().any(has)));
        assert!(detector.bytes().is_none_or(|set| set.find(input).is_some()));
        assert!(detector.min_len() <= input.len());
    }
}

fn compile(name: &str, argument: &[u8]) -> Operator {
    let operator = Operator::compile(
        name,
        argument,
        &mut CompileEnv {
            files: &NoFiles,
            from: "",
            limits: Limits::default(),
            slots: &mut 0,
            warnings: &mut Vec::new(),
        },
    );
    operator.expect("the operators are there")
}
