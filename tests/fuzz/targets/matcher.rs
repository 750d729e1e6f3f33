//! The matcher's answers: those of transforming and testing each condition by itself. The input is
//! conditions, a line each, and values, each after a zero byte.
#![no_main]

use portcullis::waf::{
    Buffers, Transformation,
    matcher::{AtomSpec, Bits, Matcher, Scratch, Test},
    operators::{Caches, CompileEnv, Limits, Operator},
    seclang::NoFiles,
};

const OPERATORS: [&str; 5] = [
    "rx",
    "pm",
    "validateByteRange",
    "detectXSS",
    "validateUtf8Encoding",
];

/// Conditions from lines: a byte for each transformation, a colon, a digit for the operator, and its
/// argument.
fn atoms(lines: &[u8]) -> Vec<AtomSpec> {
    let mut slots = 0;
    let mut warnings = Vec::new();
    let all: Vec<_> = Transformation::all().collect();
    let lines = lines.split(|&byte| byte == b'\n').take(8).zip(0..);
    let atom = |(line, bit): (&[u8], u16)| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let (chain, test) = (line.get(..colon)?, line.get(colon + 1..)?);
        let (operator, argument) = test.split_first()?;
        let mut env = CompileEnv {
            files: &NoFiles,
            from: "",
            limits: Limits {
                program: 256 << 10,
                steps: 50_000,
                ..Limits::default()
            },
            slots: &mut slots,
            warnings: &mut warnings,
        };
        let name = OPERATORS[usize::from(*operator) % OPERATORS.len()];
        let operator = Operator::compile(name, argument, &mut env).ok()?;
        let step = |byte: &u8| all[usize::from(*byte) % all.len()];
        let constant = !operator.expands();
        constant.then(|| AtomSpec {
            bit,
            chains: vec![chain.iter().take(6).map(step).collect()],
            negated: chain.len() % 3 == 2,
            test: Test::from(operator),
        })
    };
    lines.filter_map(atom).collect()
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let mut parts = input.split(|&byte| byte == 0);
    let atoms = atoms(parts.next().unwrap_or_default());
    let Ok(matcher) = Matcher::build(atoms.clone()) else {
        return;
    };
    let mut scratch = Scratch::default();
    let (mut buffers, mut caches) = (Buffers::default(), Caches::default());
    for value in parts.take(8) {
        let mut out = Bits::EMPTY;
        matcher.run(value, &Bits::ALL, &mut scratch, &mut out);
        for atom in &atoms {
            let text = buffers.apply_chain(&atom.chains[0], value);
            let outcome = (atom.test.holds)(text, &mut caches);
            let expected = outcome.exhausted || outcome.matched != atom.negated;
            assert_eq!(out.contains(atom.bit), expected, "{atom:?}");
        }
    }
});
