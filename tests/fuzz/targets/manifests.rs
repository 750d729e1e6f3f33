//! Manifests: the first line is a field's path, the rest the text of a file.
#![no_main]

use portcullis_manifests::control::{FieldPath, source::check};

libfuzzer_sys::fuzz_target!(|input: &str| {
    let (field, text) = input.split_once('\n').unwrap_or(("", input));
    let path = FieldPath::parse(field);
    assert_eq!(FieldPath::parse(&path.to_string()), path);
    check(text, field);
});
