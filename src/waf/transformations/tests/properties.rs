//! What holds for every input.

use proptest::prelude::*;

use super::super::{Buffers, ByteSet, Transformation};

/// Pieces of which most values that make a transformation do something can be put together.
const PIECES: &[&[u8]] = &[
    b"%",
    b"%u",
    b"%u00e9",
    b"%uFF1C",
    b"%2f",
    b"+",
    b"\\",
    b"\\u",
    b"\\x",
    b"\\12",
    b"\\777",
    b"ff01",
    b"0",
    b"0x",
    b"4a",
    b"&",
    b"&#",
    b"&#x",
    b"&lt",
    b"nbsp",
    b";",
    b"/*",
    b"*/",
    b"<!--",
    b"-->",
    b"--",
    b"#",
    b"/",
    b".",
    b"..",
    b"a",
    b"Z",
    b" ",
    b"\t",
    b"\xa0",
    b"'",
    b"^",
    b",",
    b"(",
    b"=",
    b"\xc3\xa9",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf7\xbf\xbf\xbf",
    b"\xf5",
    b"\xe2",
    b"\0",
    b"\n",
];

fn any_value() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(PIECES).prop_map(<[u8]>::to_vec),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn any_transformation() -> impl Strategy<Value = Transformation> {
    prop::sample::select(Transformation::all().collect::<Vec<_>>())
}

/// What becomes of a value, by way of a buffer that held something else.
fn result(transformation: Transformation, input: &[u8]) -> (bool, Vec<u8>) {
    let mut output = b"left from before".to_vec();
    if transformation.apply(input, &mut output) {
        (true, output)
    } else {
        (false, input.to_vec())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn an_output_is_what_was_said_of_it(
        transformation in any_transformation(),
        input in any_value(),
    ) {
        let (changed, output) = result(transformation, &input);
        prop_assert_eq!(changed, output != input);
        prop_assert!(output.len() <= transformation.max_len(input.len()));
        let bytes = ByteSet::occurring_in(&output);
        prop_assert!(bytes.is_subset(transformation.bytes_after(ByteSet::occurring_in(&input))));
        if transformation.is_case_only() {
            prop_assert!(output.eq_ignore_ascii_case(&input));
        }
    }

    #[test]
    fn what_ignores_case_may_come_before_lowercase_or_after(
        transformation in any_transformation(),
        input in any_value(),
    ) {
        if transformation.ignores_case() {
            let lowered = result(transformation, &input).1.to_ascii_lowercase();
            let of_lowered = result(transformation, &input.to_ascii_lowercase()).1;
            prop_assert_eq!(lowered, of_lowered);
        }
    }

    #[test]
    fn a_value_without_triggers_stays(
        transformation in any_transformation(),
        mut input in any_value(),
    ) {
        if let Some(triggers) = transformation.triggers() {
            input.retain(|byte| !triggers.contains(*byte));
            prop_assert_eq!(result(transformation, &input), (false, input));
        }
    }

    #[test]
    fn a_chain_is_its_transformations_one_after_the_other(
        chain in prop::collection::vec(any_transformation(), 0..6),
        input in any_value(),
    ) {
        let mut expected = input.clone();
        for &transformation in &chain {
            expected = result(transformation, &expected).1;
        }
        let mut buffers = Buffers::default();
        buffers.apply_chain(&[Transformation::Sha1], b"something else");
        prop_assert_eq!(buffers.apply_chain(&chain, &input), expected);
    }
}

#[test]
fn every_byte_of_a_set_of_triggers_does_something() {
    let around: [(&[u8], &[u8]); 9] = [
        (b"", b""),
        (b" ", b""),
        (b"0", b"41"),
        (b"", b"41"),
        (b"", b"lt"),
        (b"/", b"/"),
        (b"-", b"-"),
        (b"/", b""),
        (b"", b"\x80\x80\x80"),
    ];
    for transformation in Transformation::all() {
        let triggers = transformation.triggers().unwrap_or_default();
        for byte in triggers.iter() {
            let values = around.map(|(before, after)| [before, &[byte], after].concat());
            assert!(
                values.iter().any(|value| result(transformation, value).0),
                "{transformation:?}: {byte:#x}"
            );
        }
    }
}

#[test]
fn what_repeats_without_end_is_read_once() {
    // Were any of these read again for each piece, this would take minutes.
    let values = PIECES
        .iter()
        .map(|piece| piece.repeat((32 << 10) / piece.len()));
    let mixed = PIECES.concat().repeat(256);
    for value in values.chain([mixed]) {
        for transformation in Transformation::all() {
            let (_, output) = result(transformation, &value);
            assert!(output.len() <= transformation.max_len(value.len()));
        }
    }
}
