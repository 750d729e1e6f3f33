//! Patterns of rules: the first line is a pattern, the rest a value. Any pattern is one or an error,
//! both engines find the same, and no value takes either of them long.
#![no_main]

use portcullis::waf::{
    operators::{Caches, Captures, CompileEnv, Limits, Operator, Outcome, Rx},
    seclang::NoFiles,
};

/// What repeats becomes so long: with steps for the square of it, a search would not end within the
/// time allowed.
const REPEATED: usize = 64 << 10;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut halves = input.splitn(2, |&byte| byte == b'\n');
    let pattern = halves.next().unwrap_or_default();
    let value = halves.next().unwrap_or_default();
    let Some(rx) = compile(pattern) else { return };
    let found = search(&rx, value);
    if !value.is_empty() {
        search(&rx, &value.repeat(REPEATED / value.len()));
    }
    if !rx.is_exact() {
        return;
    }
    // An empty look-ahead changes nothing but the engine, which may need more room for the same.
    if let Some(backtracking) = compile(&[b"(?=)", pattern].concat()) {
        assert!(!backtracking.is_exact());
        let other = search(&backtracking, value);
        assert!(other.exhausted || other == found);
    }
});

fn compile(pattern: &[u8]) -> Option<Rx> {
    let mut env = CompileEnv {
        files: &NoFiles,
        from: "",
        limits: Limits {
            program: 256 << 10,
            steps: 50_000,
            ..Limits::default()
        },
        slots: &mut 0,
        warnings: &mut Vec::new(),
    };
    match Operator::compile("rx", pattern, &mut env) {
        Ok(Operator::Rx(rx)) if !rx.expands() => Some(rx),
        _ => None,
    }
}

fn search(rx: &Rx, value: &[u8]) -> Outcome {
    let (mut caches, mut captures) = (Caches::default(), Captures::default());
    let operator = Operator::Rx(rx.clone());
    let outcome = operator.evaluate(value, b"", &mut caches, Some(&mut captures));
    assert_eq!(outcome, rx.is_match(value, &mut caches));
    assert_eq!(captures.is_empty(), !outcome.matched || outcome.exhausted);
    for group in 0..10 {
        assert_eq!(
            captures.range(group).is_some(),
            captures.group(group, value).is_some()
        );
    }
    outcome
}
