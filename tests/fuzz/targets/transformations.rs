//! Transformations: every one keeps what is said of it beforehand, in a row too, and reads no byte
//! over and over.
#![no_main]

use portcullis::waf::{Buffers, ByteSet, Transformation};

/// What repeats becomes so long: read again for each repetition, it would not end within the limit.
const REPEATED: usize = 128 << 10;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    match input {
        [0, piece @ ..] if !piece.is_empty() => all(&piece.repeat(REPEATED / piece.len())),
        _ => all(input),
    }
    let (names, value) = input.split_at(input.len().min(6));
    let names = names.iter().map(|&byte| usize::from(byte));
    let chain: Vec<_> = names
        .filter_map(|place| Transformation::all().nth(place))
        .collect();
    let mut expected = value.to_vec();
    for transformation in &chain {
        expected = once(*transformation, &expected);
    }
    assert_eq!(Buffers::default().apply_chain(&chain, value), expected);
});

fn all(input: &[u8]) {
    for transformation in Transformation::all() {
        once(transformation, input);
    }
}

fn once(transformation: Transformation, input: &[u8]) -> Vec<u8> {
    let mut output = b"left from before".to_vec();
    if !transformation.apply(input, &mut output) {
        return input.to_vec();
    }
    assert_ne!(input, output, "{transformation:?}");
    assert!(output.len() <= transformation.max_len(input.len()));
    let before = ByteSet::occurring_in(input);
    let triggers = transformation.triggers();
    assert!(triggers.is_none_or(|set| set.intersects(before)));
    let after = ByteSet::occurring_in(&output);
    assert!(after.is_subset(transformation.bytes_after(before)));
    if transformation.is_case_only() {
        assert!(input.eq_ignore_ascii_case(&output));
    }
    output
}
