//! What the tables are checked with.

use super::super::Transformation;

/// Checks what becomes of values: rows of a value and its result.
#[track_caller]
pub(super) fn check(transformation: Transformation, rows: &[(&[u8], &[u8])]) {
    let mut output = Vec::new();
    for &(input, expected) in rows {
        let changed = transformation.apply(input, &mut output);
        let actual = if changed { output.as_slice() } else { input };
        assert_eq!(
            actual.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "{} of {}",
            transformation.name(),
            input.escape_ascii()
        );
    }
}
